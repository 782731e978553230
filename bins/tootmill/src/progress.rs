//! Progress on standard error: a bar on a terminal, plain lines elsewhere; and the bad lines.

use std::{
    io::IsTerminal,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use tootmill_engine::Watch;
use tootmill_metric::BadLine;

use crate::output::say;

/// How many bad lines are shown one by one.
const SHOWN: u64 = 20;
/// How often a plain line tells how far a pass is.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// Shows how a run goes on.
pub(crate) struct Progress {
    quiet: bool,
    bytes: u64,
    bar: ProgressBar,
    plain: Mutex<Plain>,
}

struct Plain {
    pass: &'static str,
    began: Instant,
    told: Instant,
    bad_lines: u64,
}

impl Progress {
    /// For an input of so many bytes. A quiet one tells only of bad lines.
    pub(crate) fn new(bytes: u64, quiet: bool) -> Self {
        let bar =
            if quiet || !std::io::stderr().is_terminal() { ProgressBar::hidden() } else { ProgressBar::new(bytes) };
        let template = match bytes {
            0 => "{spinner} {msg} {prefix}, {bytes}, {bytes_per_sec}",
            _ => "{msg} {wide_bar} {prefix}, {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let plain = Mutex::new(Plain { pass: "", began: Instant::now(), told: Instant::now(), bad_lines: 0 });
        Self { quiet, bytes, bar, plain }
    }

    fn say(&self, text: &str) {
        if self.bar.is_hidden() { say(text) } else { self.bar.println(text) }
    }

    /// Takes the bar away, and says whether there are more bad lines than were shown.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
        let plain = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        if plain.bad_lines > SHOWN {
            say("… and more bad lines");
        }
    }
}

impl Watch for Progress {
    fn pass(&self, what: &'static str) {
        let mut plain = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        plain.pass = what;
        plain.began = Instant::now();
        plain.told = plain.began;
        self.bar.reset();
        self.bar.set_message(what);
    }

    fn progress(&self, bytes: u64, lines: u64) {
        self.bar.set_position(bytes);
        self.bar.set_prefix(format!("{lines} lines"));
        if self.quiet || !self.bar.is_hidden() {
            return;
        }
        let mut plain = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        if plain.told.elapsed() >= PLAIN_EVERY {
            plain.told = Instant::now();
            let (read, all) = (bytes / 1_000_000, self.bytes / 1_000_000);
            let rate = bytes / 1_000_000 / plain.began.elapsed().as_secs().max(1);
            let left = (all - read.min(all)) / rate.max(1);
            // How much there is in a lake is not known at the start.
            let (of, left) =
                if all == 0 { Default::default() } else { (format!(" of {all}"), format!(", {left} s left")) };
            say(format!("{}: {lines} lines, {read}{of} MB, {rate} MB/s{left}", plain.pass));
        }
    }

    fn bad_line(&self, input: &str, offset: u64, reason: BadLine) {
        let mut plain = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        plain.bad_lines += 1;
        if plain.bad_lines <= SHOWN {
            self.say(&format!("bad line in `{input}` at byte {offset}: {reason}"));
        }
    }
}

/// Shows how a job on the cluster goes on.
pub(crate) struct JobProgress {
    quiet: bool,
    bar: ProgressBar,
    told: Mutex<tootmill_yarn::Progress>,
}

impl JobProgress {
    pub(crate) fn new(quiet: bool) -> Self {
        let bar = if quiet || !std::io::stderr().is_terminal() { ProgressBar::hidden() } else { ProgressBar::new(0) };
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos} of {len} tasks, {elapsed}") {
            bar.set_style(style);
        }
        Self { quiet, bar, told: Mutex::default() }
    }

    fn say(&self, text: &str) {
        if self.bar.is_hidden() { say(text) } else { self.bar.println(text) }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl tootmill_yarn::Watch for JobProgress {
    fn leftover(&self, application: &str) {
        self.say(&format!("an earlier try left the job {application} running: it is killed"));
    }

    fn launched(&self, application: &tootmill_yarn::Application) {
        // No progress, but what somebody needs who looks for the job while it runs, or afterwards.
        self.say(&format!("the job is {}: {}", application.id, application.page));
        self.bar.set_message("mapping");
    }

    fn progress(&self, progress: tootmill_yarn::Progress) {
        let tootmill_yarn::Progress { maps, reduces } = progress;
        self.bar.set_length((maps.total + reduces.total).into());
        self.bar.set_position((maps.done + reduces.done).into());
        self.bar.set_message(if maps.done < maps.total { "mapping" } else { "reducing" });
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.quiet && self.bar.is_hidden() && *told != progress {
            say(format!("maps {} of {}, reduces {} of {}", maps.done, maps.total, reduces.done, reduces.total));
        }
        *told = progress;
    }

    fn silent(&self, reason: &str) {
        self.say(&format!("the cluster does not answer, and is asked again: {reason}"));
    }
}

/// Shows how a load goes on.
pub(crate) struct LoadProgress {
    quiet: bool,
    bar: ProgressBar,
    told: Mutex<Instant>,
}

impl LoadProgress {
    pub(crate) fn new(quiet: bool) -> Self {
        let bar = if quiet || !std::io::stderr().is_terminal() { ProgressBar::hidden() } else { ProgressBar::new(0) };
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos} of {len}, {elapsed}") {
            bar.set_style(style);
        }
        Self { quiet, bar, told: Mutex::new(Instant::now()) }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl tootmill_tables::Watch for LoadProgress {
    fn progress(&self, what: &str, rows: u64, of: u64) {
        self.bar.set_length(of);
        self.bar.set_position(rows);
        self.bar.set_message(what.to_string());
        if self.quiet || !self.bar.is_hidden() {
            return;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() >= PLAIN_EVERY {
            *told = Instant::now();
            say(format!("{what}: {rows} of {of}"));
        }
    }

    fn note(&self, text: &str) {
        if self.bar.is_hidden() { say(text) } else { self.bar.println(text) }
    }
}

/// Shows how collecting goes on.
pub(crate) struct CollectProgress {
    quiet: bool,
    bar: ProgressBar,
    plain: Mutex<Collected>,
}

struct Collected {
    began: Instant,
    told: Instant,
    progress: Option<tootmill_collect::Progress>,
}

impl CollectProgress {
    pub(crate) fn new(quiet: bool) -> Self {
        let hidden = quiet || !std::io::stderr().is_terminal();
        let bar = if hidden { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        let plain = Mutex::new(Collected { began: Instant::now(), told: Instant::now(), progress: None });
        Self { quiet, bar, plain }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn say(&self, text: &str) {
        if self.bar.is_hidden() { say(text) } else { self.bar.println(text) }
    }
}

impl tootmill_collect::Watch for CollectProgress {
    fn progress(&self, progress: tootmill_collect::Progress) {
        let mut plain = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        plain.progress = Some(progress);
        let rate = u128::from(progress.posts) * 1000 / plain.began.elapsed().as_millis().max(1);
        let behind = progress.behind.map_or_else(String::new, |behind| format!(", {} s behind", behind.as_secs()));
        let text = format!("{} posts in {} pages, {rate} posts/s{behind}", progress.posts, progress.pages);
        if self.bar.is_hidden() && !self.quiet && plain.told.elapsed() >= PLAIN_EVERY {
            plain.told = Instant::now();
            say(&text);
        }
        self.bar.set_message(text);
        self.bar.tick();
    }

    fn note(&self, text: &str) {
        self.say(text);
    }
}

/// A wait that a person would notice.
const LONG_WAIT: Duration = Duration::from_secs(3);

impl tootmill_mastodon::Watch for CollectProgress {
    fn waits(&self, what: &str, time: Duration) {
        if self.bar.is_hidden() && !self.quiet && time >= LONG_WAIT {
            say(format!("waiting {} s for {what}", time.as_secs()));
        }
        self.bar.set_message(format!("waiting {} s for {what}", time.as_secs()));
        self.bar.tick();
    }
}
