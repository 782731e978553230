//! What was counted along the way.

use std::{io, ops::AddAssign};

use serde::{Deserialize, Serialize};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What was counted along the way from lines to posts to rows.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
        #[serde(default)]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Counters {
            /// The counter of a name.
            pub fn get_mut(&mut self, name: &str) -> Option<&mut u64> {
                match name {
                    $(stringify!($name) => Some(&mut self.$name),)*
                    _ => None,
                }
            }

            /// The counters with their names.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
                [$((stringify!($name), self.$name)),*].into_iter()
            }
        }

        impl AddAssign<&Self> for Counters {
            fn add_assign(&mut self, other: &Self) {
                // Notes of a policy may say any number.
                $(self.$name = self.$name.saturating_add(other.$name);)*
            }
        }
    };
}

counters! {
    /// Lines that were read, but for empty ones and notes of a policy; in a file that is not lines, objects.
    lines,
    /// Posts that count.
    posts,
    /// Posts that count, by accounts that say that they are bots.
    bots,
    /// Lines that are no JSON object, or have no usable id or date.
    bad,
    /// Boosts, which are not posts of their own.
    boosts,
    /// Statuses that are not public.
    not_public,
    /// Observations that do not count because a later one of the same post does, or because the post was deleted.
    duplicates,
    /// Posts that do not count because they were deleted.
    deleted,
    /// Observations of days that are closed, because their posts have expired.
    late,
    /// Posts that count and were observed a day or more after they were written, at least once.
    ripe,
    /// Row keys that were empty or too long, and so left out.
    unusable_keys,
    /// Gaps in the input of which whoever observed the posts knows: a gap is any number of posts.
    known_gaps,
    /// Observations that a policy left out, because the account does not want to be in it or was blocked.
    left_out,
    /// Observations of which a policy kept no names and no text, because the account did not say that it may be found.
    reduced,
}

impl Counters {
    /// Writes the counters as Hadoop Streaming reads them from standard error.
    pub fn report(&self, errors: &mut impl io::Write) -> io::Result<()> {
        self.named().try_for_each(|(name, count)| writeln!(errors, "reporter:counter:tootmill,{name},{count}"))
    }
}

impl Counters {
    /// Counts a post that counts.
    pub(crate) fn count_post(&mut self, post: &tootmill_metric::Post<'_>, is_ripe: bool) {
        self.posts += 1;
        self.ripe += u64::from(is_ripe);
        self.bots += u64::from(post.account.as_ref().is_some_and(|account| account.bot));
    }
}
