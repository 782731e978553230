//! What went out of a lake goes out of its tables as well: the arguments that name them, and doing it.

use std::{cell::Cell, collections::BTreeSet, env, time::Duration};

use clap::Args;
use tootmill_lake::{Lake, Lease, Place};
use tootmill_metric::{About, Registry, Table};
use tootmill_policy::Whom;
use tootmill_privacy::{Pending, log};
use tootmill_tables::{Destination, Part, Store};

use super::{
    destination::{self, DestinationParser},
    gdpr,
    import::now,
    load::{self, LoadArguments},
    tables::{LOADS, RUNS},
};
use crate::{failure::Failure, output::say};

const TABLES: &str = "TOOTMILL_TABLES";

/// Where tables are, and who compacts them.
#[derive(Args, Debug)]
pub(crate) struct PurgeArguments {
    /// Where the tables are: sqlite:FILE, or hbase://HOST:PORT, HBase's Thrift server; may be given more than once
    /// [default: sqlite:tootmill.db]
    #[arg(long, value_name = "DEST", env = TABLES, hide_env_values = true, value_parser = DestinationParser)]
    tables: Vec<Destination>,
    /// No tables were made from this lake, whatever the environment names
    #[arg(long)]
    no_tables: bool,
    /// The folder of HBase in HDFS, where is looked whether what was erased is gone: hdfs://HOST:PORT/hbase
    #[arg(long, value_name = "FOLDER", env = "TOOTMILL_HBASE_ROOT")]
    hbase_root: Option<String>,
    /// The program that flushes and compacts tables of HBase, which takes the orders of its shell on standard input
    #[arg(long, value_name = "COMMAND", env = "TOOTMILL_HBASE_ADMIN", default_value = "hbase shell -n")]
    hbase_admin: String,
}

/// So long is waited for HBase to compact its tables; what takes longer is looked at later.
const PATIENCE: Duration = Duration::from_mins(1);

impl PurgeArguments {
    /// Whether all is said that is needed, and something was loaded into the tables: others that nobody named would keep what they
    /// have.
    pub(crate) fn check(&self, registry: &Registry) -> Result<(), Failure> {
        let of_environment = env::var(TABLES).ok().and_then(|tables| tables.parse::<Destination>().ok());
        let is_said =
            |tables: &Destination| of_environment.as_ref().map(Destination::to_string) != Some(tables.to_string());
        if self.no_tables && self.tables.iter().any(is_said) {
            return Err(Failure::Usage("--no-tables says that there are none: leave out --tables".into()));
        }
        if self.hbase_root.is_none() && self.tables().iter().any(|tables| matches!(tables, Destination::Hbase(_))) {
            let needed =
                "name HBase's folder in HDFS by --hbase-root: without it nobody sees whether what is erased is gone";
            return Err(Failure::Usage(needed.into()));
        }
        for tables in self.tables() {
            if !tables.is_there() || is_empty(&tables, registry)? {
                let needed =
                    "name by --tables all that were made from this lake, or say --no-tables where there are none";
                return Err(Failure::Usage(format!("nothing was loaded into {tables}: {needed}")));
            }
        }
        Ok(())
    }

    /// Tells of tables that were made from the lake by its log, and are not named: they may be gone or have moved since, or are
    /// forgotten about.
    pub(crate) fn tell_of_others(&self, lake: &Lake) -> Result<(), Failure> {
        let entries = log::entries(lake)?.0;
        let named: BTreeSet<String> = self.addresses().iter().map(|address| gdpr::without_user(address)).collect();
        let loads = entries.iter().filter(|entry| entry.what() == "tootmill load");
        let made: BTreeSet<&str> = loads.flat_map(log::Entry::made).filter(|made| !named.contains(*made)).collect();
        if !made.is_empty() {
            let made = made.into_iter().collect::<Vec<_>>().join(", ");
            say(format!(
                "this lake was loaded into {made} once: where these are others than those named, they stay as they are"
            ));
        }
        Ok(())
    }

    fn tables(&self) -> Vec<Destination> {
        match &*self.tables {
            _ if self.no_tables => Vec::new(),
            [] => vec![destination::usual()],
            named => named.to_vec(),
        }
    }

    /// The addresses of the tables, without passwords.
    pub(crate) fn addresses(&self) -> BTreeSet<String> {
        self.tables().iter().map(Destination::to_string).collect()
    }

