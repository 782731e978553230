//! What can go wrong with a job on a cluster.

use std::{io, time::Duration};

use tootmill_metric::Status;

/// Why a job did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Hadoop's configuration cannot be read.
    #[error("cannot read Hadoop's configuration in `{file}`: {reason}; HADOOP_CONF_DIR names its folder")]
    Configuration {
        /// The file or folder.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The launcher is no command.
    #[error("`{text}` is no command to launch jobs with: {reason}; write for example `mapred streaming`")]
    Launcher {
        /// The text that should be a command.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The job cannot be told to Hadoop.
    #[error("cannot ship the job `{job}`: {reason}")]
    Job {
        /// The job's name.
        job: String,
        /// What Hadoop Streaming cannot take.
        reason: String,
    },
    /// The client for the servers' answers cannot be made.
    #[error("cannot set up HTTP: {0}")]
    Http(#[source] reqwest::Error),
    /// The launcher cannot be started.
    #[error(
        "cannot start `{command}`, which launches jobs: {source}; put Hadoop's commands into PATH or name another launcher"
    )]
    Start {
        /// The program.
        command: String,
        /// The cause.
        source: io::Error,
    },
    /// The launcher failed before there was an application.
    #[error("`{command}` did not launch the job `{job}` ({exit}); its last lines:\n{lines}")]
    Launch {
        /// The program.
        command: String,
        /// The job's name.
        job: String,
        /// How the launcher ended.
        exit: String,
        /// The last lines that it wrote.
        lines: String,
        /// Whether trying again may help.
        status: Status,
    },
    /// The launcher did its work, and the ResourceManager knows of no application.
    #[error(
        "`{command}` launched the job `{job}`, but the ResourceManager at {resource_manager} knows no application with the tag \
         `{tag}`: is it another cluster's?"
    )]
    NoApplication {
        /// The launcher's program.
        command: String,
        /// The job's name.
        job: String,
        /// The ResourceManagers that were asked.
        resource_manager: String,
        /// The tag.
        tag: String,
    },
    /// A server of the cluster does not answer as it should.
    #[error("cannot ask {url}: {reason}")]
    Ask {
        /// The address.
        url: String,
        /// What happened.
        reason: String,
        /// Whether trying again may help.
        status: Status,
    },
    /// There is nothing that a job could run on.
    #[error("no node of the cluster at {0} is active: are the NodeManagers running?")]
    NoNodes(String),
    /// A server of the cluster does not know what it is asked about.
    #[error("{url} is not there: {reason}")]
    Unknown {
        /// The address.
        url: String,
        /// What the server says.
        reason: String,
    },
    /// A task failed, and the job with it.
    #[error("the job `{job}` failed in {task}{}:\n{said}", on_node(.node.as_deref()))]
    Task {
        /// The job's id.
        job: String,
        /// The attempt that failed.
        task: String,
        /// The node that it ran on.
        node: Option<String>,
        /// What the task wrote to standard error, or what Hadoop says of it.
        said: String,
        /// Whether trying again may help.
        status: Status,
    },
    /// The job failed, and no task did.
    #[error("the job `{job}` failed: {diagnostics}")]
    Failed {
        /// The job's id.
        job: String,
        /// What Hadoop says of it.
        diagnostics: String,
        /// Whether trying again may help.
        status: Status,
    },
    /// Somebody killed the job.
    #[error("the application {application} was killed on the cluster: {diagnostics}")]
    Killed {
        /// The application.
        application: String,
        /// What Hadoop says of it.
        diagnostics: String,
    },
    /// The process that leads the job was lost.
    #[error("the application {application} lost its master: {diagnostics}")]
    Master {
        /// The application.
        application: String,
        /// What Hadoop says of it.
        diagnostics: String,
    },
    /// Nothing is known of the job any more.
    #[error("lost sight of the application {application} for {} s: {reason}; if it goes on, the next try ends it", .silence.as_secs())]
    Lost {
        /// The application.
        application: String,
        /// For how long nothing was heard.
        silence: Duration,
        /// The last thing that went wrong.
        reason: String,
    },
    /// The caller cancelled the job.
    #[error("cancelled; {}", .application.as_ref().map_or_else(|| "there was no application yet".to_owned(), |id| format!("the application {id} was killed")))]
    Cancelled {
        /// The application that was killed, if it was there.
        application: Option<String>,
    },
    /// An application cannot be killed.
    #[error("cannot kill the application {application}: {reason}; try `yarn application -kill {application}`")]
    Kill {
        /// The application.
        application: String,
        /// What happened.
        reason: String,
        /// Whether trying again may help.
        status: Status,
    },
    /// The job is done, but its counters cannot be had.
    #[error("the job `{job}` is done, but the history server does not give its counters: {reason}")]
    Counters {
        /// The job's id.
        job: String,
        /// What happened.
        reason: String,
    },
}

impl Error {
    /// Whether trying again may help.
    pub fn status(&self) -> Status {
        match self {
            Self::Configuration { .. }
            | Self::Launcher { .. }
            | Self::Job { .. }
            | Self::Http(_)
            | Self::Start { .. }
            | Self::Unknown { .. }
            | Self::NoApplication { .. } => Status::Permanent,
            Self::Launch { status, .. }
            | Self::Ask { status, .. }
            | Self::Task { status, .. }
            | Self::Failed { status, .. }
            | Self::Kill { status, .. } => *status,
            Self::Killed { .. }
            | Self::Master { .. }
            | Self::Lost { .. }
            | Self::Cancelled { .. }
            | Self::NoNodes(_)
            | Self::Counters { .. } => Status::Temporary,
        }
    }
}

fn on_node(node: Option<&str>) -> String {
    node.map(|node| format!(" on {node}")).unwrap_or_default()
}
