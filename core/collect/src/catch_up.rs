//! Catching up: the timeline, page by page, from the newest committed post forward to a fence taken at the start.

use std::time::{Duration, Instant as Moment};

use serde::Serialize;
use tootmill_mastodon::{Observation, PAGE, Page, Timeline};
use tootmill_metric::{Id, Instant};
use tootmill_policy::Policy;

use crate::{
    cursor::{Cursor, Reached},
    error::Error,
    lineage::{Kind, Lineage},
    raw::{Committed, Limits, RawWriter, now},
};

/// Where a lineage begins.
#[derive(Clone, Copy, Debug)]
pub enum Beginning {
    /// With the posts since a time.
    Since(Instant),
    /// With so many of the newest posts.
    Last(u64),
}

/// How to catch up.
#[derive(Clone, Copy, Debug)]
pub struct CatchUp {
    /// Where to begin, if nothing was collected yet.
    pub beginning: Option<Beginning>,
    /// Begin there even if something was collected, and leave the posts between as a gap, which is recorded.
    pub leave_gap: bool,
    /// How much is read again, by the times at which posts were written: posts from elsewhere come late.
    pub overlap: Duration,
    /// How many posts of those are read again at most.
    pub overlap_posts: usize,
    /// When files are committed.
    pub limits: Limits,
}

/// How much is read again if nobody says otherwise.
pub const OVERLAP: Duration = Duration::from_mins(15);

impl Default for CatchUp {
    fn default() -> Self {
        Self {
            beginning: None,
            leave_gap: false,
            overlap: OVERLAP,
            overlap_posts: usize::MAX,
            limits: Limits::default(),
        }
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Posts that were written.
    pub posts: u64,
    /// Pages that were read.
    pub pages: u64,
    /// How long ago the newest of them was written.
    pub behind: Option<Duration>,
}

/// Is told how it goes on.
pub trait Watch {
    /// After each page.
    fn progress(&self, progress: Progress);

