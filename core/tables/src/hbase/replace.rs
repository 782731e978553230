//! Loading: what is to be written is found, claimed, written, read back where that is wanted, and said to be done.

use std::collections::BTreeMap;

use hbase_thrift::hbase::{BatchMutation, Mutation, THbaseSyncClient};
use jiff::Timestamp;
use tootmill_engine::Family as TableFamily;
use tootmill_metric::{Day, Table};

use super::{
    admin::Making,
    error::Error as HbaseError,
    loads::{self, Record, Story},
    schema::Family,
    store::{Hbase, RUNS, cells_of_run, is_zero, row_of, timestamp_of, zero},
    writer::{self, Writer},
};
use crate::{
    changes::{Change, Changes},
    error::Error,
    load::Load,
    rows::{Row, Rows},
    store::{LoadOptions, Loaded, Watch, Written},
    verify::verify,
};

/// Makes the tables hold what is loaded.
pub(super) fn replace(hbase: &Hbase, load: &Load, options: LoadOptions, watch: &dyn Watch) -> Result<Loaded, Error> {
    let digest = load.digest();
    if !options.all && hbase.has_tables(&load.tables, watch)? {
        let story = Story::of(hbase.records(watch)?);
        if story.is_whole && story.finished.as_ref().is_some_and(|finished| finished.digest == digest) {
            let verified = options.verify.then(|| verify_again(hbase, load, &story, watch)).transpose()?;
            return Ok(Loaded { written: None, verified });
        }
    }
    // A row that no table can take is found before the first is written.
    let of_tables = count(&load.totals, &load.tables)?;
    let making = Making { keys: Some(&load.totals), compression: None };
    let made = hbase.create_tables(&load.tables, making, watch)?;
    for difference in made.iter().filter(|made| !made.is_new).flat_map(|made| &made.differences) {
        watch.note(&format!("not as declared: {difference}"));
    }
    let story = Story::of(hbase.records(watch)?);
    let timestamp = load.as_of.millis().max(story.last.map_or(i64::MIN, |last| last.saturating_add(1)));
    if timestamp < 0 {
        return Err(HbaseError::Time(load.as_of.to_string()).into());
    }
    let wanted = days(load, &story, options);
    let count_of_wanted = wanted.len();
    let days = refuse_what_would_hide(hbase, load, timestamp, wanted, options)?;
    for day in &days {
        day.rows.as_ref().map(|rows| count(rows, &load.tables)).transpose()?;
    }
    let mut record = Record::begin(timestamp);
    record.digest = digest;
    if days.len() < count_of_wanted {
        // Not all of it: the same load is looked at again the next time.
        record.digest += " without old days";
    }
    record.totals = load.totals.digest().into();
    record.days = days.iter().map(|day| (day.day, (day.version, day.digest().to_string()))).collect();
    hbase.claim(&record, watch)?;

    let writes_all = options.all || !story.is_whole;
    let finished = story.finished.as_ref().filter(|_| !writes_all);
    // Rows of a metric that is not linked any more cannot be read here, but in the table.
    let is_before = |rows: &&Rows| finished.is_some_and(|finished| finished.totals == rows.digest());
    let before = load.earlier_totals.iter().find(is_before).filter(|rows| count(rows, &load.tables).is_ok());
    let writing = Writing { hbase, load, story: &story, timestamp, writes_all, before, watch };
    let is_new: Vec<bool> = made.iter().map(|created| created.is_new).collect();
    let connection = hbase.connection.borrow().another();
    let mut written =
        Written { timestamp, rows: of_tables.iter().sum(), days: days.len() as u64, ..Written::default() };
    writer::write(&connection, &hbase.retries, watch, |writer| {
        writing.totals(writer, &is_new, &mut written)?;
        days.iter().enumerate().try_for_each(|(done, day)| {
            watch.progress("writing days", done as u64, days.len() as u64);
            writing.day(writer, day, &mut written)
        })
    })?;

    let mut versions: BTreeMap<Day, u64> = story.days.iter().map(|(day, (version, _))| (*day, *version)).collect();
    versions.extend(days.iter().map(|day| (day.day, day.version)));
    versions.retain(|day, _| load.day_rows.iter().any(|of_load| of_load.day == *day));
    *hbase.versions.borrow_mut() = Some(versions);
    // What was sent and not answered may be there or not, and may come late; also what a load sent that did not come to its end,
    // or what somebody wrote of whom nothing is recorded.
    let is_unknown = !story.is_whole && made.iter().any(|made| !made.is_new);
    let verified = if options.verify || hbase.retries.some_were_lost() || is_unknown {
        let is_written = |day| days.iter().any(|written| written.day == day);
        Some(verify(hbase, load, is_written, watch)?)
    } else {
        None
    };
    hbase.finish(&record, load, &of_tables, watch)?;
    written.retries = hbase.retries.count();
    Ok(Loaded { written: Some(written), verified: verified.filter(|_| options.verify) })
}

