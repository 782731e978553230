//! The rows of one table: how many, the largest with their shares, the months where the keys are months.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use tootmill_metric::{Column, Kind, Registered, Table};
use tootmill_tables::{Part, Row, Store};

use crate::{
    calendar::number_of_month,
    error::Error,
    largest::{Largest, rank},
    months::Months,
    subject::{MONTHS, Section, Subject, Whole},
    trend::Trend,
};

/// How many rows of a table are kept for the page, and how many bytes; what of them has room is decided later.
const KEPT: (usize, usize) = (100_000, 4 << 20);

/// The column whose numbers add up to something, in any table. What others hold nobody knows: a sum of distinct accounts is none.
const COUNT: &str = "count";

/// What one table says.
#[derive(Clone, Debug, Serialize)]
pub struct Ranking {
    /// The name of the table.
    pub table: &'static str,
    /// Its heading on the page.
    #[serde(skip)]
    pub(crate) subject: Subject,
    /// What the metric counts, in its own words.
    pub counts: &'static str,
    /// The columns.
    #[serde(serialize_with = "names")]
    pub columns: Vec<Column>,
    /// The column by which the rows are ranked: the first of numbers.
    pub by: Option<&'static str>,
    /// How many rows the table has.
    pub rows: u64,
    /// The numbers of all rows together, where they are whole numbers.
    pub sum: u64,
    /// What shares are shares of: all posts, or the sum; `None` where a share means nothing.
    pub whole: Option<u64>,
    /// Whether they are shares of all posts.
    pub is_of_posts: bool,
    /// The largest rows.
    pub top: Vec<TopRow>,
    /// The counts by month, where all keys are months.
    pub months: Option<Months>,
    /// The first keys day by day, and what gained and lost.
    pub trend: Option<Trend>,
    /// The largest rows, many more.
    #[serde(skip)]
    pub(crate) kept: Vec<Row>,
    /// Whether the rows that are shown are all that may be in the page.
    #[serde(skip)]
    pub(crate) is_private: bool,
}

/// One of the largest rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TopRow {
    /// Its key.
    pub key: String,
    /// Its cells, in the order of the columns.
    pub cells: Vec<Option<String>>,
    /// Its share of the whole, where it is ranked by a whole number and the whole is at least that.
    pub share: Option<f64>,
}

fn names<S: Serializer>(columns: &[Column], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(columns.iter().map(|column| column.name))
}

impl Ranking {
    /// Reads the totals of a table. Of a table without numbers the first keys are the first rows.
    pub(crate) fn read(
        store: &dyn Store,
        registered: &Registered,
        posts: Option<u64>,
        top: usize,
    ) -> Result<Self, Error> {
        let table = &registered.table;
        let subject = Subject::of(table);
        let by = ranked_by(table);
        let mut largest = Largest::new(KEPT.0, KEPT.1);
        let (mut rows, mut sum) = (0, 0_u64);
        // As long as every key was a month.
        let mut months = Some(BTreeMap::new());
        store.scan(table, Part::Totals, &mut |_, row| {
            let value = by.and_then(|(place, column)| Some(rank(column.kind, row.cells.get(place)?.as_deref())));
            let value = value.unwrap_or(0);
            largest.offer(value, row);
            rows += 1;
            sum = sum.saturating_add(value);
            match number_of_month(&row.key) {
                Some(month) => months.as_mut().map(|months| months.insert(month, value)),
                None => months.take().and(None),
            };
            Ok(())
        })?;
        let is_whole = by.is_some_and(|(_, column)| column.kind == Kind::Integer);
        let sum = if is_whole { sum } else { 0 };
        let posts = posts.filter(|_| subject.whole == Whole::Posts);
        let is_count = by.is_some_and(|(_, column)| column.name == COUNT);
        let whole = (is_whole && (is_count || subject.section != Section::Others)).then(|| posts.unwrap_or(sum));
        let mut kept = largest.into_rows();
        let months = months.filter(|_| is_whole && (rows > 0 || table.name == MONTHS)).as_ref().map(Months::of);
        let about = registered.metric.about();
        // Months are all drawn.
        let is_private = subject.section == Section::Others && months.is_none() && !about.personal_data.is_empty();
        if is_private {
            kept.truncate(top);
        }
        Ok(Self {
            table: table.name,
            subject,
            counts: about.counts,
            columns: table.columns.clone(),
            by: by.map(|(_, column)| column.name),
            rows,
            sum,
            whole,
            is_of_posts: posts.is_some(),
            top: kept.iter().take(top).map(|row| TopRow::of(row, by, whole)).collect(),
            months,
            trend: None,
            kept,
            is_private,
        })
    }

    /// The place of the column by which the rows are ranked, where it has whole numbers.
    pub(crate) fn counted_column(&self) -> Option<usize> {
        self.columns.iter().position(|column| Some(column.name) == self.by && column.kind == Kind::Integer)
    }
}

/// The first column of whole numbers, or else of doubles.
fn ranked_by(table: &Table) -> Option<(usize, &Column)> {
    let first = |kind| table.columns.iter().enumerate().find(|(_, column)| column.kind == kind);
    first(Kind::Integer).or_else(|| first(Kind::Real))
}

impl TopRow {
    fn of(row: &Row, by: Option<(usize, &Column)>, whole: Option<u64>) -> Self {
        let column = by.filter(|(_, column)| column.kind == Kind::Integer);
        let value = column.and_then(|(place, _)| row.cells.get(place)?.as_deref()?.parse().ok());
        let whole = whole.filter(|whole| *whole > 0);
        let share = value.zip(whole).filter(|(value, whole)| value <= whole).map(|(value, whole)| share(value, whole));
        Self { key: row.key.clone(), cells: row.cells.clone(), share }
    }
}

/// A part of a whole, from 0 to 1.
#[allow(clippy::cast_precision_loss, reason = "a share is shown with a few digits")]
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
