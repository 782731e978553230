//! A table as ranked bars with shares, its trend, and what gained and lost; or, where its keys are months, by month.

use maud::{Markup, html};
use tootmill_metric::Kind;

use super::{
    figure::{Figure, key},
    media, over_time,
};
use crate::{
    embed::{Data, Embedded, Heading},
    error::Error,
    numbers::Numbers,
    ranking::{Ranking, TopRow},
    subject::{LANGUAGES, MEDIA},
    text::{cell, percent, rate, thousands},
    trend::{Movement, Mover},
};

/// The figure of a table.
pub(super) fn ranking(ranking: &Ranking, numbers: &Numbers, embedded: &[Embedded]) -> Result<Markup, Error> {
    let by_day = format!("{}-days", ranking.table);
    let title = &ranking.subject.title;
    let mut data = vec![(ranking.table, &*ranking.subject.title)];
    let by_day_title = format!("{} by day", ranking.subject.title);
    let shown = match (&ranking.months, &ranking.trend) {
        (Some(months), _) => over_time::months(&format!("{}-chart", ranking.table), title, months)?,
        (None, trend) => {
            let bars = if ranking.table == MEDIA { media::share(ranking) } else { bars(ranking) };
            let chart = trend.as_ref().map(|trend| over_time::trend(&format!("{by_day}-chart"), &by_day_title, trend));
            data.extend(trend.as_ref().filter(|trend| !trend.lines.is_empty()).map(|_| (&*by_day, &*by_day_title)));
            let movement = trend.as_ref().and_then(|trend| trend.movement.as_ref()).filter(|_| ranking.rows > 1);
            html! {
                (bars)
                (chart.transpose()?.unwrap_or_default())
                @if let Some(movement) = movement { (moved(movement)) }
            }
        }
    };
    let figure = Figure {
        id: &format!("{}-figure", ranking.table),
        title,
        counts: html! { (ranking.counts) " " (columns(ranking)) },
        notes: notes(ranking, numbers),
        shown,
        data,
    };
    Ok(figure.markup(embedded))
}

/// What the columns mean, in the metric's own words.
fn columns(ranking: &Ranking) -> Markup {
    html! {
        @for (place, column) in ranking.columns.iter().enumerate() {
            @if place > 0 { "; " }
            strong { (column.name.replace('_', " ")) } ": " (column.meaning)
        }
        "."
    }
}

fn notes(ranking: &Ranking, numbers: &Numbers) -> Vec<String> {
    let mut notes: Vec<String> = ranking.subject.caveats.iter().map(ToString::to_string).collect();
    if ranking.table == LANGUAGES
        && let Some(undetermined) = super::sure::undetermined(numbers)
    {
        notes.push(format!("{} of the posts have no language.", percent(undetermined)));
    }
    if ranking.is_private {
        notes.push(
            "The metric reads personal data, so the rows that are shown are all that the page has of them.".into(),
        );
    }
    notes
}

/// The largest rows as bars.
fn bars(ranking: &Ranking) -> Markup {
    let Some(first) = ranking.top.first() else {
        return html! { p { "The table has no rows yet." } };
    };
    let by = ranking.columns.iter().position(|column| Some(column.name) == ranking.by);
    let value = |row: &TopRow| by.and_then(|by| row.cells.get(by)?.as_deref()?.parse::<f64>().ok()).unwrap_or(0.0);
    let most = value(first);
    let has_shares = ranking.top.iter().any(|row| row.share.is_some());
    let what = if ranking.is_of_posts { "of posts" } else { "share" };
    html! {
        div.scroll role="region" tabindex="0" aria-label={ (ranking.subject.title) ", ranked" } {
            table.bars data-table=(ranking.table) {
                caption {
                    @if ranking.rows > ranking.top.len() as u64 {
                        "The first " (ranking.top.len()) " of " (thousands(ranking.rows))
                    } @else {
                        "All " (thousands(ranking.rows))
                    }
                    @if let Some(by) = ranking.by { ", by " (by.replace('_', " ")) }
                }
                thead {
                    tr {
                        th scope="col" { (ranking.subject.key) }
                        @for column in &ranking.columns { th.number[column.kind != Kind::Text] scope="col" { (column.name.replace('_', " ")) } }
                        @if has_shares { th.number scope="col" { (what) } }
                        @if by.is_some() { td.bar {} }
                    }
                }
                tbody {
                    @for row in &ranking.top {
                        tr {
                            th scope="row" { (key(&row.key)) }
                            @for (place, column) in ranking.columns.iter().enumerate() {
                                td.number[column.kind != Kind::Text] { (cells(row, place, column.kind)) }
                            }
                            @if has_shares { td.number { (row.share.map(percent).unwrap_or_default()) } }
                            @if by.is_some() { td.bar { (bar(value(row), most)) } }
                        }
                    }
                }
            }
        }
    }
}