/// Reads everything back that was loaded before; what is not right is written by the next load.
fn verify_again(hbase: &Hbase, load: &Load, story: &Story, watch: &dyn Watch) -> Result<u64, Error> {
    let oldest = oldest_day(hbase, load)?;
    let is_shown = |day: Day| {
        let written = story.days.get(&day);
        written.is_some_and(|(version, _)| oldest.is_none_or(|oldest| timestamp_of(day, *version) > oldest))
    };
    let verified = verify(hbase, load, is_shown, watch);
    if matches!(verified, Err(Error::Differs { .. })) {
        hbase.say_that_tables_change(watch)?;
    }
    verified
}

/// The timestamp up to which a table does not show the cells of days any more, because their time is over.
fn oldest_day(hbase: &Hbase, load: &Load) -> Result<Option<i64>, Error> {
    let mut oldest = None;
    for table in &load.tables {
        let families = hbase.families(&hbase.name(table.name), &())?;
        let day = families.iter().find(|family| family.name == TableFamily::Day.name());
        oldest = oldest.max(day.and_then(oldest_shown));
    }
    Ok(oldest)
}

/// Up to which timestamp a family's time to live hides cells at this moment.
fn oldest_shown(family: &Family) -> Option<i64> {
    let seconds = family.time_to_live?;
    Some(Timestamp::now().as_millisecond().saturating_sub(i64::from(seconds).saturating_mul(1000)))
}

/// How many rows each table has; all can be read, and are of these tables.
fn count(rows: &Rows, tables: &[Table]) -> Result<Vec<u64>, Error> {
    let mut read = rows.read(tables)?;
    let mut counts = vec![0; tables.len()];
    while let Some(place) = read.table()? {
        let Some(count) = counts.get_mut(place) else { break };
        while read.next_of(place)?.is_some() {
            *count += 1;
        }
    }
    Ok(counts)
}

/// A day that is written.
struct DayWriting {
    day: Day,
    version: u64,
    /// Its rows; `None` where the day is in the load no longer.
    rows: Option<Rows>,
}

impl DayWriting {
    fn digest(&self) -> &str {
        self.rows.as_ref().map_or("", Rows::digest)
    }

    fn timestamp(&self) -> i64 {
        timestamp_of(self.day, self.version)
    }
}

/// The days that are not there as they should be.
fn days(load: &Load, story: &Story, options: LoadOptions) -> Vec<DayWriting> {
    let mut days = Vec::new();
    for of_load in &load.day_rows {
        let digest = of_load.rows.digest();
        if options.all || !story.holds(of_load.day, digest) {
            let version = story.version(of_load.day, of_load.version, digest);
            days.push(DayWriting { day: of_load.day, version, rows: Some(of_load.rows.clone()) });
        }
    }
    for day in story.days_with_rows().filter(|day| !load.day_rows.iter().any(|of_load| of_load.day == *day)) {
        days.push(DayWriting { day, version: story.version(day, None, ""), rows: None });
    }
    days
}

/// Looks at the tables as they are, and refuses to write cells that they would not show.
fn refuse_what_would_hide(
    hbase: &Hbase,
    load: &Load,
    timestamp: i64,
    mut days: Vec<DayWriting>,
    options: LoadOptions,
) -> Result<Vec<DayWriting>, Error> {
    for table in &load.tables {
        let name = hbase.name(table.name);
        let wrong = |reason: String| HbaseError::Table { table: name.clone(), reason };
        let action = format!("look at the table `{name}`");
        if !hbase.call(&action, &(), |client| client.is_table_enabled(name.clone().into_bytes()))? {
            return Err(HbaseError::Disabled { table: name }.into());
        }
        let families = hbase.families(&name, &())?;
        for family in [TableFamily::Data, TableFamily::Day] {
            let Some(found) = families.iter().find(|found| found.name == family.name()) else {
                let there: Vec<&str> = families.iter().map(|found| &*found.name).collect();
                let (family, there) = (family.name(), there.join(", "));
                return Err(wrong(format!(
                    "it has no family `{family}`, only {there}; it is not one of Tootmill's, or was made by hand: load into \
                     another namespace, or drop it by `tootmill tables drop`"
                ))
                .into());
            };
            let Some(oldest) = oldest_shown(found) else { continue };
            let seconds = found.time_to_live.unwrap_or_default();
            let reason = |what: String| {
                let family = family.name();
                wrong(format!(
                    "the time to live of its family `{family}` is {seconds} s, and would hide the cells of {what} at once: \
                     `tootmill tables diff` shows how it should be"
                ))
            };
            match family {
                TableFamily::Data if timestamp <= oldest => return Err(reason(load.as_of.to_string()).into()),
                TableFamily::Data => {}
                TableFamily::Day => {
                    // A day that went away has nothing to hide.
                    let is_kept = |day: &DayWriting| day.rows.is_some() && !options.leave_out_expired;
                    days.retain(|day| day.timestamp() > oldest || is_kept(day));
                    if let Some(day) = days.iter().find(|day| day.timestamp() <= oldest) {
                        let error = reason(day.day.to_string());
                        return Err(HbaseError::Expired { error: error.to_string() }.into());
                    }
                }
            }
        }
    }
    Ok(days)
}

