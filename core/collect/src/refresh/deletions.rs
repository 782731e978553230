//! Which posts were deleted, of those that the instance does not give.
//!
//! A deletion cannot be taken back, and an instance says 404 for many reasons: it hides a post from whoever asks now, or fails.
//! So a post counts as deleted only if the same observer has seen it before, the instance says 404 or 410 for its id alone,
//! and gives, just before and just after, posts of its public timeline in the same way.

use serde::Deserialize;
use tootmill_mastodon::{Looked, Observation, PAGE, Statuses, Timeline};
use tootmill_metric::{Day, Id};

use super::{Looking, seen::seen_by_the_same};
use crate::{error::Error, lineage::Lineage};

/// How many posts are asked for between one look at known good posts and the next.
const AT_A_TIME: usize = 20;
/// How many known good posts of a kind are asked for.
const KNOWN_GOOD: usize = 2;

/// The deleted ones of the posts that were left out, of which so many are asked for at most, and of how many nothing is known,
/// because the instance did not give known good ones either. Those that are there after all are written.
pub(super) fn find(
    looking: &mut Looking<'_>,
    timeline: &Timeline<'_>,
    lineage: &Lineage,
    day: Day,
    most: usize,
) -> Result<(Vec<Id>, u64), Error> {
    let not_given = std::mem::take(&mut looking.not_given);
    if not_given.is_empty() {
        return Ok((Vec::new(), 0));
    }
    let without_token = looking.statuses.client().without_a_token()?;
    let for_anybody = without_token.as_ref().map(Statuses::of);
    let seen = seen_by_the_same(lineage, day, &not_given)?;
    let candidates: Vec<(&Id, bool)> = seen.iter().take(most).map(|(id, post)| (id, is_remote(post))).collect();
    let (mut deleted, mut doubtful) = (Vec::new(), 0);
    for some in candidates.chunks(AT_A_TIME) {
        let Some(known_good) = KnownGood::now(timeline)? else {
            doubtful += some.len() as u64;
            continue;
        };
        let mut not_there = Vec::new();
        for (id, is_remote) in some {
            match looking.statuses.one(id)? {
                Looked::There(post) => looking.write(&post)?,
                Looked::NotThere if known_good.speaks_for(*is_remote) && !is_hidden(for_anybody, id)? => {
                    not_there.push((*id).clone());
                }
                Looked::NotThere | Looked::Unclear => {}
            }
            looking.tell();
        }
        if known_good.are_there(looking.statuses)? {
            deleted.extend(not_there);
        } else {
            doubtful += some.len() as u64;
        }
    }
    Ok((deleted, doubtful))
}

/// Whether a post is there for whoever has no token: its author may have blocked the token's account since
/// (`app/policies/status_policy.rb`).
fn is_hidden(for_anybody: Option<Statuses<'_>>, id: &Id) -> Result<bool, Error> {
    let Some(for_anybody) = for_anybody else { return Ok(false) };
    match for_anybody.one(id) {
        Ok(looked) => Ok(matches!(looked, Looked::There(_))),
        // Some instances give nothing without a token.
        Err(tootmill_mastodon::Error::Refused { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Posts that are on the public timeline at this moment, which the instance gives one by one as well.
struct KnownGood {
    /// Of each post whether it is another instance's.
    posts: Vec<(Id, bool)>,
}

impl KnownGood {
    /// Takes some of each kind; `None` where there are none, or the instance does not give them.
    fn now(timeline: &Timeline<'_>) -> Result<Option<Self>, Error> {
        let mut posts: Vec<(Id, bool)> = Vec::new();
        for post in timeline.newest(PAGE)?.posts {
            let is_remote = is_remote(&post);
            if let Some(id) = post.id
                && posts.iter().filter(|(_, remote)| *remote == is_remote).count() < KNOWN_GOOD
            {
                posts.push((id, is_remote));
            }
        }
        let known_good = Self { posts };
        let are_good = !known_good.posts.is_empty() && known_good.are_there(timeline.statuses())?;
        Ok(are_good.then_some(known_good))
    }

    /// Whether there is one of the kind: an instance may hide what comes from elsewhere, and give its own.
    fn speaks_for(&self, is_remote: bool) -> bool {
        self.posts.iter().any(|(_, remote)| *remote == is_remote)
    }

    /// Whether the instance gives all of them.
    fn are_there(&self, statuses: Statuses<'_>) -> Result<bool, Error> {
        for (id, _) in &self.posts {
            if !matches!(statuses.one(id)?, Looked::There(_)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether a post is another instance's: the account's name then has an `@` in it (`entities/Account.md#acct`), or it was noted
/// where the name was not kept.
fn is_remote(post: &Observation) -> bool {
    #[derive(Deserialize)]
    struct Status {
        #[serde(default)]
        remote: bool,
        account: Option<Account>,
    }
    #[derive(Deserialize)]
    struct Account {
        acct: Option<String>,
    }
    let has_host = |account: Account| account.acct.is_some_and(|name| name.contains('@'));
    serde_json::from_str(&post.json).is_ok_and(|status: Status| status.remote || status.account.is_some_and(has_host))
}
