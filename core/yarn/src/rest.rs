//! Asking the cluster's servers over HTTP.

use std::{
    cell::Cell,
    error, iter, thread,
    time::{Duration, Instant},
};

use reqwest::{
    StatusCode,
    blocking::{Client, RequestBuilder, Response},
};
use serde::{Deserialize, de::DeserializeOwned};
use tootmill_metric::Status;

use crate::error::Error;

const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(30);

/// How often a request is made, and how long after the first failure it is made again; twice that after the second.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);

/// How long the history server may take to learn of a job, and how often it is asked.
const HISTORY: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(300);

/// The servers of a cluster.
pub(crate) struct Rest {
    client: Client,
    resource_managers: Vec<String>,
    /// The one that answered last: the others stand by.
    active: Cell<usize>,
    history_server: String,
    user: Option<String>,
}

/// One application, as the ResourceManager tells of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) final_status: String,
    #[serde(default)]
    pub(crate) name: String,
    /// How long ago it began, in milliseconds.
    #[serde(default)]
    pub(crate) elapsed_time: u64,
    #[serde(default)]
    pub(crate) diagnostics: String,
    #[serde(default)]
    pub(crate) am_host_http_address: String,
}

impl App {
    pub(crate) fn is_over(&self) -> bool {
        ["FINISHED", "FAILED", "KILLED"].contains(&&*self.state)
    }

    /// The id of the application's job.
    pub(crate) fn job(&self) -> String {
        self.id.replacen("application", "job", 1)
    }
}

/// A ResourceManager, as it tells of itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Info {
    pub(crate) resource_manager_version: String,
}

/// The nodes of a cluster.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Nodes {
    pub(crate) active_nodes: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct About {
    cluster_info: Info,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    cluster_metrics: Nodes,
}

#[derive(Deserialize)]
struct OneApp {
    app: App,
}

#[derive(Deserialize)]
struct Apps {
    apps: Option<AppList>,
}

#[derive(Default, Deserialize)]
struct AppList {
    #[serde(default)]
    app: Vec<App>,
}

impl Rest {
    pub(crate) fn new(
        resource_managers: Vec<String>,
        history_server: String,
        user: Option<String>,
    ) -> Result<Self, Error> {
        // A proxy is for the world outside; the servers are on the cluster's own network.
        let client = Client::builder().connect_timeout(CONNECT).timeout(WHOLE).no_proxy().build();
        let client = client.map_err(Error::Http)?;
        Ok(Self { client, resource_managers, active: Cell::new(0), history_server, user })
    }

    /// The ResourceManagers, for a message.
    pub(crate) fn resource_managers(&self) -> String {
        self.resource_managers.join(" or ")
    }

    /// The page of an application, for people.
    pub(crate) fn page(&self, id: &str) -> String {
        let active = self.resource_managers.get(self.active.get()).map_or("", |base| base);
        format!("{active}/cluster/app/{id}")
    }

    /// The applications with a tag; only the live ones, or all.
    pub(crate) fn apps(&self, tag: &str, only_live: bool) -> Result<Vec<App>, Error> {
        let mut query = vec![("applicationTags", tag)];
        if only_live {
            query.push(("states", "NEW,NEW_SAVING,SUBMITTED,ACCEPTED,RUNNING"));
        }
        let apps: Apps = self.of_manager("/ws/v1/cluster/apps", &query)?;
        Ok(apps.apps.unwrap_or_default().app)
    }

    pub(crate) fn app(&self, id: &str) -> Result<App, Error> {
        self.of_manager::<OneApp>(&format!("/ws/v1/cluster/apps/{id}"), &[]).map(|answer| answer.app)
    }

    /// What the active ResourceManager says of itself and its nodes.
    pub(crate) fn about(&self) -> Result<(Info, Nodes), Error> {
        let about: About = self.of_manager("/ws/v1/cluster/info", &[])?;
        let metrics: Metrics = self.of_manager("/ws/v1/cluster/metrics", &[])?;
        Ok((about.cluster_info, metrics.cluster_metrics))
    }

    /// Asks the active ResourceManager. One that stands by leads to it, or gives no answer of use.
    pub(crate) fn of_manager<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Error> {
        self.each_manager(|base| self.get(&format!("{base}{path}"), query))
    }