    /// Makes the tables hold what the lake holds now, without the rows of these accounts, nor anything of what they held
    /// before. Says how many files of HBase may still hold it.
    pub(crate) fn purge(
        &self,
        lake: &Lake,
        lease: &Lease,
        whom: &Whom,
        registry: &Registry,
        quiet: bool,
    ) -> Result<usize, Failure> {
        let mut pending = Vec::new();
        for tables in &self.tables() {
            if lake.versions(Place::Totals).current()?.is_some() {
                // What HBase hides by itself by now is no reason not to erase the rest.
                load::under_lease(lake, lease, tables, None, LoadArguments::leaving_out_expired(), quiet)?;
            }
            erase_rows(&mut *tables.create()?, registry, whom)?;
            if let Destination::Hbase(address) = tables {
                // Rows of other tables may be gone, too: a tag that only they used. And no log goes of which one is not flushed.
                let names = registry.metrics().iter().map(|one| one.table.name).chain([RUNS, LOADS]);
                pending.push(self.compact(names.map(|name| address.table(name)).collect())?);
            }
        }
        tootmill_privacy::note_pending(lake, pending)?;
        Ok(tootmill_privacy::pending(lake)?.iter().map(|pending| pending.files.len()).sum())
    }

    fn compact(&self, tables: BTreeSet<String>) -> Result<Pending, Failure> {
        let root = self.hbase_root.as_deref().unwrap_or_default();
        let program = shell_words::split(&self.hbase_admin)
            .map_err(|error| Failure::Usage(format!("--hbase-admin is no command: {error}")))?;
        Ok(Pending::begin(tables, root, &program, now().to_string(), PATIENCE)?)
    }
}

/// Removes the rows of accounts from the tables of metrics that keep names or ids, and fails where one is left.
fn erase_rows(store: &mut dyn Store, registry: &Registry, whom: &Whom) -> Result<(), Failure> {
    let of = |keeps: fn(&About) -> bool| {
        let metrics = registry.metrics().iter().filter(|one| keeps(&one.metric.about()));
        metrics.map(|one| one.table.clone()).collect::<Vec<Table>>()
    };
    let (of_names, of_ids) = (of(About::keeps_names), of(About::keeps_ids));
    // However a metric writes them.
    let is_name = |key: &str| whom.handles.contains(&key.to_lowercase());
    let is_id = |key: &str| whom.accounts.contains(key);
    if !of_names.is_empty() {
        let names = &keys(store, &of_names, is_name)? | &whom.handles;
        store.erase(&of_names, &names)?;
    }
    // Also where there are no such tables: then all is written anew that a load has taken out.
    store.erase(&of_ids, &whom.accounts)?;
    has_none(store, &of_names, is_name)?;
    has_none(store, &of_ids, is_id)
}

/// Fails where a table has a row that is meant.
fn has_none(store: &dyn Store, tables: &[Table], is_meant: impl Fn(&str) -> bool) -> Result<(), Failure> {
    for table in tables {
        if !keys(store, std::slice::from_ref(table), &is_meant)?.is_empty() {
            return Err(Failure::permanent(format!("a row of them is left in the table {}", table.name)));
        }
    }
    Ok(())
}

/// The keys of rows that are meant.
fn keys(store: &dyn Store, tables: &[Table], is_meant: impl Fn(&str) -> bool) -> Result<BTreeSet<String>, Failure> {
    let mut keys = BTreeSet::new();
    for table in tables {
        for part in [Part::Totals, Part::Days] {
            store.scan(table, part, &mut |_, row| {
                keys.extend(Some(&row.key).filter(|key| is_meant(key)).cloned());
                Ok(())
            })?;
        }
    }
    Ok(keys)
}

/// Whether nothing was loaded there, not even by a load that did not come to its end.
fn is_empty(tables: &Destination, registry: &Registry) -> Result<bool, Failure> {
    // To write: what a killed command left in a file of SQLite is taken back then, for which reading alone has no right.
    let store = tables.create()?;
    let of_metrics: Vec<Table> = registry.metrics().iter().map(|one| one.table.clone()).collect();
    let is_first = Cell::new(true);
    Ok(store.runs()?.is_empty() && keys(&*store, &of_metrics, |_| is_first.replace(false))?.is_empty())
}
