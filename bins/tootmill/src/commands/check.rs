//! `tootmill check`: whether everything answers that a day needs.

use std::{
    fmt::{self, Display},
    sync::Arc,
};

use clap::Args;
use serde_json::{Value, json};
use tootmill_mastodon::{AuthorizationServer, Client, Feed, Instance, Timeline};
use tootmill_metric::Status;
use tootmill_tables::Destination;

use super::{
    auth::{HowAskedArguments, TokenArguments, check_token},
    destination::DestinationParser,
    lake::{LakeArguments, OutcomeArguments},
    stage::On,
    yarn::ClusterArguments,
};
use crate::{failure::Failure, progress::CollectProgress};

/// Look whether everything answers that a day needs: the instance and its token, the lake, the cluster, the tables.
///
/// Nothing is changed. All parts are looked at, whatever is wrong with one. The exit code is 75 where something does not answer
/// and may soon, and 1 where something is wrong until somebody mends it. That somebody writes to the lake is said, and is no
/// failure.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
    tootmill check --lake hdfs://namenode:8020/tootmill --instance mastodon.example --tables hbase://thrift:9090 \\\n      \
    --contact admin@mill.example")]
pub(crate) struct Check {
    #[command(flatten)]
    lake: LakeArguments,
    /// Where the tables are: sqlite:FILE, or hbase://HOST:PORT, HBase's Thrift server
    #[arg(long, value_name = "DEST", default_value = "sqlite:tootmill.db", env = "TOOTMILL_TABLES", hide_env_values = true, value_parser = DestinationParser)]
    tables: Destination,
    /// Where days are computed: the cluster is looked at if there [default: on YARN where the lake is in HDFS]
    #[arg(long, value_name = "WHERE", env = "TOOTMILL_ON")]
    on: Option<On>,
    #[command(flatten)]
    asked: HowAskedArguments,
    #[command(flatten)]
    token: TokenArguments,
    #[command(flatten)]
    outcome: OutcomeArguments,
    #[command(flatten)]
    cluster: ClusterArguments,
}

/// What was found of one part.
#[derive(Debug)]
struct Part {
    name: &'static str,
    answers: bool,
    says: String,
    /// What to do, where there is something.
    advice: Option<&'static str>,
    /// Whether what is wrong may pass.
    passes: bool,
}

/// What a part says, and perhaps what to do.
type Answer = (String, Option<&'static str>);

impl Part {
    /// Wrong arguments are wrong usage, and end the look.
    fn of(name: &'static str, answer: Result<Answer, Failure>, advice: &'static str) -> Result<Self, Failure> {
        match answer {
            Ok((says, advice)) => Ok(Self { name, answers: true, says, advice, passes: true }),
            Err(Failure::Failed(says, status)) => {
                Ok(Self { name, answers: false, says, advice: Some(advice), passes: status == Status::Temporary })
            }
            Err(failure) => Err(failure),
        }
    }

    fn data(&self) -> Value {
        json!({"part": self.name, "answers": self.answers, "says": self.says, "advice": self.advice})
    }
}

impl Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers = match (self.answers, self.passes) {
            (true, _) => "answers",
            (false, true) => "no answer",
            (false, false) => "wrong",
        };
        write!(f, "{:<10}{answers:<11}{}", self.name, self.says)?;
        self.advice.map_or(Ok(()), |advice| write!(f, "\n{:21}{advice}", ""))
    }
}

impl Check {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let mut parts = vec![
            Part::of("instance", self.instance(), "`tootmill auth status` says more of the token")?,
            Part::of("lake", self.lake(), "look at --lake, and whether HDFS runs")?,
        ];
        if On::or_where(self.on, &self.lake) == On::Yarn {
            let answer = self.cluster.cluster().and_then(|cluster| Ok((cluster.check()?, None)));
            parts.push(Part::of("cluster", answer, "look whether YARN runs, or compute with --on local")?);
        }
        let tables = self.tables.check().map(|()| (self.tables.to_string(), None)).map_err(Failure::from);
        parts.push(Part::of("tables", tables, "look at --tables, and whether HBase's Thrift server runs")?);
        let text: Vec<String> = parts.iter().map(Part::to_string).collect();
        self.outcome.tell(&text.join("\n"), &parts.iter().map(Part::data).collect())?;
        verdict(&parts)
    }

    /// What the instance says; of its timeline, too, where it is asked without a token.
    fn instance(&self) -> Result<Answer, Failure> {
        let address = self.asked.address(&self.lake.instance);
        let settings = self.asked.settings(&self.lake.instance)?;
        let progress = || Box::new(Arc::new(CollectProgress::new(self.outcome.quiet)));
        let Some(found) = self.token.find(address)? else {
            let client = Client::new(address, settings, progress())?;
            let instance = Instance::of(&client)?;
            Timeline::open(&client, &instance, Feed::default())?;
            let says = format!("{} has version {}, and is asked without a token", client.base(), instance.version);
            return Ok((says, Some("`tootmill auth login` gets a token, with which more may be read")));
        };
        let server = AuthorizationServer::of(address, settings, progress())?;
        Ok((format!("{}: {}", server.instance(), check_token(&server, &found)?), None))
    }

    fn lake(&self) -> Result<Answer, Failure> {
        let lake = self.lake.open()?;
        lake.storage().list(lake.root())?;
        Ok(match lake.holder()? {
            None => (format!("{}: nobody writes to it", lake.address()), None),
            Some(holder) => (
                format!("{} is being written by {holder}", lake.address()),
                Some("a stage that begins before that is done ends with exit code 75"),
            ),
        })
    }
}

/// A failure where not all parts answer: for good, if one of them is wrong for good.
fn verdict(parts: &[Part]) -> Result<(), Failure> {
    let failed: Vec<&Part> = parts.iter().filter(|part| !part.answers).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = failed.iter().map(|part| part.name).collect();
    let status = if failed.iter().all(|part| part.passes) { Status::Temporary } else { Status::Permanent };
    Err(Failure::Failed(format!("not all that a day needs answers: {}", names.join(", ")), status))
}
