//! The largest of very many, in bounded memory.

use std::{cmp::Reverse, collections::BinaryHeap};

use tootmill_metric::Kind;
use tootmill_tables::Row;

/// A row and by what it is compared: the greater rank first, of equal ones the lesser key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ranked {
    rank: u64,
    pub row: Row,
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.rank, Reverse(&self.row.key)).cmp(&(other.rank, Reverse(&other.row.key)))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The largest rows, so many at most, and so many bytes at most.
#[derive(Debug)]
pub(crate) struct Largest {
    rows: BinaryHeap<Reverse<Ranked>>,
    most_rows: usize,
    most_bytes: usize,
    bytes: usize,
}

impl Largest {
    pub(crate) fn new(most_rows: usize, most_bytes: usize) -> Self {
        Self { rows: BinaryHeap::new(), most_rows, most_bytes, bytes: 0 }
    }

    /// Looks at a row, and copies it only where it is among the largest so far.
    pub(crate) fn offer(&mut self, rank: u64, row: &Row) {
        let is_full = self.rows.len() >= self.most_rows || self.bytes + bytes(row) > self.most_bytes;
        let least = self.rows.peek().map(|Reverse(least)| (least.rank, Reverse(&*least.row.key)));
        if is_full && least.is_none_or(|least| (rank, Reverse(&*row.key)) < least) {
            return;
        }
        self.bytes += bytes(row);
        self.rows.push(Reverse(Ranked { rank, row: row.clone() }));
        while self.rows.len() > self.most_rows || self.bytes > self.most_bytes {
            let Some(Reverse(least)) = self.rows.pop() else { break };
            self.bytes -= bytes(&least.row);
        }
    }

    /// The rows, the largest first.
    pub(crate) fn into_rows(self) -> Vec<Row> {
        self.rows.into_sorted_vec().into_iter().map(|Reverse(ranked)| ranked.row).collect()
    }
}

/// About the bytes of a row as the page has it.
fn bytes(row: &Row) -> usize {
    row.key.len() + row.cells.iter().flatten().map(String::len).sum::<usize>() + 4 * (row.cells.len() + 1)
}

/// A number whose order is that of the values: whole numbers as they are, doubles by their bits, what is neither as the least.
pub(crate) fn rank(kind: Kind, value: Option<&str>) -> u64 {
    let value = value.unwrap_or_default();
    if kind == Kind::Integer {
        return value.parse().unwrap_or(0);
    }
    let Ok(real) = value.parse::<f64>() else { return 0 };
    let bits = real.to_bits();
    if real.is_sign_negative() { !bits } else { bits | 1 << 63 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::row;

    fn largest(of: &mut Largest, values: &[(&str, &str)]) {
        values.iter().for_each(|(key, value)| of.offer(rank(Kind::Integer, Some(value)), &row(key, &[value])));
    }

    #[test]
    fn the_largest_are_kept_and_of_equal_ones_the_first_keys() {
        let mut three = Largest::new(3, usize::MAX);
        largest(&mut three, &[("d", "1"), ("c", "2"), ("b", "2"), ("a", "2"), ("e", "9"), ("f", "0")]);
        let keys: Vec<String> = three.into_rows().into_iter().map(|row| row.key).collect();
        assert_eq!(keys, ["e", "a", "b"]);
    }

    #[test]
    fn bytes_are_bounded_whatever_the_keys() {
        let mut few = Largest::new(1000, 100);
        let long = "k".repeat(200);
        largest(&mut few, &[("a", "1"), (&long, "99"), ("b", "2"), ("c", "3")]);
        // A row that is larger than all room there is takes everything with it, but is not kept itself.
        let keys: Vec<String> = few.into_rows().into_iter().map(|row| row.key).collect();
        assert_eq!(keys, ["c", "b"]);
    }

    #[test]
    fn ranks_have_the_order_of_the_values() {
        let reals = ["-inf", "-2", "-0.5", "0", "1e-300", "0.1", "2", "inf"];
        let ranks = reals.map(|real| rank(Kind::Real, Some(real)));
        assert!(ranks.is_sorted() && ranks[0] > 0, "{ranks:?}");
        assert!(rank(Kind::Integer, Some("18446744073709551615")) > rank(Kind::Integer, Some("9")));
        assert_eq!((rank(Kind::Integer, None), rank(Kind::Real, Some("x"))), (0, 0));
    }
}
