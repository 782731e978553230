//! Reduces merged records to rows, or writes them on as records.

use std::io::{self, Write};

use tootmill_metric::{MemberSource, Registry, Row, Table, field::unescape};

use crate::{error::Error, merge::Merged};

/// Calls `each` with every row: its table, its key as records have it, its cells.
pub fn reduce(
    merged: &mut Merged<'_>,
    registry: &Registry,
    mut each: impl FnMut(&Table, &str, &Row) -> io::Result<()>,
) -> Result<(), Error> {
    let mut more = merged.advance()?;
    while more {
        let record = merged.record();
        let registered = registry.get(record.metric)?;
        let escaped_key = record.key.to_string();
        let key = unescape(&escaped_key).ok_or_else(|| merged.bad_state(&escaped_key))?;
        let mut members = OfOneKey { metric: registered.name(), key: &escaped_key, merged, at: At::Member };
        let row = registered.metric.reduce(&key, &mut members);
        while members.next_member().is_some() {}
        more = match members.at {
            At::Failed(error) => return Err(error),
            At::NextKey => true,
            At::Member | At::GivenMember | At::End => false,
        };
        match row {
            Ok(Some(row)) => each(&registered.table, &escaped_key, &row).map_err(Error::Write)?,
            Ok(None) => {}
            Err(state) => {
                return Err(Error::BadState { record: format!("{}\t{escaped_key}", registered.name()), state });
            }
        }
    }
    Ok(())
}

/// Writes the merged records as lines.
pub fn write_records(merged: &mut Merged<'_>, output: &mut impl Write) -> Result<(), Error> {
    while merged.advance()? {
        output.write_all(merged.line().as_bytes()).and_then(|()| output.write_all(b"\n")).map_err(Error::Write)?;
    }
    Ok(())
}

/// The members of one key, as far as the merged records are its.
struct OfOneKey<'m, 'r> {
    metric: &'static str,
    key: &'m str,
    merged: &'m mut Merged<'r>,
    at: At,
}

/// Where the merged records are.
enum At {
    /// At a member of the key that was not given yet.
    Member,
    /// At one that was given.
    GivenMember,
    /// At another key.
    NextKey,
    /// Behind the last record.
    End,
    /// Nowhere: reading on failed.
    Failed(Error),
}

impl MemberSource for OfOneKey<'_, '_> {
    fn next_member(&mut self) -> Option<(&str, &str)> {
        self.at = match self.at {
            At::Member => At::GivenMember,
            At::GivenMember => match self.merged.advance() {
                Ok(true) => {
                    let record = self.merged.record();
                    if (record.metric, record.key) == (self.metric, self.key) { At::GivenMember } else { At::NextKey }
                }
                Ok(false) => At::End,
                Err(error) => At::Failed(error),
            },
            At::NextKey | At::End | At::Failed(_) => return None,
        };
        let record = self.merged.record();
        matches!(self.at, At::GivenMember).then_some((record.member, record.state))
    }
}