    fn each_manager<T>(&self, ask: impl Fn(&str) -> Result<T, Error>) -> Result<T, Error> {
        let count = self.resource_managers.len();
        let mut failure = None;
        for index in (0..count).map(|offset| (self.active.get() + offset) % count) {
            match self.resource_managers.get(index).map(|base| ask(base)) {
                Some(Ok(answer)) => {
                    self.active.set(index);
                    return Ok(answer);
                }
                Some(Err(error)) => {
                    failure.get_or_insert(error);
                }
                None => {}
            }
        }
        let none = || Error::Ask {
            url: "the ResourceManager".to_owned(),
            reason: "no address of one is known".to_owned(),
            status: Status::Permanent,
        };
        Err(failure.unwrap_or_else(none))
    }

    /// Asks the ResourceManager to kill an application.
    pub(crate) fn kill(&self, id: &str) -> Result<(), Error> {
        self.each_manager(|base| {
            let url = format!("{base}/ws/v1/cluster/apps/{id}/state");
            let body = serde_json::json!({ "state": "KILLED" });
            self.send(&url, || self.client.put(&url).json(&body)).map(drop)
        })
    }

    fn of_history<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.get(&format!("{}/ws/v1/history{path}", self.history_server), &[])
    }

    /// Asks the history server until it knows of what has just ended: files are moved to where it looks.
    pub(crate) fn await_history<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        let deadline = Instant::now() + HISTORY;
        loop {
            match self.of_history(path) {
                Err(error) if Instant::now() < deadline && !is_final(&error) => thread::sleep(POLL),
                answer => return answer,
            }
        }
    }

    /// The text at an address of a node, whose scheme is the ResourceManager's.
    pub(crate) fn of_node(&self, node: &str, path: &str, query: &[(&str, &str)]) -> Result<String, Error> {
        let is_secure = self.resource_managers.iter().any(|base| base.starts_with("https:"));
        self.text(&format!("{}://{node}{path}", if is_secure { "https" } else { "http" }), query)
    }

    /// The text at an address of the history server.
    pub(crate) fn text_of_history(&self, path: &str, query: &[(&str, &str)]) -> Result<String, Error> {
        self.text(&format!("{}{path}", self.history_server), query)
    }

    fn text(&self, url: &str, query: &[(&str, &str)]) -> Result<String, Error> {
        let response = self.send(url, || self.client.get(url).query(query))?;
        response.text().map_err(|error| unanswered(url, &error))
    }

    fn get<T: DeserializeOwned>(&self, url: &str, query: &[(&str, &str)]) -> Result<T, Error> {
        let response =
            self.send(url, || self.client.get(url).query(query).header(reqwest::header::ACCEPT, "application/json"))?;
        let bytes = response.bytes().map_err(|error| unanswered(url, &error))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            // A page instead of an answer is what a server gives that is starting or standing by.
            let reason = format!("its answer is not the expected one ({error})");
            Error::Ask { url: url.to_owned(), reason, status: Status::Temporary }
        })
    }

    fn send(&self, url: &str, request: impl Fn() -> RequestBuilder) -> Result<Response, Error> {
        let mut pause = PAUSE;
        let mut left = TRIES;
        loop {
            left -= 1;
            let request = match &self.user {
                Some(user) => request().query(&[("user.name", user)]),
                None => request(),
            };
            let error = match request.send() {
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) => refused(url, response),
                Err(error) => unanswered(url, &error),
            };
            if left == 0 || error.status() == Status::Permanent {
                return Err(error);
            }
            thread::sleep(pause);
            pause *= 2;
        }
    }
}

/// Whether waiting does not help.
fn is_final(error: &Error) -> bool {
    !matches!(error, Error::Unknown { .. }) && error.status() == Status::Permanent
}

fn unanswered(url: &str, error: &reqwest::Error) -> Error {
    // The outermost says only that there is an error, and the address once more.
    let cause = iter::successors(error::Error::source(error), |error| error.source()).last();
    let reason = cause.map_or_else(|| error.to_string(), ToString::to_string);
    Error::Ask { url: url.to_owned(), reason, status: Status::Temporary }
}

/// The servers' way to say what is wrong.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Remote {
    remote_exception: RemoteException,
}

#[derive(Deserialize)]
struct RemoteException {
    message: String,
}