/// A load that goes on.
struct Writing<'w> {
    hbase: &'w Hbase,
    load: &'w Load,
    story: &'w Story,
    timestamp: i64,
    writes_all: bool,
    /// The rows that the tables hold, where they can be read elsewhere than in the tables.
    before: Option<&'w Rows>,
    watch: &'w dyn Watch,
}

/// How many rows are dealt with between two words about it.
const TELL_EVERY: u64 = 1000;

impl Writing<'_> {
    /// Writes the rows of the totals that changed, and removes those that are gone.
    fn totals(&self, writer: &mut Writer<'_>, is_new: &[bool], written: &mut Written) -> Result<(), Error> {
        if self.holds_totals() {
            return Ok(());
        }
        let tables = &self.load.tables;
        let mut now = self.load.totals.read(tables)?;
        let mut before = self.before.map(|rows| rows.read(tables)).transpose()?;
        let (all, mut done) = (written.rows, 0);
        for (place, table) in tables.iter().enumerate() {
            let (name, columns) = (self.hbase.name(table.name), columns(table, TableFamily::Data));
            let mut changes = Changes::new(&mut now, place, |change| {
                let (row, lost) = match &change {
                    Change::Gone(row) => {
                        written.removed += 1;
                        let family: &[u8] = TableFamily::Data.name().as_bytes();
                        return Ok(writer.remove(&name, self.timestamp - 1, &row.key, [family].into_iter())?);
                    }
                    Change::New(row) | Change::Same(row) => (*row, Vec::new()),
                    Change::Changed(row, before) => (*row, lost_columns(row, before, &columns)),
                };
                if done % TELL_EVERY == 0 {
                    self.watch.progress("writing", done, all);
                }
                done += 1;
                if matches!(change, Change::Same(_)) && !self.writes_all {
                    return Ok(());
                }
                written.changed += 1;
                if !lost.is_empty() {
                    writer.remove(&name, self.timestamp - 1, &row.key, lost.into_iter())?;
                }
                Ok(writer.put(&name, self.timestamp, &row.key, cells(row, &columns))?)
            });
            match &mut before {
                // Nothing was before: since it was made, everything is written.
                _ if is_new.get(place) == Some(&true) => {}
                Some(before) => {
                    while let Some(row) = before.next_of(place)? {
                        changes.before(row)?;
                    }
                }
                None => {
                    let family = TableFamily::Data;
                    self.hbase.each_found(table.name, family.name(), Vec::new(), self.watch, |found| {
                        changes.before(&row_of(table, family, found))
                    })?;
                }
            }
            changes.finish()?;
        }
        Ok(())
    }

    /// Whether the tables hold these very rows, of an earlier load, so that they need not be looked at one by one.
    fn holds_totals(&self) -> bool {
        let finished = self.story.finished.as_ref().filter(|_| !self.writes_all);
        finished.is_some_and(|finished| finished.totals == self.load.totals.digest())
    }

    /// Writes what a day gave, and zeros where it gave more before.
    fn day(&self, writer: &mut Writer<'_>, day: &DayWriting, written: &mut Written) -> Result<(), Error> {
        let none = Rows::none();
        let mut now = day.rows.as_ref().unwrap_or(&none).read(&self.load.tables)?;
        let family = TableFamily::Day;
        let earlier = self.story.versions.get(&day.day).into_iter().flatten();
        let earlier: Vec<i64> = earlier.map(|(version, _)| timestamp_of(day.day, *version)).collect();
        for (place, table) in self.load.tables.iter().enumerate() {
            let (name, columns) = (self.hbase.name(table.name), columns(table, family));
            let mut put = |row: &Row| {
                written.day_rows += 1;
                Ok::<_, Error>(writer.put(&name, day.timestamp(), &row.key, cells(row, &columns))?)
            };
            let mut changes = Changes::new(&mut now, place, |change| match change {
                Change::New(row) | Change::Same(row) => put(row),
                Change::Changed(row, before) => put(&with_zeros(table, Some(row), before)),
                Change::Gone(before) if is_zero(table, before) => Ok(()),
                Change::Gone(before) => put(&with_zeros(table, None, before)),
            });
            if !earlier.is_empty() {
                self.hbase.each_found(table.name, family.name(), earlier.clone(), self.watch, |found| {
                    changes.before(&row_of(table, family, found))
                })?;
            }
            changes.finish()?;
        }
        Ok(())
    }
}

