//! Why a job failed: what the first task that failed for good said.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;
use tootmill_metric::Status;

use crate::{
    error::Error,
    launch::status_of,
    rest::{App, Rest},
};

/// The exit code of our programs that says that trying again may help.
const TEMPORARY: &str = "subprocess failed with code 75";

/// How many of the last lines of a task's standard error are told, and how many bytes are read for them.
const LINES: usize = 20;
const BYTES: &str = "-65536";

/// How many tasks are looked at where Hadoop does not name one: those that were killed with it count as failed too.
const TASKS: usize = 20;

/// How long a log may be nowhere.
const AGGREGATION: Duration = Duration::from_secs(5);

/// What Java's logging says of itself, in every task.
const NOISE: [&str; 2] = ["log4j:WARN", "SLF4J:"];

#[derive(Deserialize)]
struct TasksAnswer {
    tasks: TaskList,
}

#[derive(Deserialize)]
struct TaskList {
    #[serde(default)]
    task: Vec<Task>,
}

#[derive(Deserialize)]
struct Task {
    id: String,
    state: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttemptsAnswer {
    task_attempts: AttemptList,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttemptList {
    #[serde(default)]
    task_attempt: Vec<Attempt>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attempt {
    id: String,
    state: String,
    finish_time: i64,
    #[serde(default)]
    node_http_address: String,
    #[serde(default)]
    assigned_container_id: String,
    #[serde(default)]
    diagnostics: String,
}

/// The cause of the failure of an application that is over.
pub(crate) fn cause(rest: &Rest, app: &App) -> Error {
    let diagnostics = app.diagnostics.trim().to_owned();
    match (&*app.final_status, &*app.state) {
        ("KILLED", _) | (_, "KILLED") => Error::Killed { application: app.id.clone(), diagnostics },
        (_, "FAILED") => Error::Master { application: app.id.clone(), diagnostics },
        _ => match first_failure(rest, app) {
            Ok(Some(attempt)) => of_attempt(rest, app.job(), attempt),
            Ok(None) => Error::Failed { job: app.job(), status: status_of(&diagnostics), diagnostics },
            Err(error) => {
                let diagnostics = format!("{diagnostics} (what its tasks said is not known: {error})");
                Error::Failed { job: app.job(), diagnostics, status: status_unheard(&error) }
            }
        },
    }
}

/// Whether another try may help where nobody tells what the tasks of a job said. A master that runs a small job's tasks itself may
/// end with one of them, before it has written what happened; then the history server never hears of the job.
fn status_unheard(error: &Error) -> Status {
    if matches!(error, Error::Unknown { .. }) { Status::Temporary } else { error.status() }
}

/// Of the task that made the job fail, the attempt that failed first: later ones may fail because of it.
fn first_failure(rest: &Rest, app: &App) -> Result<Option<Attempt>, Error> {
    let path = format!("/mapreduce/jobs/{}/tasks", app.job());
    let tasks = if let Some(task) = task_in(&app.diagnostics) {
        vec![task.to_owned()]
    } else {
        let answer: TasksAnswer = rest.await_history(&path)?;
        let failed = answer.tasks.task.into_iter().filter(|task| task.state == "FAILED");
        failed.map(|task| task.id).take(TASKS).collect()
    };
    let mut attempts = Vec::new();
    for task in tasks {
        let answer: AttemptsAnswer = rest.await_history(&format!("{path}/{task}/attempts"))?;
        attempts.extend(answer.task_attempts.task_attempt);
    }
    let failed = attempts.into_iter().filter(|attempt| attempt.state == "FAILED");
    Ok(failed.min_by_key(|attempt| attempt.finish_time))
}

/// The task that a job's diagnostics name: `Task failed task_1_2_m_000003`.
fn task_in(diagnostics: &str) -> Option<&str> {
    let (_, task) = diagnostics.split_once("Task failed ")?;
    task.split_whitespace().next()
}

fn of_attempt(rest: &Rest, job: String, attempt: Attempt) -> Error {
    let log = standard_error(rest, &attempt);
    let status =
        if attempt.diagnostics.contains(TEMPORARY) { Status::Temporary } else { status_of(&attempt.diagnostics) };
    let said = log.map(|log| last_lines(&log)).filter(|lines| !lines.is_empty());
    Error::Task {
        job,
        task: attempt.id,
        node: Some(attempt.node_http_address).filter(|node| !node.is_empty()),
        said: said.unwrap_or_else(|| last_lines(&attempt.diagnostics)),
        status,
    }
}

/// The log of a task. Its node has it until it is aggregated, and then the history server; there is a moment between.
fn standard_error(rest: &Rest, attempt: &Attempt) -> Option<String> {
    let container = &attempt.assigned_container_id;
    let size = [("size", BYTES)];
    let of_node = format!("/ws/v1/node/containers/{container}/logs/stderr");
    let of_history = format!("/ws/v1/history/containerlogs/{container}/stderr");
    let deadline = Instant::now() + AGGREGATION;
    loop {
        let node = rest.of_node(&attempt.node_http_address, &of_node, &size).ok();
        let answer = node.or_else(|| rest.text_of_history(&of_history, &size).ok());
        if let Some(contents) = answer.as_deref().and_then(contents) {
            return Some(contents.to_owned());
        }
        if Instant::now() > deadline {
            return None;
        }
        thread::sleep(Duration::from_secs(1));
    }
}

/// The log in an answer, which has a head and a foot around it.
fn contents(answer: &str) -> Option<&str> {
    let (_, contents) = answer.split_once("LogContents:\n")?;
    let end = contents.rfind("End of LogType:").unwrap_or(contents.len());
    contents.get(..end)
}

fn last_lines(log: &str) -> String {
    let is_telling = |line: &&str| {
        !line.trim().is_empty()
            && !line.trim_start().starts_with("at ")
            && !NOISE.iter().any(|noise| line.starts_with(noise))
            // Where the tasks of a small job run, the web pages of the job tell that they are well, in two lines each time.
            && !line.starts_with("INFO: ")
            && !line.contains(" com.sun.jersey.")
    };
    let lines: Vec<&str> = log.lines().filter(is_telling).collect();
    let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default();
    last.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{FAILED_JOB, Stub};

    const LOG_OF_NODE: &str = "/ws/v1/node/containers/container_1795531063437_0002_01_000003/logs/stderr";
    const LOG_OF_HISTORY: &str = "/ws/v1/history/containerlogs/container_1795531063437_0002_01_000003/stderr";

    fn cause_at(stub: &Stub) -> Error {
        let rest = stub.rest();
        cause(&rest, &rest.app("application_1795531063437_0002").unwrap())
    }

    #[test]
    fn what_only_tells_that_all_is_well_is_left_out() {
        let log = "Nov 24, 2026 4:30:11 PM com.sun.jersey.guice.spi.container.GuiceComponentProviderFactory register\n\
            INFO: Registering GenericExceptionHandler as a provider class\n\tat java.lang.Thread\n\nthe mill is broken\n";
        assert_eq!(last_lines(log), "  the mill is broken");
    }

    #[test]
    fn the_first_failing_attempt_is_heard_at_its_node() {
        let stub = Stub::failed_job();
        stub.at(LOG_OF_NODE, 200, include_str!("recorded/log-of-node.txt"));
        let error = cause_at(&stub);
        let expected = format!(
            "the job `job_1795531063437_0002` failed in attempt_1795531063437_0002_m_000001_0 on {}:\n  the first attempt says this",
            stub.address
        );
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.status(), Status::Temporary, "it left with exit code 75");
    }

    #[test]
    fn an_aggregated_log_is_heard_at_the_history_server() {
        let stub = Stub::failed_job();
        stub.at(LOG_OF_HISTORY, 200, include_str!("recorded/log-of-history-server.txt"));
        assert!(cause_at(&stub).to_string().ends_with("\n  the aggregated log says this"));
    }

    #[test]
    fn without_a_log_hadoop_is_heard() {
        let stub = Stub::failed_job();
        stub.at(LOG_OF_NODE, 200, "LogContents:\n\nEnd of LogType:stderr.\n");
        let error = cause_at(&stub).to_string();
        assert!(error.ends_with(": subprocess failed with code 75"), "{error}");
    }

    #[test]
    fn without_a_task_that_failed_the_job_is_heard() {
        let stub = Stub::failed_job();
        let [(app, answer), (tasks, _), ..] = FAILED_JOB;
        stub.at(app, 200, &answer.replace("Task failed task_1795531063437_0002_m_000001", "Job setup failed"));
        stub.at(tasks, 200, r#"{"tasks":{}}"#);
        let error = cause_at(&stub);
        assert!(error.to_string().contains("failed: Job setup failed"), "{error}");
        assert_eq!(error.status(), Status::Permanent);
    }

    #[test]
    fn a_job_that_the_history_server_never_hears_of_is_worth_another_try() {
        let url = || "http://127.0.0.1:1/ws/v1/history/mapreduce/jobs/job_1_2/tasks".to_owned();
        let unknown = Error::Unknown { url: url(), reason: "404 Not Found".into() };
        let forbidden = Error::Ask { url: url(), reason: "403 Forbidden".into(), status: Status::Permanent };
        assert_eq!((unknown.status(), status_unheard(&unknown)), (Status::Permanent, Status::Temporary));
        assert_eq!(status_unheard(&forbidden), Status::Permanent);
    }

    #[test]
    fn a_killed_job_and_a_lost_master_are_worth_another_try() {
        let stub = Stub::failed_job();
        let (app, answer) = FAILED_JOB[0];
        stub.at(app, 200, &answer.replace("FAILED", "KILLED"));
        let killed = cause_at(&stub);
        assert!(matches!(killed, Error::Killed { .. }), "{killed}");
        stub.at(app, 200, &answer.replace("FINISHED", "FAILED"));
        let lost = cause_at(&stub);
        assert!(matches!(lost, Error::Master { .. }), "{lost}");
        assert_eq!((killed.status(), lost.status()), (Status::Temporary, Status::Temporary));
    }
}
