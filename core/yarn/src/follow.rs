//! A job from its launch to its end.

use std::{
    collections::BTreeMap,
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde::Deserialize;

use crate::{
    cluster::Cluster,
    counters::{self, Counters},
    error::Error,
    failure,
    job::Job,
    kill::kill,
    launch::{Launcher, status_of},
    rest::{App, Rest},
};

/// The group of the counters that our own programs report.
const OURS: &str = "tootmill";

/// How often the cluster is asked, and how often it is after the first half minute.
const POLL: Duration = Duration::from_millis(300);
const POLL_LATER: Duration = Duration::from_secs(1);
const SOON: Duration = Duration::from_secs(30);

/// How long an application may take to show after its launcher is done.
const APPEARS: Duration = Duration::from_secs(15);

/// For how long the ResourceManager may be silent: it is restarted, and the job goes on.
const SILENCE: Duration = Duration::from_mins(5);

/// For how long it may not know an application that it knew. One that was restarted and does not recover never will.
const FORGOTTEN: Duration = Duration::from_secs(30);

/// Cancels a job, from another thread or a signal's handler. Clones cancel the same.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl From<Arc<AtomicBool>> for Cancel {
    /// A job is cancelled by what is set to true.
    fn from(flag: Arc<AtomicBool>) -> Self {
        Self(flag)
    }
}

impl Cancel {
    /// Asks the job to end.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the job was asked to end.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Sleeps, but not on when the job is cancelled.
    fn sleep(&self, time: Duration) {
        let end = Instant::now() + time;
        while !self.is_cancelled() && Instant::now() < end {
            thread::sleep(Duration::from_millis(50).min(time));
        }
    }
}

/// What one sees of a job while it runs.
pub trait Watch {
    /// An application that an earlier try left was found, and is killed now.
    fn leftover(&self, _application: &str) {}

    /// The job has an application.
    fn launched(&self, _application: &Application) {}

    /// Tasks got done.
    fn progress(&self, _progress: Progress) {}

    /// The ResourceManager does not answer, or does not know the application, and is asked again until it does.
    fn silent(&self, _reason: &str) {}
}

/// The application of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its id.
    pub id: String,
    /// The address of its page, for people.
    pub page: String,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The map tasks.
    pub maps: Tasks,
    /// The reduce tasks.
    pub reduces: Tasks,
}

/// Some tasks of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tasks {
    /// How many are done.
    pub done: u32,
    /// How many there are.
    pub total: u32,
}

/// What a job did.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The application.
    pub application: Application,
    /// The job's id.
    pub job: String,
    /// What our own programs counted, by name.
    pub counted: BTreeMap<String, u64>,
    /// Everything that was counted.
    pub counters: Counters,
    /// The time from the launch to the end.
    pub elapsed: Duration,
    /// The number of map tasks.
    pub maps: u32,
    /// The number of reduce tasks.
    pub reduces: u32,
}

/// The job as its master and the history server tell of it.
#[derive(Deserialize)]
struct JobAnswer {
    job: JobState,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
struct JobState {
    maps_total: u32,
    maps_completed: u32,
    reduces_total: u32,
    reduces_completed: u32,
}

impl JobState {
    fn progress(self) -> Progress {
        Progress {
            maps: Tasks { done: self.maps_completed, total: self.maps_total },
            reduces: Tasks { done: self.reduces_completed, total: self.reduces_total },
        }
    }
}

impl Cluster {
    /// Runs a job to its end. What an earlier try of the same purpose left is killed first.
    pub fn run(&self, job: &Job, watch: &dyn Watch, cancel: &Cancel) -> Result<Outcome, Error> {
        let tag = tag_of_try();
        let arguments = job.arguments(&tag)?;
        let rest = self.rest()?;
        let run = Run { cluster: self, rest: &rest, job, tag, watch, cancel };
        for leftover in rest.apps(job.purpose(), true)? {
            watch.leftover(&leftover.id);
            kill(self, &rest, &leftover.id)?;
        }
        let start = Instant::now();
        let mut launcher = Launcher::start(&mut self.launch(&arguments))?;
        let app = run.await_application(&mut launcher)?;
        let application = Application { id: app.id.clone(), page: rest.page(&app.id) };
        watch.launched(&application);
        let app = run.await_end(&app.id)?;
        let elapsed = start.elapsed();
        if app.final_status != "SUCCEEDED" {
            return Err(failure::cause(&rest, &app));
        }
        let (state, counters) = run.history(&app)?;
        watch.progress(state.progress());
        Ok(Outcome {
            job: app.job(),
            application,
            counted: counters.group(OURS),
            counters,
            elapsed,
            maps: state.maps_total,
            reduces: state.reduces_total,
        })
    }
}

/// A tag that no other try has.
fn tag_of_try() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("tootmill-try-{:x}-{:x}", now.as_nanos(), process::id())
}