fn refused(url: &str, response: Response) -> Error {
    let code = response.status();
    let text = response.text().unwrap_or_default();
    let said = serde_json::from_str(&text).map(|remote: Remote| format!(": {}", remote.remote_exception.message));
    let hint = match code {
        StatusCode::UNAUTHORIZED => ", it asks for a login (Kerberos), which this program does not have",
        _ => "",
    };
    let reason = format!("{code}{hint}{}", said.unwrap_or_default());
    if code == StatusCode::NOT_FOUND {
        return Error::Unknown { url: url.to_owned(), reason };
    }
    let passes = [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT];
    let status = if passes.contains(&code) { Status::Temporary } else { Status::Permanent };
    Error::Ask { url: url.to_owned(), reason, status }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cluster::Cluster, stub::Stub};

    const APP: &str = "/ws/v1/cluster/apps/application_1795531063437_0002";

    #[test]
    fn a_manager_that_stands_by_is_passed_over() {
        let active = Stub::failed_job();
        let (redirecting, silent) = (Stub::start(), Stub::start());
        redirecting.at(APP, 307, &format!("{}{APP}", active.url()));
        silent.at(APP, 200, "This is standby RM.");
        for standby in [redirecting.url(), silent.url(), "http://127.0.0.1:1".to_owned()] {
            let rest = Rest::new(vec![standby, active.url()], active.url(), None).unwrap();
            assert!(rest.app("application_1795531063437_0002").unwrap().is_over());
        }
        let rest = Rest::new(vec![silent.url(), active.url()], active.url(), None).unwrap();
        rest.app("application_1795531063437_0002").unwrap();
        let before = silent.requests().len();
        rest.app("application_1795531063437_0002").unwrap();
        assert_eq!(silent.requests().len(), before, "the active one is asked first from then on");
    }

    #[test]
    fn refusals_say_what_the_server_says() {
        let stub = Stub::start();
        let unknown = stub.rest().app("application_1").unwrap_err();
        assert!(matches!(unknown, Error::Unknown { .. }), "{unknown}");
        assert!(unknown.to_string().contains("what is that?"), "{unknown}");
        let path = "/ws/v1/cluster/apps/application_1";
        stub.at(path, 401, "");
        let login = stub.rest().app("application_1").unwrap_err();
        assert!(login.to_string().contains("Kerberos"), "{login}");
        assert_eq!(login.status(), Status::Permanent);
        stub.at(path, 503, "");
        let before = stub.requests().len();
        assert_eq!(stub.rest().app("application_1").unwrap_err().status(), Status::Temporary);
        assert_eq!(stub.requests().len() - before, 3, "it is asked again");
    }

    #[test]
    fn applications_are_killed_in_the_users_name() {
        let stub = Stub::start();
        stub.at("/ws/v1/cluster/apps/application_1/state", 202, r#"{"state":"KILLING"}"#);
        stub.rest().kill("application_1").unwrap();
        assert_eq!(stub.requests(), [r#"PUT /ws/v1/cluster/apps/application_1/state?user.name=me {"state":"KILLED"}"#]);
    }

    #[test]
    fn a_cluster_without_nodes_runs_no_job() {
        let stub = Stub::start();
        let cluster = Cluster::new(&stub.url(), &stub.url());
        let silent = cluster.check().unwrap_err();
        assert!(silent.to_string().contains("/ws/v1/cluster/info is not there"), "{silent}");
        stub.at("/ws/v1/cluster/info", 200, r#"{"clusterInfo":{"state":"STARTED","resourceManagerVersion":"3.4.2"}}"#);
        stub.at("/ws/v1/cluster/metrics", 200, r#"{"clusterMetrics":{"activeNodes":0}}"#);
        let empty = cluster.check().unwrap_err();
        assert_eq!(empty.status(), Status::Temporary, "{empty}");
        stub.at("/ws/v1/cluster/metrics", 200, r#"{"clusterMetrics":{"activeNodes":2}}"#);
        assert_eq!(cluster.check().unwrap(), format!("YARN 3.4.2 at {}, active nodes: 2", stub.url()));
    }

    #[test]
    fn no_applications_are_an_empty_answer() {
        let stub = Stub::start();
        stub.at("/ws/v1/cluster/apps", 200, r#"{"apps":{}}"#);
        assert!(stub.rest().apps("tag", true).unwrap().is_empty());
        stub.at("/ws/v1/cluster/apps", 200, r#"{"apps":null}"#);
        assert!(stub.rest().apps("tag", true).unwrap().is_empty());
    }
}
