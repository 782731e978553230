//! Charts of counts over time: posts by day, accounts by month, the trends of keys.

use std::collections::BTreeMap;

use maud::{Markup, html};
use tootmill_metric::Day;

use super::figure::{Figure, key};
use crate::{
    calendar::{Span, day_of, month_of, number_of, number_of_month},
    chart::{Chart, Column, Marks},
    embed::{Data, Embedded, Heading},
    error::Error,
    months::{LEAST, Months},
    numbers::Numbers,
    text::{shortened, thousands},
    trend::Trend,
};

/// The most columns that a chart has room for.
const MOST_COLUMNS: i64 = 300;

/// Numbers over time, by the number of a day or a month.
struct OverTime<'t> {
    id: &'t str,
    title: &'t str,
    counts: BTreeMap<i64, u64>,
    /// What a number is called.
    name: fn(i64) -> String,
    /// What stands on the axis at a number, if anything, where there are so many columns.
    label: fn(i64, i64) -> Option<String>,
    stand_out: Vec<i64>,
}

impl OverTime<'_> {
    fn chart(&self) -> Result<Markup, Error> {
        let (Some((first, _)), Some((last, _))) = (self.counts.first_key_value(), self.counts.last_key_value()) else {
            return Ok(html! { p { "There is nothing to draw yet." } });
        };
        let span = last - first + 1;
        // Several together where there are more than a page has room for.
        let together = (span + MOST_COLUMNS - 1) / MOST_COLUMNS;
        let mut places: BTreeMap<i64, (u64, bool)> = BTreeMap::new();
        for (number, count) in &self.counts {
            let (sum, stands_out) = places.entry((number - first) / together).or_default();
            *sum = sum.saturating_add(*count);
            *stands_out |= self.stand_out.contains(number);
        }
        let name = |place: i64| {
            let start = first + place * together;
            let end = (start + together - 1).min(*last);
            if start == end { (self.name)(start) } else { format!("{} to {}", (self.name)(start), (self.name)(end)) }
        };
        let column = |(place, (value, stands_out)): (&i64, &(u64, bool))| Column {
            place: usize::try_from(*place).unwrap_or(0),
            value: *value,
            name: name(*place),
            stands_out: *stands_out,
        };
        let columns = (span + together - 1) / together;
        let labels = (0..columns).filter_map(|place| {
            let label = (self.label)(first + place * together, span)?;
            Some((usize::try_from(place).ok()?, label))
        });
        let most = self.counts.iter().max_by_key(|(number, count)| (**count, -**number));
        let most =
            most.map(|(number, count)| format!(" The most, {}, are of {}.", thousands(*count), (self.name)(*number)));
        let description =
            format!("From {} to {}.{}", (self.name)(*first), (self.name)(*last), most.unwrap_or_default());
        let chart = Chart {
            id: self.id,
            title: self.title,
            description: &description,
            places: usize::try_from(columns).unwrap_or(1),
            labels: labels.collect(),
            marks: Marks::Columns(places.iter().map(column).collect()),
        };
        let chart = chart.draw()?;
        Ok(html! {
            (chart)
            @if together > 1 { p.soft { "A column is " (together) " of them together." } }
        })
    }
}

/// Posts by day.
pub(super) fn posts(numbers: &Numbers, embedded: &[Embedded]) -> Result<Markup, Error> {
    let sum = |is_meant: &dyn Fn(Day, Span) -> bool| {
        let days = numbers.posts_by_day.iter().filter(|(day, _)| numbers.busy.is_some_and(|busy| is_meant(*day, busy)));
        days.map(|(_, posts)| *posts).fold(0_u64, u64::saturating_add)
    };
    let drawn =
        numbers.posts_by_day.iter().filter(|(day, _)| numbers.busy.is_some_and(|busy| busy.place(*day).is_some()));
    let over_time = OverTime {
        id: "posts_by_day",
        title: "Posts by day",
        counts: drawn.map(|(day, posts)| (number_of(*day), *posts)).collect(),
        name: |day| day_of(day).to_string(),
        label: |day, _| Some(day_of(day).to_string().split_off("2026-".len())),
        stand_out: Vec::new(),
    };
    let chart = over_time.chart()?;
    let gaps = numbers.story.as_ref().and_then(|story| story.counter("known_gaps")).map(|gaps| gaps.count);
    let mut notes = Vec::new();
    if let Some(busy) = numbers.busy {
        let (before, after) = (sum(&|day, busy| day < busy.first), sum(&|day, busy| day > busy.last));
        if before > 0 {
            let (posts, first) = (thousands(before), busy.first);
            notes.push(format!(
                "Not drawn are {posts} posts of days before {first}, which came late; the numbers have them."
            ));
        }
        if after > 0 {
            let (posts, last) = (thousands(after), busy.last);
            notes.push(format!(
                "Not drawn are {posts} posts of days after {last}, which are dated in the future; the numbers have them."
            ));
        }
    }
    notes.push(match gaps {
        None => "It is not known whether there are gaps in what was collected.".into(),
        Some(0) => "No gap is known in what was collected.".into(),
        Some(gaps) => format!(
            "Known gaps in what was collected: {}. In each of them any number of posts is missing.",
            thousands(gaps)
        ),
    });
    notes.push("Boosts are not posts. Boosts and replies to others are not on the public timeline.".into());
    let figure = Figure {
        id: "posts_by_day-figure",
        title: "Posts by day",
        counts: html! { "Public posts by the day, UTC, on which they were written: those of all languages together." },
        notes,
        shown: chart,
        data: vec![("posts_by_day", "posts by day")],
    };
    Ok(figure.markup(embedded))
}

