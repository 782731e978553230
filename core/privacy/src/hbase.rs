//! What HBase still has of rows that were erased: files that were written before, which go one after the other.
//!
//! A row that was removed stays in the files of its table until they are compacted, then in the archive, and in the logs of writing
//! until these are removed, too. No call of its Thrift servers compacts a table for certain, so a program is asked that does.

use std::{
    collections::BTreeSet,
    io::Write,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant as Moment},
};

use serde::{Deserialize, Serialize};
use tootmill_lake::{Entry, Lake, Storage, open_storage};

use crate::error::Error;

/// Files of HBase that may hold what was erased. Their names tell nobody's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Pending {
    /// The tables, as HBase calls them.
    pub tables: BTreeSet<String>,
    /// The folder of HBase in HDFS.
    pub root: String,
    /// When rows were erased, an instant as text.
    pub since: String,
    /// The names of the files.
    pub files: BTreeSet<String>,
}

/// How often is looked whether files are gone.
const AGAIN: Duration = Duration::from_millis(500);

impl Pending {
    /// Has the tables flushed and compacted by a program that takes the orders of HBase's shell on its standard input. Gives the
    /// files that may hold what was erased; of those of the tables themselves it waits for the end, but not longer than this.
    pub fn begin(
        tables: BTreeSet<String>,
        root: &str,
        program: &[String],
        since: String,
        patience: Duration,
    ) -> Result<Self, Error> {
        let (storage, folder) = open_storage(root)?;
        let tables = those_there(&*storage, &folder, tables)?;
        let orders = |order: &str| tables.iter().map(|table| format!("{order} '{table}'\n")).collect::<String>();
        order(program, &orders("flush"))?;
        let mut files = of_tables(&*storage, &format!("{folder}/data"), &tables)?;
        let of_tables_now = Self { tables: tables.clone(), files: files.clone(), ..Self::default() };
        files.extend(everywhere(&*storage, &folder, &tables)?);
        // A log that is being written goes no sooner than its server begins another, which who may not order it waits for.
        let servers = storage.list(&format!("{folder}/WALs"))?;
        // Of a server that died, HBase splits the log by itself.
        let alive = servers.iter().map(Entry::name).filter(|server| !server.ends_with("-splitting"));
        let rolls: String = alive.map(|server| format!("wal_roll '{server}'\n")).collect();
        let _ = order(program, &rolls);
        order(program, &orders("major_compact"))?;
        let began = Moment::now();
        while began.elapsed() < patience
            && !of_tables_now.among(of_tables(&*storage, &format!("{folder}/data"), &tables)?).is_empty()
        {
            thread::sleep(AGAIN);
        }
        // A compaction that HBase began by itself before the order made a file that was not there yet.
        files.extend(of_tables(&*storage, &format!("{folder}/archive/data"), &tables)?);
        Ok(Self { tables, root: root.into(), since, files })
    }

    /// Those of the files that are still there.
    pub fn left(&self) -> Result<BTreeSet<String>, Error> {
        let (storage, folder) = open_storage(&self.root)?;
        Ok(self.among(everywhere(&*storage, &folder, &self.tables)?))
    }

    fn among(&self, there: BTreeSet<String>) -> BTreeSet<String> {
        there.into_iter().filter(|name| self.files.contains(name)).collect()
    }
}

/// The erasures that HBase has not come to the end of, as they were noted.
pub fn pending(lake: &Lake) -> Result<Vec<Pending>, Error> {
    let read = |text: &str| serde_json::from_str(text);
    Ok(lake.storage().read_as(&lake.pending_erasures(), read)?.unwrap_or_default())
}

/// Notes the files that are left of earlier erasures, and those of another one.
pub fn note_pending(lake: &Lake, another: impl IntoIterator<Item = Pending>) -> Result<(), Error> {
    let mut all = pending(lake)?;
    all.extend(another);
    for one in &mut all {
        one.files = one.left()?;
    }
    all.retain(|one| !one.files.is_empty());
    if all.is_empty() {
        return Ok(lake.storage().remove(&lake.pending_erasures())?);
    }
    let text = serde_json::to_string_pretty(&all).unwrap_or_default();
    Ok(lake.storage().write_text(&lake.pending_erasures(), &text)?)
}

/// Those of the tables that there are.
fn those_there(storage: &dyn Storage, root: &str, tables: BTreeSet<String>) -> Result<BTreeSet<String>, Error> {
    let mut there = BTreeSet::new();
    for table in tables {
        let (namespace, name) = table.split_once(':').unwrap_or(("default", &table));
        if storage.find(&format!("{root}/data/{namespace}/{name}"))?.is_some() {
            there.insert(table);
        }
    }
    Ok(there)
}

/// The names of all files that may hold rows of tables: their own, those in the archive, and the logs.
fn everywhere(storage: &dyn Storage, root: &str, tables: &BTreeSet<String>) -> Result<BTreeSet<String>, Error> {
    let mut names = of_tables(storage, &format!("{root}/data"), tables)?;
    names.extend(of_tables(storage, &format!("{root}/archive/data"), tables)?);
    for logs in ["WALs", "oldWALs"] {
        names.extend(names_below(storage, &format!("{root}/{logs}"))?);
    }
    Ok(names)
}

