//! Following: the posts of a timeline as they are streamed; what came while there was no stream is read by pages.

use std::{
    convert::Infallible,
    ops::AddAssign,
    sync::atomic::Ordering,
    time::{Duration, Instant as Moment},
};

use serde::Serialize;
use tootmill_mastodon::{self as mastodon, Client, Event, Instance, Stream, Timeline};
use tootmill_metric::{Id, Instant, Status};

use crate::{
    catch_up::{Beginning, CatchUp, CaughtUp, Progress, Watch, catch_up},
    cursor::Cursor,
    error::Error,
    lineage::{Kind, Lineage},
    raw::{Committed, RawWriter, now},
    recent::Recent,
};

/// How to follow.
#[derive(Clone, Copy, Debug)]
pub struct Follow {
    /// How the gap before a stream is filled, and when files are committed.
    pub catch_up: CatchUp,
    /// A stream from which nothing comes for so long, no heartbeat either, is opened again.
    pub silence: Duration,
    /// How often pages are read to see that nothing is missing: a stream can lose posts and not say so.
    pub check: Duration,
    /// For how long it is followed at most: whoever follows on looks first whether that is still wanted.
    pub longest: Duration,
}

impl Default for Follow {
    fn default() -> Self {
        let (silence, check) = (Duration::from_secs(90), Duration::from_mins(15));
        Self { catch_up: CatchUp::default(), silence, check, longest: Duration::from_hours(24) }
    }
}

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Followed {
    /// Posts that were streamed, each time that they were edited too.
    pub posts: u64,
    /// Posts that the policy left out.
    pub left_out: u64,
    /// Posts that came before, and that the policy left out when they came again, because their accounts want no part in it any
    /// more: they are noted as deleted.
    pub withdrawn: u64,
    /// Deletions.
    pub deletions: u64,
    /// Events that are no matter of a timeline.
    pub others: u64,
    /// Events that are said to be posts and cannot be read.
    pub unreadable: u64,
    /// Connections to the stream.
    pub connections: u64,
    /// Posts that were read by pages, to fill gaps.
    pub by_pages: u64,
    /// Gaps that could not be filled, and were recorded.
    pub gaps: u64,
    /// What was committed of the stream, and what the policy did, to what was read by pages as well.
    pub committed: Committed,
    /// How long ago the newest streamed post was written when it came, in seconds.
    pub behind: Option<i64>,
}

/// What is said where the gap before a stream grows faster than pages may be read.
const FALLS_BEHIND: &str = "the gap before the stream took so long to fill that the stream may have ended meanwhile: if this comes \
    again and again, `--follow --last 40 --leave-gap` gives the gap up, and records it";
/// So many seconds.
const LONG_TO_FILL: f64 = 600.0;
/// How many posts are read again at most where a stream brings them: 50 pages of the 300 that Mastodon allows in 15 minutes.
const READ_AGAIN: usize = 2000;
/// How often pages that are closed are asked for, before what is between is taken for a gap.
const CLOSED: u32 = 5;
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How soon after the last look pages are read because an event was lost.
const SOON: Duration = Duration::from_mins(1);
/// How long the stream is waited for before looking at the clock.
const TICK: Duration = Duration::from_millis(100);
/// How often is told how it goes on.
const TOLD: Duration = Duration::from_secs(1);

/// Follows a timeline until it is stopped (`Settings::stop`), has gone on for long enough, or fails for good.
///
/// A stream is opened first, and then the gap between what is committed and the present is filled by pages, while the stream's
/// events wait; so nothing is missed between the two. What is committed has no gap at any moment but those that it records.
pub fn follow(
    client: &Client,
    instance: &Instance,
    lineage: &Lineage,
    how: &Follow,
    watch: &dyn Watch,
) -> Result<Followed, Error> {
    let stream = Stream::new(client, instance, lineage.feed(), how.silence)?;
    let writer = RawWriter::new(lineage, Kind::Stream, how.catch_up.limits);
    // What the stream lost since the last look must be within the overlap.
    let overlap = how.catch_up.overlap.max(how.check + how.catch_up.limits.time);
    let pages = CatchUp { overlap, overlap_posts: READ_AGAIN.min(how.catch_up.overlap_posts), ..how.catch_up };
    let (told, present) = (Followed::default(), Moment::now());
    let mut following = Following {
        client,
        instance,
        lineage,
        how,
        watch,
        stream,
        writer,
        pages,
        gap: None,
        recent: Recent::default(),
        unreadable: 0,
        begun: present,
        read_at: present,
        told_at: present,
        told,
    };
    let Err(error) = following.go_on();
    match error {
        Error::Mastodon(mastodon::Error::Interrupted) => Ok(following.told()),
        error => Err(error),
    }
}

