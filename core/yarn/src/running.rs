//! The applications that run at this moment with a tag in common, and ending them.

use crate::{cluster::Cluster, error::Error, follow::Application, kill::kill};

/// An application that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Which one.
    pub application: Application,
    /// The name of its job, for people.
    pub name: String,
    /// What it does, in YARN's words: ACCEPTED, RUNNING.
    pub state: String,
    /// How many seconds ago it began.
    pub seconds: u64,
}

impl Cluster {
    /// The applications with a tag that have not ended: `Job::among`.
    pub fn running(&self, tag: &str) -> Result<Vec<Running>, Error> {
        let rest = self.rest()?;
        let running = rest.apps(tag, true)?.into_iter().map(|app| Running {
            application: Application { page: rest.page(&app.id), id: app.id },
            name: app.name,
            state: app.state,
            seconds: app.elapsed_time / 1000,
        });
        Ok(running.collect())
    }

    /// Kills an application, and waits until it cannot write any more.
    pub fn kill_application(&self, id: &str) -> Result<(), Error> {
        kill(self, &self.rest()?, id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{FAILED_JOB, Stub};

    #[test]
    fn what_runs_with_a_tag_is_told_with_its_page() {
        let stub = Stub::failed_job();
        let app = FAILED_JOB[0].1.trim().trim_start_matches('{').trim_end_matches('}');
        let app = app.trim().trim_start_matches("\"app\":").replace("FINISHED", "RUNNING");
        stub.at("/ws/v1/cluster/apps", 200, &format!(r#"{{"apps":{{"app":[{app}]}}}}"#));
        let cluster = Cluster::new(&stub.url(), &stub.url());
        let running = cluster.running("tootmill-1").unwrap();
        let id = "application_1795531063437_0002";
        let application = Application { id: id.to_owned(), page: format!("{}/cluster/app/{id}", stub.url()) };
        let expected = Running { application, name: "fails".to_owned(), state: "RUNNING".to_owned(), seconds: 18 };
        assert_eq!(running, [expected]);
        assert!(stub.requests()[0].contains("applicationTags=tootmill-1&states=NEW"), "{:?}", stub.requests());
        stub.at(&format!("{}/state", FAILED_JOB[0].0), 202, "{}");
        cluster.kill_application(id).unwrap();
        assert!(stub.requests().iter().any(|request| request.starts_with("PUT ")), "{:?}", stub.requests());
    }
}