    /// Something that whoever runs this should know.
    fn note(&self, text: &str);
}

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CaughtUp {
    /// Posts that were written.
    pub posts: u64,
    /// Posts of the overlap that were committed before, just so.
    pub known: u64,
    /// Posts that the policy left out, but for those of which an earlier run told.
    pub left_out: u64,
    /// Posts that were committed before, and that the policy leaves out now, because their accounts want no part in it any more:
    /// they are noted as deleted.
    pub withdrawn: u64,
    /// Objects without a usable id, which were written too.
    pub without_id: u64,
    /// Pages that were read forward.
    pub pages: u64,
    /// Pages that were read back to find the beginning, the first time.
    pub pages_back: u64,
    /// What was committed.
    pub committed: Committed,
    /// How long ago the newest committed post was written when it began, in seconds.
    pub behind_before: Option<i64>,
    /// How long ago the latest post was written when all up to the fence was committed, in seconds.
    pub behind: Option<i64>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl CaughtUp {
    /// Whether the timeline grows faster than it can be read: the lag grew although it was read without a pause.
    pub fn falls_behind(&self) -> bool {
        const WORTH_TELLING: i64 = 60;
        let grew = self.behind.zip(self.behind_before).map(|(after, before)| after - before);
        grew.is_some_and(|grew| grew > WORTH_TELLING)
    }
}

/// Reads and commits all that is between the newest committed post, less the overlap, and the newest of the timeline now.
///
/// What is committed is in the order of ids and without a gap at any moment, so that it can end at any moment.
pub fn catch_up(
    timeline: &Timeline<'_>,
    lineage: &Lineage,
    how: &CatchUp,
    watch: &dyn Watch,
) -> Result<CaughtUp, Error> {
    let began = Moment::now();
    let reached = Cursor::read(lineage, how.overlap, how.overlap_posts)?;
    let is_new = reached.cursor.is_none() && reached.told.is_none();
    let written = reached.cursor.as_ref().and_then(|cursor| cursor.written);
    let page = timeline.newest(1)?;
    let Some(fence) = page.posts.first() else {
        // Where there were posts, there is something wrong for the moment.
        let error =
            if is_new { timeline.empty() } else { Timeline::incomplete(&page, "it shows no posts, and did before") };
        return Err(error.into());
    };
    let Some(fence) = fence.id.clone() else {
        return Err(Timeline::broken(&page, "its newest post has no id").into());
    };
    let mut reading = Reading {
        timeline,
        watch,
        policy: lineage.policy(),
        writer: RawWriter::new(lineage, Kind::Pages, how.limits),
        not_before: None,
        latest: written,
        known_fence: None,
        reached: Reached::default(),
        told: CaughtUp { behind_before: age(written), ..CaughtUp::default() },
    };
    let goes_on = how.beginning.is_none() || !how.leave_gap;
    let overlap = i64::try_from(how.overlap.as_micros()).unwrap_or(i64::MAX);
    let before = |told: Instant| Beginning::Since(Instant::from_micros(told.micros().saturating_sub(overlap)));
    if how.beginning.is_some() && goes_on && !is_new {
        watch.note("going on after what was collected: --since and --last are for the first time");
    }
    let start = reached.cursor.as_ref().filter(|_| goes_on).map(|cursor| cursor.start.clone());
    if let Some(start) = start {
        reading.reached = reached;
        reading.forward(start, &fence)?;
    } else {
        // Where all that was read was left out, only the time says how far that was.
        let beginning = reached.told.filter(|_| goes_on).map(before).or(how.beginning);
        let beginning = beginning.ok_or_else(|| Error::NoBeginning { feed: lineage.feed().to_string() })?;
        reading.begin(beginning, reached, &fence)?;
    }
    if let Some(fence) = reading.known_fence.take().filter(|_| reading.told.posts > 0) {
        // So that a file of late posts says as well how far the lineage has come.
        reading.writer.write_line(&fence)?;
    }
    reading.writer.commit()?;
    let mut told = reading.told;
    told.committed = reading.writer.committed();
    told.behind = age(reading.latest);
    told.seconds = began.elapsed().as_secs_f64();
    Ok(told)
}

/// How long ago something was, in seconds.
fn age(written: Option<Instant>) -> Option<i64> {
    written.map(|written| (now().micros() - written.micros()) / 1_000_000)
}

/// How often a page without posts is read again where there are some.
const TRIES: u32 = 5;

/// The oldest post of a page.
fn oldest(page: &Page) -> Option<&Id> {
    page.posts.iter().filter_map(|post| post.id.as_ref()).min()
}

/// A reading of the timeline on its way.
struct Reading<'a> {
    timeline: &'a Timeline<'a>,
    watch: &'a dyn Watch,
    policy: &'a Policy,
    writer: RawWriter<'a>,
    /// Posts written earlier are not wanted: those before the beginning.
    not_before: Option<Instant>,
    /// When the latest post was written.
    latest: Option<Instant>,
    /// The newest post, if it was committed before.
    known_fence: Option<String>,
    /// What was committed before, where it goes on from there.
    reached: Reached,
    told: CaughtUp,
}

impl Reading<'_> {
    /// What was committed before, where there is anything.
    fn cursor(&self) -> Option<&Cursor> {
        self.reached.cursor.as_ref()
    }

    /// Finds the beginning by going back from the newest post, and reads from there.
    fn begin(&mut self, beginning: Beginning, before: Reached, fence: &Id) -> Result<(), Error> {
        if let Beginning::Since(time) = beginning {
            self.not_before = Some(time);
        }
        let (first, start) = self.find_beginning(beginning, fence)?;
        if let Some(cursor) = before.cursor {
            let oldest = first.iter().filter_map(|post| post.id.as_ref()).min().or(start.as_ref());
            if oldest.is_some_and(|oldest| *oldest > cursor.newest) {
                self.writer.write_gap(Some(&cursor.newest), oldest, "left by --leave-gap")?;
            }
        }
        self.reached.told = before.told;
        let written = self.write_page(first, None)?;
        match written.or(start) {
            Some(start) if start < *fence => self.forward(start, fence),
            _ => Ok(()),
        }
    }