struct Following<'a> {
    client: &'a Client,
    instance: &'a Instance,
    lineage: &'a Lineage,
    how: &'a Follow,
    watch: &'a dyn Watch,
    stream: Stream<'a>,
    writer: RawWriter<'a>,
    pages: CatchUp,
    /// Between these and the stream's first post there are others that cannot be had.
    gap: Option<Gap>,
    /// What the stream brought and is kept: an edit may withdraw it.
    recent: Recent,
    /// How many events could not be read when pages were read last.
    unreadable: u64,
    begun: Moment,
    /// When pages were read last.
    read_at: Moment,
    told_at: Moment,
    told: Followed,
}

/// A gap whose end is not known yet.
struct Gap {
    after: Option<Id>,
    reason: String,
}

impl Following<'_> {
    fn go_on(&mut self) -> Result<Infallible, Error> {
        loop {
            self.stream.open()?;
            self.told.connections += 1;
            if let Err(error) = self.fill_the_gap() {
                self.keep_deletions()?;
                return Err(error);
            }
            let Err(ended) = self.take();
            // Whatever ended it, what came until then is good.
            self.writer.commit()?;
            match ended {
                Error::Mastodon(error) if error.status() == Status::Temporary => self.watch.note(&error.to_string()),
                error => return Err(error),
            }
        }
    }

    /// Reads what was posted between the newest that is committed and the beginning of the stream.
    fn fill_the_gap(&mut self) -> Result<(), Error> {
        let opened = now();
        let mut pause = self.client.settings().pause;
        for tries in 1.. {
            match self.read_pages() {
                Ok(_) => return Ok(()),
                Err(Error::NoBeginning { .. }) => {
                    // It begins here: if the stream ends before anything is committed, this is where to read from.
                    self.pages.beginning = Some(Beginning::Since(opened));
                    return Ok(());
                }
                // An instance that starts again may refuse or show nothing for a moment.
                Err(Error::Mastodon(closed @ mastodon::Error::Closed { .. })) if tries >= CLOSED => {
                    return self.leave_the_gap(&closed);
                }
                Err(Error::Mastodon(error)) if may_pass(&error) => {
                    self.watch.note(&error.to_string());
                    self.client.sleep("another try to read what was not streamed", pause)?;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn read_pages(&mut self) -> Result<CaughtUp, Error> {
        let timeline = Timeline::open(self.client, self.instance, self.lineage.feed())?;
        let told = catch_up(&timeline, self.lineage, &self.pages, self.watch)?;
        (self.pages.beginning, self.pages.leave_gap) = (None, false);
        self.told.by_pages += told.posts;
        self.told.withdrawn += told.withdrawn;
        self.told.committed.policy += told.committed.policy;
        self.read_at = Moment::now();
        if told.seconds > LONG_TO_FILL {
            self.watch.note(FALLS_BEHIND);
        }
        Ok(told)
    }

    /// Where pages cannot be read, the gap is recorded as soon as it is known where it ends.
    fn leave_the_gap(&mut self, closed: &mastodon::Error) -> Result<(), Error> {
        let after = Cursor::read(self.lineage, Duration::ZERO, 0)?.cursor.map(|cursor| cursor.newest);
        // There is no gap before the first post of all, unless earlier ones were asked for.
        if after.is_some() || self.pages.beginning.is_some() {
            self.watch.note(&format!("what the stream did not bring is missing: {closed}"));
            self.gap = Some(Gap { after, reason: "the timeline cannot be read by pages".into() });
        }
        Ok(())
    }

    /// Takes what the stream brings.
    fn take(&mut self) -> Result<Infallible, Error> {
        loop {
            if self.client.settings().stop.load(Ordering::Relaxed) || self.begun.elapsed() >= self.how.longest {
                while let Some(event) = self.stream.next(Duration::ZERO)? {
                    self.write(event)?;
                }
                return Err(mastodon::Error::Interrupted.into());
            }
            if let Some(event) = self.stream.next(TICK)? {
                self.write(event)?;
            }
            self.writer.commit_if_due()?;
            // What cannot be read may have been a post.
            let unreadable = self.stream.passed_over().unreadable;
            let is_lost = unreadable > self.unreadable && self.read_at.elapsed() >= SOON;
            if is_lost || self.read_at.elapsed() >= self.how.check {
                self.unreadable = unreadable;
                self.check()?;
            }
            self.tell();
        }
    }

    /// What is deleted is told once only, and may be committed before the gap is filled; posts come again by pages.
    fn keep_deletions(&mut self) -> Result<(), Error> {
        while let Ok(Some(event)) = self.stream.next(Duration::ZERO) {
            if matches!(event, Event::Deleted(_)) {
                self.write(event)?;
            }
        }
        self.writer.commit()
    }

    fn write(&mut self, event: Event) -> Result<(), Error> {
        let post = match event {
            Event::Post(post) => post,
            Event::Deleted(id) => {
                self.told.deletions += 1;
                return self.writer.write_deletion(id.as_str());
            }
        };
        self.writer.has_read(post.created_at);
        let kept = self.lineage.policy().keep(&post.json);
        if kept.line().is_none() {
            if let Some(id) = post.id.filter(|id| kept.withdraws() && self.recent.remove(id)) {
                self.told.withdrawn += 1;
                return self.writer.write_deletion(id.as_str());
            }
            self.told.left_out += 1;
            return self.writer.write_kept(&kept).map(drop);
        }
        if let Some(id) = &post.id
            && let Some(Gap { after, reason }) = self.gap.take()
        {
            self.told.gaps += 1;
            self.writer.write_gap(after.as_ref(), Some(id), &reason)?;
        }
        self.writer.write_kept(&kept)?;
        self.recent.extend(post.id);
        self.told.posts += 1;
        self.told.behind = post.created_at.map(age);
        Ok(())
    }

    /// Has the stream brought all that there is? What is in the overlap is known, and is not written again.
    fn check(&mut self) -> Result<(), Error> {
        self.read_at = Moment::now();
        self.writer.commit()?;
        match self.read_pages() {
            Ok(read) if read.posts > 0 => {
                let posts = read.posts;
                self.watch.note(&format!("{posts} observations were read by pages that the stream did not bring"));
            }
            Err(Error::Mastodon(error)) if error.status() == Status::Temporary => self.watch.note(&error.to_string()),
            // Where there are no pages, nobody can look.
            Ok(_) | Err(Error::Mastodon(mastodon::Error::Closed { .. }) | Error::NoBeginning { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn tell(&mut self) {
        if self.told_at.elapsed() >= TOLD {
            self.told_at = Moment::now();
            let behind = self.told.behind.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
            self.watch.progress(Progress { posts: self.told.posts, pages: 0, behind });
        }
    }

    fn told(&self) -> Followed {
        let passed_over = self.stream.passed_over();
        let (others, unreadable) = (passed_over.others, passed_over.unreadable);
        Followed { others, unreadable, committed: self.writer.committed(), ..self.told.clone() }
    }
}

fn may_pass(error: &mastodon::Error) -> bool {
    error.status() == Status::Temporary || matches!(error, mastodon::Error::Closed { .. })
}

impl AddAssign for Followed {
    fn add_assign(&mut self, more: Self) {
        self.posts += more.posts;
        self.left_out += more.left_out;
        self.withdrawn += more.withdrawn;
        self.deletions += more.deletions;
        self.others += more.others;
        self.unreadable += more.unreadable;
        self.connections += more.connections;
        self.by_pages += more.by_pages;
        self.gaps += more.gaps;
        self.committed += more.committed;
        self.behind = more.behind.or(self.behind);
    }
}

/// How long ago something was, in seconds.
fn age(written: Instant) -> i64 {
    (now().micros() - written.micros()) / 1_000_000
}
