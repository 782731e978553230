//! What is held about one person (article 15): every line, record and row of theirs in a lake and in tables.

mod mentioned;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    io::BufRead,
};

use serde::Serialize;
use serde_json::Value;
use tootmill_input::{Inputs, lines_of};
use tootmill_lake::{Entry, Lake, input};
use tootmill_metric::{About, Instant, Registered, Registry, field::unescape};
use tootmill_policy::{Finder, Named, Whom};
use tootmill_tables::{Part, Store};

use self::mentioned::{mentioned, text_at};
use crate::error::Error;

/// What is held about one person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Access {
    /// The account that was asked for, as it was written.
    pub account: String,
    /// The instance whose posts are processed.
    pub instance: String,
    /// When it was looked for, as text.
    pub at: String,
    /// The ids by which the account is known here.
    pub ids: BTreeSet<String>,
    /// Where it was looked: the places of the lake, and the tables.
    pub searched: Vec<String>,
    /// What may be held all the same, and why it was not found: sentences.
    pub limits: Vec<String>,
    /// What is held, by place.
    pub held: Vec<Held>,
}

/// One thing that is held, wherever it lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// What it is.
    pub what: What,
    /// The thing itself, as it is held.
    pub data: Value,
    /// The files or tables that it is in.
    pub places: BTreeSet<String>,
}

/// What is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// An observation of a post of theirs, with what their account said then.
    Post,
    /// That a post of theirs was deleted.
    Deletion,
    /// Of a post of somebody else, what in it is about them.
    Mention,
    /// What a metric counts of them.
    State,
    /// A row about them, on its way into a table.
    Row,
    /// A row about them in a table.
    TableRow,
}

/// The tables that are looked through with a lake.
#[derive(Clone, Copy)]
pub struct Tables<'t> {
    /// Where they are, for people.
    pub name: &'t str,
    /// What reads them; `None` where there are none.
    pub store: Option<&'t dyn Store>,
}

/// The places of a lake that are looked through.
const PLACES: [&str; 6] = ["raw", "posts", "compaction", "states", "totals", "rows"];

/// What was found, each thing once.
#[derive(Default)]
struct Findings(BTreeMap<(What, String), (Value, BTreeSet<String>)>);

impl Findings {
    fn add(&mut self, what: What, data: Value, place: &str) {
        let found = self.0.entry((what, data.to_string())).or_insert_with(|| (data, BTreeSet::new()));
        found.1.insert(place.to_owned());
    }
}

/// Looks for all that is held about an account, in all files of a lake, those that count no more among them, and in tables. Where
/// there is no lake it finds nothing.
pub fn access(
    lake: &Lake,
    tables: &Tables<'_>,
    registry: &Registry,
    account: &str,
    now: Instant,
) -> Result<Access, Error> {
    let mut whom = Whom::default();
    whom.add_account(Named::parse(account, lake.instance())?);
    // Deletions tell nothing but the id of a post.
    whom.learn(lake.instance(), |each| each_line(lake, &["raw", "posts"], &mut |_, line| each(line)))?;
    let mut found = Findings::default();
    let finder = whom.finder(lake.instance())?;
    each_line(lake, &["raw", "posts"], &mut |file, line| of_line(&whom, &finder, line, file, &mut found))?;
    of_compaction(lake, &whom, &mut found)?;
    let metrics = Keyed(registry);
    each_line(lake, &["states", "totals"], &mut |file, line| metrics.of_record(&whom, line, file, &mut found))?;
    each_line(lake, &["rows"], &mut |file, line| metrics.of_row(&whom, line, file, &mut found))?;
    if let Some(store) = tables.store {
        metrics.of_tables(&whom, store, tables.name, &mut found)?;
    }
    let held = found.0.into_iter().map(|((what, _), (data, places))| Held { what, data, places });
    Ok(Access {
        account: account.into(),
        instance: lake.instance().into(),
        at: now.to_string(),
        ids: whom.accounts.clone(),
        searched: searched(tables),
        limits: limits(&whom, tables),
        held: held.collect(),
    })
}

fn searched(tables: &Tables<'_>) -> Vec<String> {
    let of_tables = tables.store.map(|_| format!("the tables in {}", tables.name));
    PLACES.into_iter().map(|place| format!("{place} in the lake")).chain(of_tables).collect()
}