struct Run<'a> {
    cluster: &'a Cluster,
    rest: &'a Rest,
    job: &'a Job,
    tag: String,
    watch: &'a dyn Watch,
    cancel: &'a Cancel,
}

impl Run<'_> {
    /// Waits for the launcher to submit the job.
    fn await_application(&self, launcher: &mut Launcher) -> Result<App, Error> {
        let exit = loop {
            if self.cancel.is_cancelled() {
                return Err(self.cancelled(launcher));
            }
            if let Some(exit) = launcher.ended() {
                break exit;
            }
            self.cancel.sleep(Duration::from_millis(50));
        };
        let mut silence = Silence::default();
        let deadline = Instant::now() + APPEARS;
        loop {
            match self.rest.apps(&self.tag, false) {
                Ok(apps) => {
                    silence.end();
                    if let Some(app) = apps.into_iter().next() {
                        return Ok(app);
                    }
                    if !exit.success() {
                        let lines = launcher.last_lines();
                        let killed = exit.code().is_none();
                        return Err(Error::Launch {
                            command: self.cluster.program().to_owned(),
                            job: self.job.name().to_owned(),
                            exit: exit.to_string(),
                            status: if killed { tootmill_metric::Status::Temporary } else { status_of(&lines) },
                            lines,
                        });
                    }
                    if Instant::now() > deadline {
                        return Err(Error::NoApplication {
                            command: self.cluster.program().to_owned(),
                            job: self.job.name().to_owned(),
                            resource_manager: self.rest.resource_managers(),
                            tag: self.tag.clone(),
                        });
                    }
                }
                Err(error) => silence.go_on(&self.tag, &error, self.watch)?,
            }
            if self.cancel.is_cancelled() {
                return Err(self.cancelled(launcher));
            }
            self.cancel.sleep(POLL);
        }
    }

    /// Follows the application to its end.
    fn await_end(&self, id: &str) -> Result<App, Error> {
        let start = Instant::now();
        let mut silence = Silence::default();
        let mut seen = Progress::default();
        loop {
            if self.cancel.is_cancelled() {
                kill(self.cluster, self.rest, id)?;
                return Err(Error::Cancelled { application: Some(id.to_owned()) });
            }
            match self.rest.app(id) {
                Ok(app) if app.is_over() => return Ok(app),
                Ok(app) => {
                    silence.end();
                    if let Some(progress) = self.progress(&app).filter(|progress| *progress != seen) {
                        seen = progress;
                        self.watch.progress(progress);
                    }
                }
                Err(error) => silence.go_on(id, &error, self.watch)?,
            }
            self.cancel.sleep(if start.elapsed() < SOON { POLL } else { POLL_LATER });
        }
    }

    /// What the job's master says, which is known to the ResourceManager alone. Nothing depends on it.
    fn progress(&self, app: &App) -> Option<Progress> {
        if app.state != "RUNNING" {
            return None;
        }
        let path = format!("/proxy/{}/ws/v1/mapreduce/jobs/{}", app.id, app.job());
        self.rest.of_manager(&path, &[]).ok().map(|answer: JobAnswer| answer.job.progress())
    }

    /// What the history server keeps of a job that is done.
    fn history(&self, app: &App) -> Result<(JobState, Counters), Error> {
        let path = format!("/mapreduce/jobs/{}", app.job());
        let failed = |error: Error| Error::Counters { job: app.job(), reason: error.to_string() };
        let job: JobAnswer = self.rest.await_history(&path).map_err(failed)?;
        let counters: counters::Answer = self.rest.await_history(&format!("{path}/counters")).map_err(failed)?;
        Ok((job.job, counters.into()))
    }

    /// Ends the launcher, and the application if the ResourceManager has it by then.
    fn cancelled(&self, launcher: &mut Launcher) -> Error {
        launcher.end();
        let deadline = Instant::now() + Duration::from_secs(2);
        while Instant::now() < deadline {
            match self.rest.apps(&self.tag, true) {
                Ok(apps) => {
                    if let Some(app) = apps.into_iter().next() {
                        return match kill(self.cluster, self.rest, &app.id) {
                            Ok(()) => Error::Cancelled { application: Some(app.id) },
                            Err(error) => error,
                        };
                    }
                }
                Err(error) => return error,
            }
            thread::sleep(POLL);
        }
        Error::Cancelled { application: None }
    }
}