pub(super) fn posts_data(numbers: &Numbers) -> Vec<Data> {
    let row = |(day, posts): &(Day, u64)| vec![Some(day.to_string()), Some(posts.to_string())];
    vec![Data {
        id: "posts_by_day".into(),
        columns: vec![Heading::text("day"), Heading::number("posts")],
        rows: numbers.posts_by_day.iter().map(row).collect(),
        of: numbers.posts_by_day.len() as u64,
    }]
}

/// Counts by month, with those that stand out.
pub(super) fn months(id: &str, title: &str, months: &Months) -> Result<Markup, Error> {
    let number = |month: &str| number_of_month(month).map(i64::from);
    let over_time = OverTime {
        id,
        title,
        counts: months.counts.iter().filter_map(|(month, count)| Some((number(month)?, *count))).collect(),
        name: |month| month_of(u32::try_from(month).unwrap_or(0)),
        label: |month, span| {
            let name = month_of(u32::try_from(month).unwrap_or(0));
            let is_year = span > 24;
            (!is_year || month % 12 == 0 || span > MOST_COLUMNS)
                .then(|| if is_year { name.split_at(4).0.into() } else { name })
        },
        stand_out: months.stand_out.iter().filter_map(|one| number(&one.month)).collect(),
    };
    let chart = over_time.chart()?;
    Ok(html! {
        (chart)
        @if !months.stand_out.is_empty() {
            p {
                @if months.more_stand_out { "The five months that stand out most" } @else { "Months that stand out" }
                ", with at least " (LEAST) " and at least twice what is usual in the six months before and after:"
            }
            ul.stand-out {
                @for one in &months.stand_out {
                    li { strong { (one.month) } ": " (thousands(one.count)) ", where " (thousands(one.usual)) " are usual" }
                }
            }
        } @else if !months.counts.is_empty() {
            p { "No month stands out: none has at least " (LEAST) " and at least twice what is usual in the six months before and after." }
        }
    })
}

/// The first keys of a table day by day.
pub(super) fn trend(id: &str, title: &str, trend: &Trend) -> Result<Markup, Error> {
    if trend.lines.is_empty() {
        return Ok(html! {});
    }
    let days: Vec<_> = trend.days.each().collect();
    let labels = days.iter().enumerate().map(|(place, day)| (place, day.to_string().split_off("2026-".len())));
    let named = trend.lines.iter().map(|(key, counts)| (shortened(key), counts.clone()));
    let description = format!("{} to {}, a line for each of {}.", trend.days.first, trend.days.last, trend.lines.len());
    let chart = Chart {
        id,
        title,
        description: &description,
        places: days.len(),
        labels: labels.collect(),
        marks: Marks::Lines(named.collect()),
    };
    let chart = chart.draw()?;
    Ok(html! {
        h4 { "Day by day" }
        ul.legend {
            @for (place, (name, _)) in trend.lines.iter().enumerate() {
                li {
                    svg viewBox="0 0 400 100" aria-hidden="true" { path class={ "line line-" (place) } d="M0 50L400 50" {} }
                    (key(name))
                }
            }
        }
        (chart)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_about_months_says_what_is_left_out_and_the_floor() {
        let page = |every: u32| {
            let counts = (0..60).map(|month| (24_000 + month, if month % every == 5 { 100 } else { 4 })).collect();
            months("m", "Months", &Months::of(&counts)).unwrap().0
        };
        let (cut, whole, none) = (page(9), page(30), page(100));
        let with = ", with at least 10 and at least twice what is usual";
        assert!(cut.contains(&format!("The five months that stand out most{with}")), "{cut}");
        assert!(whole.contains(&format!("Months that stand out{with}")), "{whole}");
        assert!(none.contains("with at least 10") && none.matches("<li>").count() == 1, "{none}");
    }
}