/// The names of the store files of tables below a folder.
fn of_tables(storage: &dyn Storage, folder: &str, tables: &BTreeSet<String>) -> Result<BTreeSet<String>, Error> {
    let mut names = BTreeSet::new();
    for table in tables {
        let (namespace, table) = table.split_once(':').unwrap_or(("default", table));
        names.extend(names_below(storage, &format!("{folder}/{namespace}/{table}"))?);
    }
    Ok(names)
}

/// The names of all files below a folder but those that are hidden, which say what the folder is; the empty ones that say how far a
/// region has come; and logs of HBase's own table of regions, and of its master.
fn names_below(storage: &dyn Storage, folder: &str) -> Result<BTreeSet<String>, Error> {
    let names = storage.files_below(folder)?.into_iter().map(|file| file.name().to_owned());
    Ok(names
        .filter(|name| ![".seqid", ".meta", "$masterlocalwal$"].iter().any(|ending| name.ends_with(ending)))
        .collect())
}

/// Gives a program orders, and waits until it has ended.
fn order(program: &[String], orders: &str) -> Result<(), Error> {
    let failed = |reason: String| Error::HbaseAdmin { program: program.join(" "), reason };
    let (name, arguments) = program.split_first().ok_or_else(|| failed("no program is named".into()))?;
    let run = || {
        let mut process = Command::new(name)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        // Its end is read below: one that does not read its orders says why it ended.
        let _ = process.stdin.take().map(|mut input| input.write_all(orders.as_bytes()));
        process.wait_with_output()
    };
    let output = run().map_err(|error| failed(error.to_string()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(failed(said.lines().last().unwrap_or_default().into())) }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn an_erasure_is_pending_until_the_last_file_that_was_there_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("hbase");
        let file = |path: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        };
        let store = "data/default/user_table/r1/data/aa";
        for path in [
            store,
            "data/default/user_table/.tabledesc/x",
            "data/default/user_table/r1/recovered.edits/1.seqid",
            "WALs/server/log.1.meta",
            "oldWALs/log.1$masterlocalwal$",
            "archive/data/mill/user_table/r2/data/bb",
            "WALs/server/log.1",
        ] {
            file(path);
        }
        // Stands for a program that compacts: what was in the table is in the archive then.
        let program = folder.path().join("admin");
        let script = format!(
            "#!/bin/sh\ncd {} || exit 1\nwhile read order table; do echo \"$order $table\" >> orders\n[ $order != major_compact ] || {{ mkdir -p \
             archive/data/default/user_table/r1/data && mv {store} archive/data/default/user_table/r1/data/aa; touch \
             data/default/user_table/r1/data/cc; }}; done\n",
            root.display()
        );
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        let tables = BTreeSet::from(["user_table".to_owned(), "not_there".to_owned()]);
        let (root_name, program) = (root.display().to_string(), [program.display().to_string()]);
        let begin = |program: &[String]| {
            Pending::begin(tables.clone(), &root_name, program, "2026-11-24".into(), Duration::from_secs(20))
        };
        let pending_files = begin(&program).unwrap();
        assert_eq!(
            fs::read_to_string(root.join("orders")).unwrap(),
            "flush 'user_table'\nwal_roll 'server'\nmajor_compact 'user_table'\n"
        );
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(pending_files.files, names(&["aa", "log.1"]));
        assert_eq!(pending_files.left().unwrap(), names(&["aa", "log.1"]));

        let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
        note_pending(&lake, [pending_files]).unwrap();
        fs::rename(root.join("WALs/server/log.1"), root.join("oldWALs/log.1")).unwrap();
        fs::remove_dir_all(root.join("archive")).unwrap();
        assert_eq!(pending(&lake).unwrap()[0].left().unwrap(), names(&["log.1"]));
        fs::remove_dir_all(root.join("oldWALs")).unwrap();
        note_pending(&lake, []).unwrap();
        assert_eq!(pending(&lake).unwrap(), []);
        let error = begin(&["/does/not/exist".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("/does/not/exist"), "{error}");
    }

    #[test]
    fn a_file_that_came_and_went_while_tables_were_compacted_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let (program, root) = (folder.path().join("admin"), folder.path().join("hbase"));
        let archive = root.join("archive/data/default/user_table/r1/data");
        let script = format!(
            "#!/bin/sh\nif grep -q major_compact; then mkdir -p {0} && touch {0}/minor; fi\n",
            archive.display()
        );
        fs::create_dir_all(root.join("data/default/user_table")).unwrap();
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        let (root, program) = (root.display().to_string(), [program.display().to_string()]);
        let pending =
            Pending::begin(["user_table".into()].into(), &root, &program, "2026-11-24".into(), Duration::ZERO).unwrap();
        assert_eq!(pending.files, BTreeSet::from(["minor".to_owned()]));
    }
}