fn limits(whom: &Whom, tables: &Tables<'_>) -> Vec<String> {
    let of_name = "No id of the account is known here. Posts that are kept without a name, and what is counted of them, are not \
                   found by a name: ask again with the account's id.";
    let of_tables = || format!("No tables were searched: there are none in {}.", tables.name);
    let of_hashes = "Of who is forgotten a hash is held, so that they are not collected again: whether there is one of this account \
                     is not looked for here. While they are being forgotten, or let go, a file in `privacy` has their ids, too.";
    let of_name = whom.accounts.is_empty().then(|| of_name.to_owned());
    of_name.into_iter().chain(tables.store.is_none().then(of_tables)).chain([of_hashes.to_owned()]).collect()
}

/// Calls `each` with every line of all files of places, and the file's path in the lake. A line that is no UTF-8 is read with
/// what stands for what cannot be read.
fn each_line(lake: &Lake, places: &[&str], each: &mut dyn FnMut(&str, &str)) -> Result<(), Error> {
    for place in places {
        let (mut read, mut are_all_there) = (BTreeSet::new(), false);
        // Others may put a new version in the place of the files that were listed: then that one is read.
        while !are_all_there {
            are_all_there = true;
            for file in lake.storage().files_below(&format!("{}/{place}", lake.root()))? {
                if read.insert(file.path.clone()) {
                    are_all_there &= each_line_of(lake, &file, each)?;
                }
            }
        }
    }
    Ok(())
}

/// The same with one file, unless it is gone; gives whether it was there.
fn each_line_of(lake: &Lake, file: &Entry, each: &mut dyn FnMut(&str, &str)) -> Result<bool, Error> {
    let path = lake.relative(&file.path);
    let (mut line, mut lines) = (Vec::new(), lines_of([input(lake.storage(), file)].into_iter().collect::<Inputs>()));
    loop {
        line.clear();
        match lines.read_until(b'\n', &mut line) {
            Ok(0) => return Ok(true),
            Ok(_) => each(path, String::from_utf8_lossy(&line).trim_end_matches('\n')),
            Err(_) if lake.storage().find(&file.path)?.is_none() => return Ok(false),
            Err(error) => return Err(unreadable(lake, file, error)),
        }
    }
}

/// Why a file cannot be read: as the storage says it, or else because of what is in it.
fn unreadable(lake: &Lake, file: &Entry, error: std::io::Error) -> Error {
    let path = lake.storage().address(&file.path);
    Error::Lake(match error.downcast::<tootmill_lake::Error>() {
        Ok(error) => error,
        Err(source) if source.raw_os_error().is_some() => tootmill_lake::Error::Disk { action: "read", path, source },
        Err(error) => tootmill_lake::Error::Content { path, reason: error.to_string() },
    })
}

fn of_line(whom: &Whom, finder: &Finder<'_>, line: &str, file: &str, found: &mut Findings) {
    if !finder.may_have(line) {
        return;
    }
    if let Some(theirs) = finder.theirs(line) {
        found.add(What::Post, as_data(theirs), file);
    } else if text_at(line, &["deleted"]).is_some_and(|id| whom.posts.contains(&id)) {
        found.add(What::Deletion, as_data(line), file);
    } else if let Some(about) = mentioned(whom, finder, line) {
        found.add(What::Mention, about, file);
    }
}

/// A line as data; as text where serde cannot read it, such as one with half of a character.
fn as_data(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|_| line.into())
}

/// The ids of deleted posts that a compaction remembers.
fn of_compaction(lake: &Lake, whom: &Whom, found: &mut Findings) -> Result<(), Error> {
    let Some(version) = lake.versions(tootmill_lake::Place::Compaction).current()? else { return Ok(()) };
    let manifest: Value = version.manifest()?;
    let path = lake.relative(&version.folder).to_owned();
    for deleted in manifest.get("deleted").and_then(Value::as_array).into_iter().flatten() {
        if deleted.as_str().is_some_and(|id| whom.posts.contains(id)) {
            found.add(What::Deletion, serde_json::json!({"deleted": deleted}), &path);
        }
    }
    Ok(())
}

