//! Killing an application, and making sure that it is gone.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;
use tootmill_metric::Status;

use crate::{
    cluster::Cluster,
    error::Error,
    launch::Launcher,
    rest::{App, Rest},
};

/// How long an application may take to end.
const DEADLINE: Duration = Duration::from_mins(1);

/// How long its master's process may take after that, which is not waited for if its node does not answer.
const MASTER: Duration = Duration::from_secs(10);

const POLL: Duration = Duration::from_millis(200);

/// Kills an application and waits until it cannot write any more.
pub(crate) fn kill(cluster: &Cluster, rest: &Rest, id: &str) -> Result<(), Error> {
    let failed = |reason: String, status| Error::Kill { application: id.to_owned(), reason, status };
    if let Err(refusal) = rest.kill(id) {
        by_command(cluster, id).map_err(|reason| failed(format!("{refusal}, and {reason}"), refusal.status()))?;
    }
    let deadline = Instant::now() + DEADLINE;
    let mut last = "it has not ended".to_owned();
    while Instant::now() < deadline {
        match rest.app(id) {
            Ok(app) if app.is_over() => {
                await_master(rest, &app);
                return Ok(());
            }
            Ok(app) => last = format!("it is still {}", app.state),
            Err(error) => last = error.to_string(),
        }
        thread::sleep(POLL);
    }
    Err(failed(format!("after {} s {last}", DEADLINE.as_secs()), Status::Temporary))
}

/// Where the ResourceManager asks for a login, Hadoop's own command has one.
fn by_command(cluster: &Cluster, id: &str) -> Result<(), String> {
    let mut command = cluster.kill(id);
    let program = command.get_program().to_string_lossy().into_owned();
    let mut launched = Launcher::start(&mut command).map_err(|error| error.to_string())?;
    let deadline = Instant::now() + DEADLINE;
    loop {
        match launched.ended() {
            Some(exit) if exit.success() => return Ok(()),
            Some(exit) => return Err(format!("`{program}` failed ({exit}):\n{}", launched.last_lines())),
            None if Instant::now() > deadline => return Err(format!("`{program}` did not end")),
            None => thread::sleep(POLL),
        }
    }
}

#[derive(Deserialize)]
struct OnNode {
    app: AppOnNode,
}

#[derive(Deserialize)]
struct AppOnNode {
    state: String,
}

/// The ResourceManager says that it is over as soon as it has told the node; the master, which alone moves output to its
/// place, may live a little longer there.
fn await_master(rest: &Rest, app: &App) {
    let deadline = Instant::now() + MASTER;
    let path = format!("/ws/v1/node/apps/{}", app.id);
    while !app.am_host_http_address.is_empty() && Instant::now() < deadline {
        let answer = rest.of_node(&app.am_host_http_address, &path, &[]);
        let state = answer.ok().and_then(|text| serde_json::from_str(&text).ok()).map(|on: OnNode| on.app.state);
        match state.as_deref() {
            Some("NEW" | "INITING" | "RUNNING" | "FINISHING_CONTAINERS_WAIT") => thread::sleep(POLL),
            _ => break,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::stub::{FAILED_JOB, Stub};

    const APPLICATION: &str = "application_1795531063437_0002";

    #[test]
    fn where_a_login_is_asked_for_the_command_kills() {
        let stub = Stub::failed_job();
        stub.at(&format!("{}/state", FAILED_JOB[0].0), 403, "");
        let folder = tempfile::tempdir().unwrap();
        let by = |launcher: &str| {
            let cluster = Cluster::new(&stub.url(), &stub.url()).with_launcher(launcher).unwrap();
            kill(&cluster, &stub.rest(), APPLICATION)
        };
        let missing = by(&folder.path().join("mapred").display().to_string()).unwrap_err().to_string();
        assert!(missing.contains("403") && missing.contains("/yarn"), "{missing}");
        // A script that `sh` reads, in the place of `java`: it gets the class that kills instead of the one that launches.
        let script = folder.path().join("java");
        let launcher = format!("sh {} org.apache.hadoop.streaming.HadoopStreaming", script.display());
        fs::write(&script, "echo permission denied >&2; exit 1").unwrap();
        let refused = by(&launcher).unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{refused}");
        assert_eq!(refused.status(), Status::Permanent);
        fs::write(&script, "echo \"$@\" > \"$0.called\"").unwrap();
        by(&launcher).unwrap();
        let called = fs::read_to_string(folder.path().join("java.called")).unwrap();
        assert!(called.contains(&format!("ApplicationCLI application -kill {APPLICATION}")), "{called}");
    }
}