fn cells(row: &TopRow, place: usize, kind: Kind) -> Markup {
    let text = row.cells.get(place).cloned().flatten().unwrap_or_default();
    if kind == Kind::Text {
        key(&text)
    } else {
        html! { (cell(&text)) }
    }
}

/// A bar, as long as its part of the longest.
pub(super) fn bar(value: f64, most: f64) -> Markup {
    let width = if most > 0.0 { (value / most * 100.0).clamp(0.0, 100.0) } else { 0.0 };
    html! {
        svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
            rect width=(format!("{width:.2}")) height="10" {}
        }
    }
}

/// What gained and lost.
fn moved(movement: &Movement) -> Markup {
    html! {
        h4 { "What gained and lost" }
        p.counts {
            "Uses for each thousand posts, " (movement.recent.days) " (" (thousands(movement.recent.posts)) " posts) against "
            (movement.before.days) " (" (thousands(movement.before.posts)) " posts)."
        }
        div.columns {
            (movers("Gained", &movement.gained))
            (movers("Lost", &movement.lost))
        }
    }
}

fn movers(title: &str, movers: &[Mover]) -> Markup {
    html! {
        table data-movers=(title) {
            caption { (title) }
            thead { tr { th scope="col" { "what" } th.number scope="col" { "before" } th.number scope="col" { "after" } th.number scope="col" { "per 1,000" } } }
            tbody {
                @for mover in movers {
                    tr {
                        th scope="row" { (key(&mover.key)) }
                        td.number { (thousands(mover.before)) }
                        td.number { (thousands(mover.recent)) }
                        td.number { (if mover.per_thousand < 0.0 { "−" } else { "+" }) (rate(mover.per_thousand.abs())) }
                    }
                }
                @if movers.is_empty() { tr { td colspan="4" { "nothing" } } }
            }
        }
    }
}

/// The rows of a table, and its trend.
pub(super) fn data(ranking: &Ranking) -> Vec<Data> {
    let columns = [Heading::text(ranking.subject.key)].into_iter().chain(ranking.columns.iter().map(Heading::of));
    let row =
        |row: &tootmill_tables::Row| [Some(row.key.clone())].into_iter().chain(row.cells.iter().cloned()).collect();
    let mut rows: Vec<Vec<Option<String>>> = ranking.kept.iter().map(row).collect();
    if ranking.months.is_some() {
        rows.sort();
    }
    let of = if ranking.is_private { rows.len() as u64 } else { ranking.rows };
    let mut data = vec![Data { id: ranking.table.into(), columns: columns.collect(), rows, of }];
    data.extend(ranking.trend.as_ref().filter(|trend| !trend.lines.is_empty()).map(|trend| Data {
        id: format!("{}-days", ranking.table),
        columns:
            [Heading::text("day")].into_iter().chain(trend.lines.iter().map(|(key, _)| Heading::number(key))).collect(),
        rows: trend.rows().map(|row| row.into_iter().map(Some).collect()).collect(),
        of: trend.days.days() as u64,
    }));
    data
}