/// The metrics, whose keys or members may be accounts, as they declare it.
struct Keyed<'r>(&'r Registry);

impl Keyed<'_> {
    /// What a metric says of itself, if it is linked.
    fn about(&self, is_it: impl Fn(&&Registered) -> bool) -> Option<About> {
        Some(self.0.metrics().iter().find(is_it)?.metric.about())
    }

    fn of_record(&self, whom: &Whom, line: &str, file: &str, found: &mut Findings) {
        let mut fields = line.splitn(4, '\t').map(|field| unescape(field).unwrap_or_default());
        let [metric, key, member, state] = [(); 4].map(|()| fields.next().unwrap_or_default());
        let about = || self.about(|one| one.name() == metric);
        if whom.is_kept_as(&key, about) || whom.is_kept_as(&member, about) {
            let data = serde_json::json!({"metric": metric, "key": key, "member": member, "state": state});
            found.add(What::State, data, file);
        }
    }

    fn of_row(&self, whom: &Whom, line: &str, file: &str, found: &mut Findings) {
        let mut fields = line.splitn(4, '\t').map(|field| unescape(field).unwrap_or_default());
        let [table, key, column, value] = [(); 4].map(|()| fields.next().unwrap_or_default());
        if whom.is_kept_as(&key, || self.about(|one| one.table.name == table)) {
            let data = serde_json::json!({"table": table, "key": key, "column": column, "value": value});
            found.add(What::Row, data, file);
        }
    }

    fn of_tables(&self, whom: &Whom, store: &dyn Store, name: &str, found: &mut Findings) -> Result<(), Error> {
        for Registered { table, metric, .. } in self.0.metrics() {
            for part in [Part::Totals, Part::Days] {
                store.scan(table, part, &mut |day, row| {
                    if whom.is_kept_as(&row.key, || Some(metric.about())) {
                        let cells: BTreeMap<&str, &str> = row.named(table).collect();
                        let day = day.map(|day| day.to_string());
                        let data = serde_json::json!({"table": table.name, "day": day, "key": row.key, "cells": cells});
                        found.add(What::TableRow, data, name);
                    }
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

impl What {
    fn heading(self) -> &'static str {
        match self {
            Self::Post => "Your posts, as they were observed, with what your account said then",
            Self::Deletion => "That posts of yours were deleted",
            Self::Mention => "Posts of others, as far as they are about you",
            Self::State => "What is counted of you",
            Self::Row => "Rows about you, on their way into tables",
            Self::TableRow => "Rows about you in tables",
        }
    }
}

impl Access {
    /// It as a text for the person: every field on a line of its own.
    pub fn text(&self) -> String {
        let mut text = format!("What is held about the account {} of {}\n", self.account, self.instance);
        let ids: Vec<&str> = self.ids.iter().map(String::as_str).collect();
        let ids = if ids.is_empty() { "no id".into() } else { format!("id {}", ids.join(", ")) };
        let _ = writeln!(text, "As of {}; known here by {ids}.", self.at);
        let _ = writeln!(text, "Searched: {}.", self.searched.join(", "));
        for limit in &self.limits {
            let _ = writeln!(text, "{limit}");
        }
        if self.held.is_empty() {
            text += "\nNothing was found.\n";
        }
        let mut last = None;
        for Held { what, data, places } in &self.held {
            if last != Some(*what) {
                let heading = what.heading();
                let _ = write!(text, "\n{heading}\n{}\n", "=".repeat(heading.len()));
                last = Some(*what);
            }
            text.push('\n');
            flatten(data, "", &mut text);
            let places: Vec<&str> = places.iter().map(String::as_str).collect();
            let _ = writeln!(text, "  (in {})", places.join(", "));
        }
        text
    }
}

/// Writes the values of data, each with its path.
fn flatten(data: &Value, path: &str, text: &mut String) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match data {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| flatten(value, &below(name), text)),
        Value::Array(items) => {
            (1..).zip(items).for_each(|(number, item)| flatten(item, &below(&format!("{number}")), text));
        }
        Value::String(value) => drop(writeln!(text, "  {path}: {}", value.replace(char::is_control, " "))),
        value => drop(writeln!(text, "  {path}: {value}")),
    }
}

#[cfg(test)]
mod tests;