/// Since when nothing is heard of an application, and whether the ResourceManager answers that it doesn't know it.
#[derive(Default)]
struct Silence(Option<(Instant, bool)>);

impl Silence {
    fn end(&mut self) {
        self.0 = None;
    }

    /// It goes on, unless it was too long.
    fn go_on(&mut self, application: &str, error: &Error, watch: &dyn Watch) -> Result<(), Error> {
        let is_unknown = matches!(error, Error::Unknown { .. });
        let reason = error.to_string();
        let since = match self.0 {
            Some((since, was_unknown)) if was_unknown == is_unknown => since,
            _ => {
                watch.silent(&reason);
                let now = Instant::now();
                self.0 = Some((now, is_unknown));
                now
            }
        };
        let silence = since.elapsed();
        if silence > if is_unknown { FORGOTTEN } else { SILENCE } {
            return Err(Error::Lost { application: application.to_owned(), silence, reason });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tootmill_metric::Status;

    use super::*;
    use crate::stub::Stub;

    struct Blind;

    impl Watch for Blind {}

    fn job() -> Job {
        Job::new("job", "purpose", "cat", "/out").read("/in")
    }

    fn run(launcher: &str, cancel: &Cancel) -> Error {
        let stub = Stub::start();
        stub.at("/ws/v1/cluster/apps", 200, r#"{"apps":{}}"#);
        let cluster = Cluster::new(&stub.url(), &stub.url()).with_launcher(launcher).unwrap();
        cluster.run(&job(), &Blind, cancel).unwrap_err()
    }

    #[test]
    fn a_launcher_that_fails_is_quoted() {
        let error = run("sh -c 'echo Input path does not exist >&2; exit 5'", &Cancel::default());
        let expected =
            "`sh` did not launch the job `job` (exit status: 5); its last lines:\n  Input path does not exist";
        assert_eq!((error.to_string().as_str(), error.status()), (expected, Status::Permanent));
        let killed = run("sh -c 'kill -9 $$'", &Cancel::default());
        assert_eq!(killed.status(), Status::Temporary, "{killed}");
    }

    #[test]
    fn a_job_that_is_not_launched_yet_is_cancelled() {
        let cancel = Cancel::default();
        cancel.cancel();
        let start = Instant::now();
        let error = run("sleep 300", &cancel);
        assert!(matches!(error, Error::Cancelled { application: None }), "{error}");
        assert!(start.elapsed() < Duration::from_mins(1));
    }

    #[test]
    fn a_manager_may_be_silent_for_longer_than_it_may_not_know_the_application() {
        let ago = |time| Instant::now().checked_sub(time);
        let unknown = Error::Unknown { url: String::new(), reason: "no such application".to_owned() };
        let silent = Error::Ask { url: String::new(), reason: "refused".to_owned(), status: Status::Temporary };
        let mut silence = Silence(ago(FORGOTTEN).map(|since| (since, false)));
        silence.go_on("application_1", &silent, &Blind).unwrap();
        silence.go_on("application_1", &unknown, &Blind).unwrap();
        silence.0 = ago(FORGOTTEN).map(|since| (since, true));
        let error = silence.go_on("application_1", &unknown, &Blind).unwrap_err();
        assert!(matches!(error, Error::Lost { .. }), "{error}");
        assert_eq!(error.status(), Status::Temporary);
        silence.0 = ago(SILENCE).map(|since| (since, false));
        silence.go_on("application_1", &silent, &Blind).unwrap_err();
    }
}