    /// The oldest posts that are wanted, where they are the oldest of the timeline, or the post above which all are wanted.
    fn find_beginning(&mut self, beginning: Beginning, fence: &Id) -> Result<(Vec<Observation>, Option<Id>), Error> {
        let mut page = self.timeline.newest(PAGE)?;
        let mut seen = 0;
        loop {
            let mut ids: Vec<(Id, Option<Instant>)> =
                page.posts.iter().filter_map(|post| Some((post.id.clone()?, post.created_at))).collect();
            ids.sort_by(|(one, _), (other, _)| other.cmp(one));
            let Some((oldest, _)) = ids.last().cloned() else { return Ok((page.posts, None)) };
            match beginning {
                Beginning::Last(last) => {
                    // What came after the fence does not count.
                    for (id, _) in ids.iter().filter(|(id, _)| id <= fence) {
                        if seen == last {
                            return Ok((Vec::new(), Some(id.clone())));
                        }
                        seen += 1;
                    }
                }
                // One that came late does not end it: a whole page has to be older.
                Beginning::Since(time) => {
                    if ids.iter().all(|(_, written)| written.is_some_and(|written| written < time)) {
                        return Ok((Vec::new(), ids.first().map(|(id, _)| id.clone())));
                    }
                }
            }
            let older = match &page.older {
                Some(older) => self.timeline.named(older)?,
                None => self.timeline.below(&oldest)?,
            };
            match older.posts.iter().filter_map(|post| post.id.as_ref()).min() {
                None => return Ok((page.posts, None)),
                Some(next) if *next >= oldest => {
                    return Err(Timeline::broken(&older, "the page below a post has no older ones").into());
                }
                Some(_) => page = older,
            }
            self.told.pages_back += 1;
            self.watch.progress(Progress { posts: 0, pages: self.told.pages_back, behind: None });
        }
    }

    /// Reads from a post up to the fence.
    fn forward(&mut self, start: Id, fence: &Id) -> Result<(), Error> {
        let mut page = self.timeline.above(&start, PAGE)?;
        let mut last = start;
        let mut is_checked = false;
        loop {
            let newest = page.posts.iter().filter_map(|post| post.id.as_ref()).max().cloned();
            let Some(newest) = newest else {
                // Objects without ids are kept, but nothing can be read above them.
                self.write_page(std::mem::take(&mut page.posts), Some(fence))?;
                is_checked = false;
                match self.after_nothing(&last, fence, &page)? {
                    Some(next) => page = next,
                    None => return Ok(()),
                }
                continue;
            };
            if newest <= last {
                return Err(Timeline::broken(&page, "the page above a post has no newer ones").into());
            }
            let is_at_fence = newest >= *fence;
            if is_at_fence && !is_checked {
                page = self.checked(&last, page)?;
                is_checked = true;
                continue;
            }
            is_checked = false;
            let newer = page.newer.take();
            page.posts.retain(|post| post.id.as_ref().is_none_or(|id| *id > last));
            self.write_page(page.posts, Some(fence))?;
            if is_at_fence {
                return Ok(());
            }
            page = match newer {
                Some(newer) => self.timeline.named(&newer)?,
                None => self.timeline.above(&newest, PAGE)?,
            };
            last = newest;
        }
    }

    /// A page without posts is the end only if there are no newer ones: the fence may have been deleted, but a copy of the
    /// database may be behind, or the server be in trouble. Gives the page with newer ones, if it comes after all.
    fn after_nothing(&self, last: &Id, fence: &Id, page: &Page) -> Result<Option<Page>, Error> {
        if last >= fence {
            return Ok(None);
        }
        let client = self.timeline.client();
        let mut pause = client.settings().pause;
        for _ in 0..TRIES {
            let newest = self.timeline.newest(1)?;
            if newest.posts.iter().filter_map(|post| post.id.as_ref()).all(|id| id <= last) {
                return Ok(None);
            }
            let above = self.timeline.above(last, PAGE)?;
            if above.posts.iter().any(|post| post.id.is_some()) {
                return Ok(Some(above));
            }
            client.sleep("posts that are there and not on the page", pause)?;
            pause *= 2;
        }
        Err(Timeline::incomplete(page, "it has no posts, although there are newer ones").into())
    }

