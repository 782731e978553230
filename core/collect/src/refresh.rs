//! Refreshing: a day's posts are looked at again, once people have had the time to favour them, or to delete them.
//!
//! [`due`] says of which days that is wanted, [`refresh`] does it, and the [`Coverage`] that stands in the lake says what
//! came of it.

mod coverage;
mod deletions;
mod due;
mod posts;
mod seen;

use tootmill_lake::Place;
use tootmill_mastodon::{Looked, Observation, Statuses, Timeline};
use tootmill_metric::{Day, Id};
use tootmill_policy::Policy;

pub use coverage::{Coverage, How};
pub use due::{DELAY, Due, due};

use crate::{
    catch_up::{Progress, Watch},
    error::Error,
    lineage::{Kind, Lineage},
    raw::{Limits, RawWriter, now},
};

/// How a day is refreshed.
#[derive(Clone, Copy, Debug)]
pub struct Refresh {
    /// The most posts of a day that are asked for one by one: where the instance does not give several at once, and of those
    /// that it leaves out.
    pub sample: usize,
    /// When files are committed.
    pub limits: Limits,
}

/// So many posts take 25 minutes where an instance allows 300 requests in five.
pub const SAMPLE: usize = 1500;

impl Default for Refresh {
    fn default() -> Self {
        Self { sample: SAMPLE, limits: Limits::default() }
    }
}

/// Looks at the posts of a day again, all of them where the instance gives several at once, else a sample.
///
/// What is observed is committed as it goes. A refresh that does not come to its end leaves no deletion and no coverage: it is
/// simply done again.
pub fn refresh(
    timeline: &Timeline<'_>,
    lineage: &Lineage,
    day: Day,
    how: &Refresh,
    watch: &dyn Watch,
) -> Result<Coverage, Error> {
    let began = now();
    let lake = lineage.lake();
    let none = || Error::NoPosts { day, lake: lake.address() };
    let ids = posts::ids(lake, &lake.versions(Place::Posts(day)).current()?.ok_or_else(none)?)?;
    let mut looking = Looking {
        statuses: timeline.statuses(),
        policy: lineage.policy(),
        writer: RawWriter::new(lineage, Kind::Refresh, how.limits),
        watch,
        answers: 0,
        asked: 0,
        observed: 0,
        not_given: Vec::new(),
        withdrawn: Vec::new(),
    };
    let found = looking.at_all(timeline, &ids, how.sample).and_then(|how_asked| {
        let deleted = deletions::find(&mut looking, timeline, lineage, day, how.sample)?;
        Ok((how_asked, deleted))
    });
    if let Ok((_, (deleted, _))) = &found {
        deleted.iter().chain(&looking.withdrawn).try_for_each(|id| looking.writer.write_deletion(id.as_str()))?;
    }
    // What was observed is kept, whatever happened afterwards.
    looking.writer.commit()?;
    let (how_asked, (deleted, doubtful)) = found?;
    if doubtful > 0 {
        return Err(Error::InTrouble { day, doubtful });
    }
    let (asked, observed, deleted) = (looking.asked, looking.observed, deleted.len() as u64);
    let withdrawn = looking.withdrawn.len() as u64;
    let coverage = Coverage {
        at: began.to_string(),
        how: how_asked,
        of: ids.len() as u64,
        asked,
        observed,
        deleted,
        withdrawn,
        unexplained: asked.saturating_sub(observed + deleted + withdrawn),
        observer: lineage.observer().to_string(),
    };
    coverage.commit(lineage, day)?;
    Ok(coverage)
}

/// A look at posts on its way.
struct Looking<'a> {
    statuses: Statuses<'a>,
    policy: &'a Policy,
    writer: RawWriter<'a>,
    watch: &'a dyn Watch,
    /// How many answers came.
    answers: u64,
    /// For how many posts the instance was asked.
    asked: u64,
    /// How many of them it gave.
    observed: u64,
    /// Those that the instance did not give.
    not_given: Vec<Id>,
    /// Those that it gave, and that the policy leaves out now: they do not count any more.
    withdrawn: Vec<Id>,
}

impl Looking<'_> {
    /// Looks at all of the posts, or at a sample.
    fn at_all(&mut self, timeline: &Timeline<'_>, ids: &[Id], sample: usize) -> Result<How, Error> {
        if self.at_twenties(timeline, ids)? {
            return Ok(How::Batches);
        }
        self.watch.note("the instance does not give several posts at once: a sample is looked at, one by one");
        for id in posts::sample(ids, sample) {
            self.asked += 1;
            match self.statuses.one(id)? {
                Looked::There(post) => self.write(&post)?,
                Looked::NotThere => self.not_given.push(id.clone()),
                Looked::Unclear => {}
            }
            self.tell();
        }
        Ok(How::Sample)
    }

    /// Looks at all, several at once; gives whether the instance does that, which its first answer tells. One without any of the
    /// posts may mean that it does not heed what is asked for, or that just these were deleted: the newest of the timeline tell.
    fn at_twenties(&mut self, timeline: &Timeline<'_>, ids: &[Id]) -> Result<bool, Error> {
        for several in ids.chunks(Statuses::SEVERAL) {
            let posts = self.statuses.several(several)?;
            if self.asked == 0 && posts.as_ref().is_none_or(Vec::is_empty) {
                let newest = timeline.newest(Statuses::SEVERAL)?.posts;
                let newest: Vec<Id> = newest.into_iter().filter_map(|post| post.id).collect();
                if posts.is_none()
                    || newest.is_empty()
                    || self.statuses.several(&newest)?.is_none_or(|posts| posts.is_empty())
                {
                    return Ok(false);
                }
            }
            let posts = posts.ok_or(Error::NoLongerSeveral)?;
            self.asked += several.len() as u64;
            for id in several {
                match posts.iter().find(|post| post.id.as_ref() == Some(id)) {
                    Some(post) => self.write(post)?,
                    None => self.not_given.push(id.clone()),
                }
            }
            self.tell();
        }
        Ok(true)
    }

    fn write(&mut self, post: &Observation) -> Result<(), Error> {
        let kept = self.policy.keep(&post.json);
        if kept.withdraws() {
            // Not counted as left out: it is noted as deleted.
            self.withdrawn.extend(post.id.clone());
            return Ok(());
        }
        self.observed += u64::from(kept.line().is_some());
        self.writer.write_kept(&kept).map(drop)
    }

    fn tell(&mut self) {
        self.answers += 1;
        self.watch.progress(Progress { posts: self.observed, pages: self.answers, behind: None });
    }
}
