//! A day's states without some of their records, or with others in their place; for days whose posts have expired.

use std::vec;

use tootmill_engine::{Error as EngineError, Merged, Record, Records, write_records};
use tootmill_lake::{Lake, Lease, Place, Version};
use tootmill_metric::{Day, Registry};

use crate::{
    error::Error,
    files::{create, records},
    manifests::StatesManifest,
    rows::make_rows,
};

/// What becomes of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It stays.
    Stays,
    /// It goes.
    Goes,
    /// It has this member, escaped, and this state instead of its own.
    Becomes {
        /// The member.
        member: String,
        /// The state.
        state: String,
    },
}

/// Calls `each` with every record of a version.
pub(crate) fn each_record(lake: &Lake, version: &Version, mut each: impl FnMut(&Record<'_>)) -> Result<(), Error> {
    let mut line = String::new();
    for mut source in records(lake, version)? {
        while source.next_record(&mut line)? {
            Record::parse(&line).iter().for_each(&mut each);
        }
    }
    Ok(())
}

/// Makes a version of a day's states, and its rows, in which records have their fate.
pub(crate) fn rewrite(
    lake: &Lake,
    lease: &Lease,
    day: Day,
    version: &Version,
    registry: &Registry,
    fate: &dyn Fn(&Record<'_>) -> Fate,
) -> Result<(), Error> {
    let mut changed = Vec::new();
    each_record(lake, version, |record| {
        if let Fate::Becomes { member, state } = fate(record) {
            changed.push(format!("{}\t{}\t{member}\t{state}", record.metric, record.key));
        }
    })?;
    changed.sort_unstable();
    let staying =
        records(lake, version)?.into_iter().map(|records| Box::new(Staying { records, fate }) as Box<dyn Records + '_>);
    let changed: Box<dyn Records + '_> = Box::new(Given(changed.into_iter()));
    let staged = lake.versions(Place::States(day)).stage(lease)?;
    let mut output = create(lake, &staged, "part-00000.records")?;
    write_records(&mut Merged::new(staying.chain([changed]), registry)?, &mut output)?;
    output.finish()?;
    let version = staged.commit(&version.manifest::<StatesManifest>()?, lease)?;
    make_rows(lake, lease, Place::Rows(day), &version, registry).map(drop)
}

/// Sorted records without those that do not stay as they are.
struct Staying<'f> {
    records: Box<dyn Records>,
    fate: &'f dyn Fn(&Record<'_>) -> Fate,
}

impl Records for Staying<'_> {
    fn next_record(&mut self, line: &mut String) -> Result<bool, EngineError> {
        while self.records.next_record(line)? {
            if Record::parse(line).is_none_or(|record| (self.fate)(&record) == Fate::Stays) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Records in memory, sorted.
struct Given(vec::IntoIter<String>);

impl Records for Given {
    fn next_record(&mut self, line: &mut String) -> Result<bool, EngineError> {
        let Some(next) = self.0.next() else { return Ok(false) };
        *line = next;
        Ok(true)
    }
}
