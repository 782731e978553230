//! Following: the posts of a timeline as they are streamed; what came while there was no stream is read by pages.

use std::{
    convert::Infallible,
    sync::atomic::Ordering,
    time::{Duration, Instant as Moment},
};

use serde::Serialize;
use tootmill_mastodon::{self as mastodon, Client, Event, Instance, Observation, Stream, Timeline};
use tootmill_metric::{Id, Instant, Status};

use crate::{
    catch_up::{Beginning, CatchUp, CaughtUp, Progress, Watch, catch_up},
    cursor::Cursor,
    error::Error,
    lineage::{Kind, Lineage},
    raw::{Committed, RawWriter, now},
};

/// How to follow.
#[derive(Clone, Copy, Debug)]
pub struct Follow {
    /// How the gap before a stream is filled, and when files are committed.
    pub catch_up: CatchUp,
    /// A stream from which nothing comes for so long, no heartbeat either, is opened again.
    pub silence: Duration,
    /// If no post comes for so long, pages are read to see that there is none: a stream can lose posts and not say so.
    pub quiet: Duration,
}

impl Default for Follow {
    fn default() -> Self {
        let (silence, quiet) = (Duration::from_secs(90), Duration::from_mins(15));
        Self { catch_up: CatchUp::default(), silence, quiet }
    }
}

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Followed {
    /// Posts that were streamed, each time that they were edited too.
    pub posts: u64,
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
    /// What was committed of the stream.
    pub committed: Committed,
    /// How long ago the newest streamed post was written when it came, in seconds.
    pub behind: Option<i64>,
}

/// How long the stream is waited for before looking at the clock.
const TICK: Duration = Duration::from_millis(100);
/// How often is told how it goes on.
const TOLD: Duration = Duration::from_secs(1);

/// Follows a timeline until it is stopped (`Settings::stop`), or fails for good.
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
    let (pages, told, present) = (how.catch_up, Followed::default(), Moment::now());
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
        last_post: present,
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
    last_post: Moment,
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
            self.fill_the_gap()?;
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
        loop {
            match self.read_pages() {
                Ok(_) => return Ok(()),
                Err(Error::NoBeginning { .. }) => {
                    // It begins here: if the stream ends before anything is committed, this is where to read from.
                    self.pages.beginning = Some(Beginning::Since(opened));
                    return Ok(());
                }
                Err(Error::Mastodon(closed @ mastodon::Error::Closed { .. })) => return self.leave_the_gap(&closed),
                Err(Error::Mastodon(error)) if error.status() == Status::Temporary => {
                    self.watch.note(&error.to_string());
                    self.client.sleep("another try to read what was not streamed", self.client.settings().pause)?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn read_pages(&mut self) -> Result<CaughtUp, Error> {
        let timeline = Timeline::open(self.client, self.instance, self.lineage.feed())?;
        let told = catch_up(&timeline, self.lineage, &self.pages, self.watch)?;
        (self.pages.beginning, self.pages.leave_gap) = (None, false);
        self.told.by_pages += told.posts;
        self.last_post = Moment::now();
        Ok(told)
    }

    /// Where pages cannot be read, the gap is recorded as soon as it is known where it ends.
    fn leave_the_gap(&mut self, closed: &mastodon::Error) -> Result<(), Error> {
        let after = Cursor::read(self.lineage, Duration::ZERO)?.map(|cursor| cursor.newest);
        // There is no gap before the first post of all, unless earlier ones were asked for.
        if after.is_some() || self.pages.beginning.is_some() {
            self.watch.note(&format!("what the stream did not bring is missing: {closed}"));
            self.gap = Some(Gap { after, reason: "the timeline cannot be read by pages".into() });
        }
        Ok(())
    }

    /// Takes what the stream brings.
    fn take(&mut self) -> Result<Infallible, Error> {
        self.last_post = Moment::now();
        loop {
            if self.client.settings().stop.load(Ordering::Relaxed) {
                return Err(mastodon::Error::Interrupted.into());
            }
            match self.stream.next(TICK)? {
                Some(Event::Post(post)) => self.write(&post)?,
                Some(Event::Deleted(id)) => {
                    self.told.deletions += 1;
                    self.writer.write_deletion(id.as_str())?;
                }
                None => {}
            }
            self.writer.commit_if_due()?;
            if self.last_post.elapsed() >= self.how.quiet {
                self.look_whether_it_is_quiet()?;
            }
            self.tell();
        }
    }

    fn write(&mut self, post: &Observation) -> Result<(), Error> {
        if let Some(id) = &post.id
            && let Some(Gap { after, reason }) = self.gap.take()
        {
            self.told.gaps += 1;
            self.writer.write_gap(after.as_ref(), Some(id), &reason)?;
        }
        self.writer.write(&post.json)?;
        self.told.posts += 1;
        self.told.behind = post.created_at.map(age);
        self.last_post = Moment::now();
        Ok(())
    }

    /// No post for long: is there none?
    fn look_whether_it_is_quiet(&mut self) -> Result<(), Error> {
        self.last_post = Moment::now();
        self.writer.commit()?;
        let overlap = std::mem::take(&mut self.pages.overlap);
        let read = self.read_pages();
        self.pages.overlap = overlap;
        match read {
            Ok(read) if read.posts > 0 => {
                self.watch.note(&format!("{} posts were read by pages that the stream did not bring", read.posts));
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

/// How long ago something was, in seconds.
fn age(written: Instant) -> i64 {
    (now().micros() - written.micros()) / 1_000_000
}
