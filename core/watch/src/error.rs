//! What can go wrong when HBase is asked, and when what it says is written down.

use tootmill_metric::Status;

/// Why something cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client for the servers' answers cannot be made.
    #[error("cannot set up HTTP: {0}")]
    Http(#[source] reqwest::Error),
    /// No server was named.
    #[error(
        "no server is named: give the address of the web page of HBase's master, http://HOST:16010, or of HDFS's NameNode, http://HOST:9870"
    )]
    NoMaster,
    /// A server does not answer as it should.
    #[error("cannot ask {url}: {reason}; is this the address of the server's web page, and does the server run?")]
    Ask {
        /// The address.
        url: String,
        /// What happened.
        reason: String,
        /// Whether trying again may help.
        status: Status,
    },
    /// A server has no such page.
    #[error("{url} is not there; is this the address of a web page of HBase 2, or of Hadoop 3?")]
    Unknown {
        /// The address.
        url: String,
    },
    /// A bean lacks what is asked of it: a server that starts has not filled it in yet.
    #[error("{url} does not say `{attribute}`; is this the right server, and has it started?")]
    Attribute {
        /// The address of the bean.
        url: String,
        /// What it should say, or `beans` where the bean itself is not there.
        attribute: String,
    },
    /// A master or a NameNode is not the active one.
    #[error("the server at {url} stands by and knows little: name the active one as well")]
    StandsBy {
        /// The server's address.
        url: String,
    },
    /// At the address of a server there is another one.
    #[error("{url} is the page of {found}, not of {expected}: it was started again, or has another port")]
    OtherServer {
        /// The address.
        url: String,
        /// The server that the master knows.
        expected: String,
        /// The server that answers.
        found: String,
    },
    /// A server has regions and tells of none.
    #[error("{url} has {count} regions and gives no numbers of them; ask again in a minute")]
    NoRegions {
        /// The server's address.
        url: String,
        /// How many it has.
        count: u64,
    },
    /// The numbers do not go into Prometheus's format.
    #[error("cannot write the numbers for Prometheus: {0}")]
    Prometheus(#[from] prometheus::Error),
}

impl Error {
    /// Whether trying again may help.
    pub fn status(&self) -> Status {
        match self {
            Self::Http(_) | Self::NoMaster | Self::Unknown { .. } | Self::Prometheus(_) => Status::Permanent,
            Self::Ask { status, .. } => *status,
            Self::Attribute { .. } | Self::StandsBy { .. } | Self::OtherServer { .. } | Self::NoRegions { .. } => {
                Status::Temporary
            }
        }
    }
}
