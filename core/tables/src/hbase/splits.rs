//! Where a new table is split: by the keys that were really seen, at prefixes that are nobody's key.

/// Finds split points in one pass over the keys of a table.
///
/// Around each place where a region should end, the two neighbouring keys are looked for that the shortest text tells apart.
/// That text is a prefix of the greater one and shorter than it, so it is the key of no row; as the shortest of many it says
/// next to nothing about one. Split points live on in the names of regions, when the rows are long gone.
pub(crate) struct Splits {
    /// How many rows each region should have.
    rows: u64,
    /// How far from its place a split may be.
    reach: u64,
    seen: u64,
    last: Vec<u8>,
    found: Vec<Option<Vec<u8>>>,
}

impl Splits {
    /// For so many rows in so many regions.
    pub(crate) fn new(rows: u64, regions: u64) -> Self {
        let regions = regions.clamp(1, rows.max(1));
        let rows = rows / regions;
        let places = usize::try_from(regions - 1).unwrap_or(0);
        Self { rows, reach: rows / 4, seen: 0, last: Vec::new(), found: vec![None; places] }
    }

    /// Looks at the next key.
    pub(crate) fn add(&mut self, key: &[u8]) {
        if self.seen > 0 && self.rows > 0 {
            // The place that is nearest, of 1, 2, …
            let place = (self.seen + self.rows / 2) / self.rows;
            let is_near = self.seen.abs_diff(place * self.rows) <= self.reach;
            let slot = usize::try_from(place).ok().and_then(|place| place.checked_sub(1));
            if let Some(slot) = slot.filter(|_| is_near).and_then(|slot| self.found.get_mut(slot))
                && let Some(separator) = separator(&self.last, key)
                && slot.as_ref().is_none_or(|found| separator.len() < found.len())
            {
                *slot = Some(separator.to_vec());
            }
        }
        self.seen += 1;
        self.last.clear();
        self.last.extend_from_slice(key);
    }

    /// The split points, in order.
    pub(crate) fn finish(self) -> Vec<Vec<u8>> {
        let mut found: Vec<Vec<u8>> = self.found.into_iter().flatten().collect();
        found.sort();
        found.dedup();
        found
    }
}

/// The shortest prefix of `key` that is greater than `last`, unless it is all of `key`.
fn separator<'k>(last: &[u8], key: &'k [u8]) -> Option<&'k [u8]> {
    let common = last.iter().zip(key).take_while(|(a, b)| a == b).count();
    let prefix = key.get(..=common)?;
    (prefix.len() < key.len() && prefix > last).then_some(prefix)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn splits(keys: &BTreeSet<String>, regions: u64) -> Vec<Vec<u8>> {
        let mut splits = Splits::new(keys.len() as u64, regions);
        keys.iter().for_each(|key| splits.add(key.as_bytes()));
        splits.finish()
    }

    #[test]
    fn regions_get_about_as_many_rows_each() {
        // Ids that grow with time, as servers give them.
        let keys: BTreeSet<String> =
            (0..10_000u64).map(|n| (109_000_000_000_000_000 + n * n * 7_919_000).to_string()).collect();
        let splits = splits(&keys, 4);
        assert_eq!(splits.len(), 3);
        let rows_below = |split: &Vec<u8>| keys.iter().filter(|key| key.as_bytes() < split.as_slice()).count();
        for (place, split) in splits.iter().enumerate() {
            let off = rows_below(split).abs_diff((place + 1) * 2_500);
            assert!(off <= 700, "{off} rows away from its place");
            assert!(split.len() < 10, "{split:?} says too much");
        }
    }

    proptest! {
        #[test]
        fn no_split_point_is_a_key(keys in prop::collection::btree_set("[0-9]{1,4}", 0..200), regions in 1..20u64) {
            let splits = splits(&keys, regions);
            prop_assert!(splits.len() < usize::try_from(regions).unwrap());
            prop_assert!(splits.is_sorted_by(|a, b| a < b), "{:?}", splits);
            for split in &splits {
                prop_assert!(!split.is_empty());
                prop_assert!(!keys.contains(std::str::from_utf8(split).unwrap()), "{:?}", split);
                prop_assert!(keys.iter().any(|key| key.as_bytes().starts_with(split)), "{:?}", split);
            }
        }
    }
}
