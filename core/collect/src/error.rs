//! What can go wrong when posts are collected.

use tootmill_metric::{Day, Instant, Status};

/// Why posts were not collected, or not all of them.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The instance did not give them.
    #[error(transparent)]
    Mastodon(#[from] tootmill_mastodon::Error),
    /// The lake did not take them.
    #[error(transparent)]
    Lake(#[from] tootmill_lake::Error),
    /// Nothing says where to begin.
    #[error("nothing was collected from the {feed} timeline yet: say where to begin, with --since or --last")]
    NoBeginning {
        /// Which timeline.
        feed: String,
    },
    /// The rules of the instance were not accepted, or are others now.
    #[error("the rules of {instance} {}: read them above, and accept them with --accept-rules", state(*.changed))]
    Rules {
        /// The instance.
        instance: String,
        /// Whether others were accepted before.
        changed: bool,
    },
    /// A day has no posts.
    #[error("there are no posts of {day} in `{lake}` to look at again: collect them, then `tootmill compact`")]
    NoPosts {
        /// The day.
        day: Day,
        /// The lake.
        lake: String,
    },
    /// A day's posts have not had their time yet.
    #[error("the posts of {day} are looked at again from {from} on: wait until then, or give a shorter --delay")]
    NotYet {
        /// The day.
        day: Day,
        /// From when on.
        from: Instant,
    },
    /// An instance gave several posts at once, and then did not.
    #[error("the instance does not give several posts at once any more: what was observed is kept, try again later")]
    NoLongerSeveral,
    /// The instance did not give posts that are there.
    #[error(
        "the instance does not give posts that are on its timeline, so that nothing is known of {doubtful} posts of {day}: what was \
         observed is kept, try again later"
    )]
    InTrouble {
        /// The day.
        day: Day,
        /// Of how many posts nothing is known.
        doubtful: u64,
    },
}

impl Error {
    /// Whether the instance does not take the token any more.
    pub fn is_of_the_token(&self) -> bool {
        matches!(self, Self::Mastodon(tootmill_mastodon::Error::Refused { code: 401, .. }))
    }

    /// Whether trying again may help.
    pub fn status(&self) -> Status {
        match self {
            Self::Mastodon(error) => error.status(),
            Self::Lake(error) => error.status(),
            Self::NotYet { .. } | Self::NoLongerSeveral | Self::InTrouble { .. } => Status::Temporary,
            Self::NoBeginning { .. } | Self::Rules { .. } | Self::NoPosts { .. } => Status::Permanent,
        }
    }
}

fn state(changed: bool) -> &'static str {
    if changed { "have changed since they were accepted" } else { "were not accepted yet" }
}