/// The names of a table's columns with their family.
fn columns(table: &Table, family: TableFamily) -> Vec<Vec<u8>> {
    table.columns.iter().map(|column| format!("{}:{}", family.name(), column.name).into_bytes()).collect()
}

fn cells<'r>(row: &'r Row, columns: &'r [Vec<u8>]) -> impl Iterator<Item = (&'r [u8], &'r str)> {
    columns.iter().zip(&row.cells).filter_map(|(column, value)| Some((&**column, value.as_deref()?)))
}

/// The columns that a row had and has no longer.
fn lost_columns<'c>(now: &Row, before: &Row, columns: &'c [Vec<u8>]) -> Vec<&'c [u8]> {
    let cells = now.cells.iter().zip(&before.cells).zip(columns);
    cells.filter(|((now, before), _)| now.is_none() && before.is_some()).map(|(_, column)| &**column).collect()
}

/// A row of a day with something in every cell that was there before: a row that is gone gets zeros, a cell that a row has no
/// longer an empty text.
fn with_zeros(table: &Table, now: Option<&Row>, before: &Row) -> Row {
    let cells = table.columns.iter().zip(&before.cells).enumerate().map(|(place, (column, before))| match now {
        Some(row) => row.cells.get(place).cloned().flatten().or_else(|| before.as_ref().map(|_| String::new())),
        None => before.as_ref().map(|_| zero(column.kind).to_string()),
    });
    Row::new(before.key.clone(), cells.collect())
}

impl Hbase {
    /// Writes a record that nobody else can have written.
    pub(super) fn claim(&self, record: &Record, watch: &dyn Watch) -> Result<(), Error> {
        let table = self.name(loads::TABLE).into_bytes();
        let column = |name: &str| format!("{}:{name}", loads::FAMILY).into_bytes();
        let key = record.key().into_bytes();
        let owner = record.owner.clone().into_bytes();
        // An empty value stands for a cell that is not there.
        let claimed = self.call("begin a load", watch, |client| {
            let put = Mutation::new(false, column("owner"), owner.clone(), true);
            client.check_and_put(table.clone(), key.clone(), column("owner"), Vec::new(), put, BTreeMap::new())
        })?;
        if !claimed {
            let records = self.records(watch)?;
            let other = records.into_iter().find(|other| other.timestamp == record.timestamp);
            // A first try may have done it without our hearing of it.
            if let Some(other) = other.filter(|other| other.owner != record.owner) {
                return Err(HbaseError::Overtaken { begun: other.begun, timestamp: other.timestamp }.into());
            }
        }
        self.write_row(loads::TABLE, loads::FAMILY, &record.key(), record.cells(), watch)
    }

    /// Says that a load is done, unless another began meanwhile.
    fn finish(&self, record: &Record, load: &Load, rows: &[u64], watch: &dyn Watch) -> Result<(), Error> {
        let later = self.records(watch)?.into_iter().find(|other| other.timestamp > record.timestamp);
        if let Some(Record { begun, timestamp, .. }) = later {
            // The other may have looked at a table before this one wrote to it.
            self.say_that_tables_change(watch)?;
            return Err(HbaseError::Overtaken { begun, timestamp }.into());
        }
        self.write_row(RUNS, TableFamily::Data.name(), &record.key(), cells_of_run(load, rows), watch)?;
        let done = Timestamp::now().to_string();
        self.write_row(loads::TABLE, loads::FAMILY, &record.key(), vec![("done", done)], watch)
    }

    fn write_row<C: AsRef<str>>(
        &self,
        table: &str,
        family: &str,
        key: &str,
        cells: Vec<(C, String)>,
        watch: &dyn Watch,
    ) -> Result<(), Error> {
        let name = self.name(table);
        let mutation = |(column, value): (C, String)| {
            Mutation::new(false, format!("{family}:{}", column.as_ref()).into_bytes(), value.into_bytes(), true)
        };
        let row = BatchMutation::new(key.as_bytes().to_vec(), cells.into_iter().map(mutation).collect::<Vec<_>>());
        self.call(&format!("write to the table `{name}`"), watch, |client| {
            client.mutate_rows(name.clone().into_bytes(), vec![row.clone()], BTreeMap::new())
        })?;
        Ok(())
    }
}