    /// The page above a post that leads to the fence, once it is known to begin right above the post. A server may not know
    /// `min_id`, or take it as `since_id`, or answer once with another page: what is between would be missed. So the one post
    /// right above is asked for as well; posts that come and go between the two requests make it worth another look.
    fn checked(&self, last: &Id, mut page: Page) -> Result<Page, Error> {
        let client = self.timeline.client();
        let mut pause = client.settings().pause;
        let mut heeds_min_id = false;
        for _ in 0..TRIES {
            let first = self.timeline.above(last, 1)?;
            if oldest(&first) == oldest(&page) {
                return Ok(page);
            }
            heeds_min_id |= oldest(&first) < oldest(&page);
            client.sleep("a page that does not begin where it should", pause)?;
            pause *= 2;
            let again = self.timeline.above(last, PAGE)?;
            // An instance may take posts out of a page after it was cut, so that one of a single post may be empty.
            if oldest(&first).is_none() && oldest(&again) == oldest(&page) {
                return Ok(again);
            }
            page = again;
        }
        Err(if heeds_min_id {
            Timeline::incomplete(&page, "posts are missing at its beginning")
        } else {
            Timeline::broken(&page, "it gives the newest posts and not those right above min_id")
        }
        .into())
    }

    /// Writes a page's posts up to the fence in the order of their ids; gives the newest id.
    fn write_page(&mut self, mut posts: Vec<Observation>, fence: Option<&Id>) -> Result<Option<Id>, Error> {
        posts.sort_by(|one, other| one.id.cmp(&other.id));
        posts.dedup_by(|one, other| one.id.is_some() && one == other);
        let present = now();
        let mut newest = None;
        for post in posts {
            if let Some(id) = &post.id {
                if fence.is_some_and(|fence| id > fence) {
                    continue;
                }
                newest = Some(id.clone());
                // One that came late says nothing of how far it is, nor does one of the future.
                self.latest = self.latest.max(post.created_at.filter(|written| *written <= present));
            }
            if self.not_before.zip(post.created_at).is_some_and(|(begin, written)| written < begin) {
                continue;
            }
            self.write(&post, fence)?;
        }
        self.writer.commit_if_due()?;
        self.told.pages += 1;
        let behind = age(self.latest).and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
        self.watch.progress(Progress { posts: self.told.posts, pages: self.told.pages, behind });
        Ok(newest)
    }

    /// Writes what is kept of a post, unless just that is committed.
    fn write(&mut self, post: &Observation, fence: Option<&Id>) -> Result<(), Error> {
        self.writer.has_read(post.created_at);
        let kept = self.policy.keep(&post.json);
        let Some(line) = kept.line() else {
            let is_committed = |id: &&Id| self.cursor().is_some_and(|cursor| cursor.has(id));
            if let Some(id) = post.id.as_ref().filter(|id| kept.withdraws() && is_committed(id)) {
                self.told.withdrawn += 1;
                return self.writer.write_deletion(id.as_str());
            }
            if !self.reached.was_told_of(post) {
                self.told.left_out += 1;
                self.writer.write_kept(&kept)?;
            }
            return Ok(());
        };
        if self.cursor().is_some_and(|cursor| cursor.knows(post.id.as_ref(), line)) {
            self.told.known += 1;
            if post.id.as_ref() == fence {
                self.known_fence = Some(line.into());
            }
            return Ok(());
        }
        *if post.id.is_some() { &mut self.told.posts } else { &mut self.told.without_id } += 1;
        self.writer.write_kept(&kept).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_that_grows_is_noticed_and_one_that_shrinks_is_none() {
        let falls_behind =
            |behind_before, behind| CaughtUp { behind_before, behind, ..CaughtUp::default() }.falls_behind();
        assert!(falls_behind(Some(300), Some(900)));
        assert!(!falls_behind(Some(300), Some(10)));
        assert!(!falls_behind(Some(300), Some(330)), "half a minute is nothing");
        assert!(!falls_behind(None, Some(900)), "the first time nothing is known");
    }
}
