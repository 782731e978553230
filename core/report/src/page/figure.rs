//! What all figures have in common: a heading, what is counted, what must be known beside it, and the data behind it.

use maud::{Markup, html};

use crate::{
    embed::Embedded,
    text::{shortened, thousands},
};

/// A figure.
pub(super) struct Figure<'f> {
    /// What it is found by.
    pub id: &'f str,
    /// Its heading.
    pub title: &'f str,
    /// What it counts, in the metric's own words.
    pub counts: Markup,
    /// What must be known beside it.
    pub notes: Vec<String>,
    /// The chart, and what else is shown.
    pub shown: Markup,
    /// The data behind it, and what it is.
    pub data: Vec<(&'f str, &'f str)>,
}

impl Figure<'_> {
    pub(super) fn markup(&self, embedded: &[Embedded]) -> Markup {
        let heading = format!("{}-title", self.id);
        html! {
            figure id=(self.id) aria-labelledby=(heading) {
                h3 id=(heading) { (self.title) }
                p.counts { (self.counts) }
                (self.shown)
                @for note in &self.notes { p.note { (note) } }
                @for (id, what) in &self.data { (behind(id, what, embedded)) }
            }
        }
    }
}

/// A key, in whatever script and direction.
pub(super) fn key(key: &str) -> Markup {
    html! { bdi dir="auto" { (shortened(key)) } }
}

/// How to get every row there is.
pub(super) fn everything() -> Markup {
    html! { code { "tootmill tables export" } " writes every row of every table." }
}

/// The rows behind a chart, which the script shows and saves.
fn behind(id: &str, what: &str, embedded: &[Embedded]) -> Markup {
    let Some(one) = embedded.iter().find(|one| one.id == id) else { return html! {} };
    let rows = u64::try_from(one.rows).unwrap_or(u64::MAX);
    let left_out = one.of.saturating_sub(rows);
    html! {
        div.tools {
            button type="button" data-csv=(id) hidden aria-label={ "Save " (what) " as CSV" } { "CSV of " (what) }
        }
        details data-id=(id) {
            summary { "The numbers: " (what) " (" (thousands(rows)) @if rows == 1 { " row)" } @else { " rows)" } }
            @if left_out > 0 {
                p.note { "The page has room for the first " (thousands(rows)) " rows; " (thousands(left_out)) " more are not in it. " (everything()) }
            }
            div.rows {
                p { "This browser cannot unpack the rows: it lacks JavaScript or DecompressionStream, which browsers have since 2023. " (everything()) }
            }
        }
    }
}
