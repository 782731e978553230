//! Who has seen a post before: the raw files say by whom they were observed.

use std::collections::{BTreeMap, BTreeSet};

use tootmill_lake::DAY_FOLDER;
use tootmill_mastodon::Observation;
use tootmill_metric::{Day, Id};

use crate::{
    error::Error,
    lineage::{Lineage, RawName},
    lines::lines,
};

/// Those of a day's posts that the observer of the lineage has seen before, each with what was seen.
pub(super) fn seen_by_the_same(lineage: &Lineage, day: Day, ids: &[Id]) -> Result<BTreeMap<Id, Observation>, Error> {
    let mut wanted: BTreeSet<Id> = ids.iter().cloned().collect();
    let mut seen = BTreeMap::new();
    let observer = lineage.observer().to_string();
    for file in lineage.lake().raw_files()? {
        let of_the_same = RawName::parse(file.name()).is_some_and(|name| name.observer == observer);
        if !of_the_same || observed_on(&file.path).is_none_or(|observed| observed < day) {
            continue;
        }
        for line in lines(lineage.lake(), &file) {
            if wanted.is_empty() {
                return Ok(seen);
            }
            let observation = Observation::of(line?);
            if let Some(id) = observation.id.as_ref().and_then(|id| wanted.take(id)) {
                seen.insert(id, observation);
            }
        }
    }
    Ok(seen)
}

/// The day on which a raw file was observed, by its folder.
fn observed_on(path: &str) -> Option<Day> {
    path.rsplit('/').nth(1)?.strip_prefix(DAY_FOLDER).and_then(Day::parse)
}
