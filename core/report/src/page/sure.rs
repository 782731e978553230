//! How sure the numbers are: what was read, what was left out and why, and how much of it is ripe.

use maud::{Markup, html};

use super::figure::Figure;
use crate::{
    embed::{Data, Embedded, Heading},
    numbers::{Forgotten, InForce, Numbers},
    ranking::share,
    story::{ROWS, Story},
    subject::LANGUAGES,
    text::{percent, signed, thousands},
};

/// What the counters are called, and what they mean.
const COUNTERS: &[(&str, &str, &str)] = &[
    ("lines", "Lines", "read, in files that are not lines objects"),
    ("posts", "Posts", "that count"),
    ("bots", "By bots", "posts of accounts that say that they are bots; they count as all others"),
    (
        "ripe",
        "Ripe",
        "posts that were seen a day or more after they were written, so that their engagement says something; known of posts that were collected into a lake",
    ),
    ("duplicates", "Seen again", "observations that do not count, because a later one of the same post does"),
    ("boosts", "Boosts", "left out: they are not posts of their own"),
    ("not_public", "Not public", "left out: statuses for followers or for those who are mentioned"),
    (
        "deleted",
        "Deleted",
        "left out: posts that their authors deleted, or whose accounts want no part in this any more",
    ),
    (
        "left_out",
        "Not kept",
        "observations of accounts that want no part in this or are blocked, by the policy under which posts were collected",
    ),
    (
        "reduced",
        "Reduced",
        "observations of accounts that did not say that they may be found: counted, but without names and text",
    ),
    ("policy_open", "Policy open", "of the posts that were read, the load counted those alone that are not blocked"),
    ("policy_default", "Policy default", "of the posts that were read, the load counted what this policy keeps"),
    ("policy_strict", "Policy strict", "of the posts that were read, the load counted what this policy keeps"),
    ("bad", "Bad lines", "left out: no JSON object, or without a usable id or date"),
    ("late", "Late", "left out: of days whose posts are no longer kept"),
    ("unusable_keys", "Unusable keys", "left out of a table: names that are empty or longer than a table can hold"),
    ("known_gaps", "Known gaps", "in what was collected: in each of them any number of posts is missing"),
];

const ID: &str = "counters";

/// The share of posts that are ripe.
pub(super) fn ripe(numbers: &Numbers) -> Option<f64> {
    of_posts(numbers, "ripe")
}

/// The share of posts by bots.
pub(super) fn bots(numbers: &Numbers) -> Option<f64> {
    of_posts(numbers, "bots")
}

/// How much more the share of ripe posts is than at the load before.
pub(super) fn ripe_change(numbers: &Numbers) -> Option<f64> {
    change_of_posts(numbers, "ripe")
}

/// How much more the share of posts by bots is than at the load before.
pub(super) fn bots_change(numbers: &Numbers) -> Option<f64> {
    change_of_posts(numbers, "bots")
}

fn change_of_posts(numbers: &Numbers, counter: &str) -> Option<f64> {
    let story = numbers.story.as_ref()?;
    let posts = story.counter("posts")?.before().filter(|posts| *posts > 0)?;
    Some(of_posts(numbers, counter)? - share(story.counter(counter)?.before()?, posts))
}

fn of_posts(numbers: &Numbers, counter: &str) -> Option<f64> {
    let story = numbers.story.as_ref()?;
    Some(share(story.counter(counter)?.count, story.posts()?))
}

/// The share of posts without a language.
pub(super) fn undetermined(numbers: &Numbers) -> Option<f64> {
    let languages = numbers.ranking(LANGUAGES).filter(|languages| languages.sum > 0)?;
    let undetermined = languages.kept.iter().find(|row| row.key == "und");
    let count = undetermined.and_then(|row| row.cells.first()?.as_deref()?.parse().ok()).unwrap_or(0);
    Some(share(count, languages.sum))
}

/// The section.
pub(super) fn sure(numbers: &Numbers, embedded: &[Embedded]) -> Markup {
    let Some(story) = &numbers.story else {
        return html! { p { "There are no numbers yet: nothing was loaded." } };
    };
    let figure = Figure {
        id: "counters-figure",
        title: "What was read, and what was left out",
        counts: html! { "What the last load counted on its way from lines to posts to rows." },
        notes: vec![
            "All counts are what this server knows of: of posts elsewhere it has those that somebody here follows or looked up.".into(),
            "Most fresh posts have no engagement yet. The more of them are ripe, the more the engagement says.".into(),
            "Languages are declared or guessed, and months of creation cover accounts that were seen posting alone.".into(),
        ],
        shown: html! { (shares(numbers)) (counters(story)) (policies(&numbers.policies)) (forgotten(numbers.forgotten)) },
        data: vec![(ID, "counters")],
    };
    figure.markup(embedded)
}

fn shares(numbers: &Numbers) -> Markup {
    let shares = [
        ("ripe", ripe(numbers), "of the posts are ripe"),
        ("bots", bots(numbers), "of the posts are by bots"),
        ("und", undetermined(numbers), "of the posts have no language"),
    ];
    html! {
        ul {
            @for (id, share, what) in shares {
                @if let Some(share) = share { li { strong data-share=(id) { (percent(share)) } " " (what) } }
            }
        }
    }
}

/// Whose posts were kept, and how much of them.
fn policies(policies: &[InForce]) -> Markup {
    html! {
        @if !policies.is_empty() {
            p { "Whose posts are kept, and how much of them, by the policies of the lake:" }
            ul {
                @for InForce { since, by, policy } in policies {
                    li data-policy=(by) { (by) ", since " (since) ": " (policy) "." }
                }
            }
        }
    }
}

/// That something was forgotten, and what stays of it.
fn forgotten(forgotten: Option<Forgotten>) -> Markup {
    html! {
        @if let Some(Forgotten { times }) = forgotten {
            p data-forgotten=(times) {
                "Accounts or posts were forgotten (runs: " (thousands(times)) "). Days whose posts are still there are counted as if they \
                 had never been. Of days whose posts had expired by then the rows of accounts went, and what was counted of several people \
                 together, such as languages and hashtags, stayed."
            }
        }
    }
}

/// The counters that mean something to this page, in its order, then the others.
fn told<'s>(story: &'s Story) -> Vec<(&'s str, String, &'static str)> {
    let known = COUNTERS.iter().filter(|(name, ..)| story.counter(name).is_some());
    let known = known.map(|(name, title, meaning)| (*name, (*title).to_owned(), *meaning));
    let is_known = |name: &str| COUNTERS.iter().any(|(own, ..)| *own == name);
    let others = story.counters.iter().filter(|(name, _)| !is_known(name));
    let other = |name: &'s str| match name.strip_prefix(ROWS) {
        Some(table) => (name, format!("Rows of {table}"), "rows of the table, those of all days together"),
        None => (name, name.replace('_', " "), "counted by the load, which says no more of it"),
    };
    known.chain(others.map(|(name, _)| other(name))).collect()
}

fn counters(story: &Story) -> Markup {
    html! {
        div.scroll role="region" tabindex="0" aria-label="Counters" {
            table data-table=(ID) {
                thead { tr { th scope="col" { "what" } th.number scope="col" { "count" } th.number scope="col" { "change" } th scope="col" { "meaning" } } }
                tbody {
                    @for (name, title, meaning) in told(story) {
                        @if let Some(counted) = story.counter(name) {
                            tr data-counter=(name) {
                                th scope="row" { (title) }
                                td.number { (thousands(counted.count)) }
                                td.number { (counted.change.map(signed).unwrap_or_default()) }
                                td { (meaning) }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn data(numbers: &Numbers) -> Vec<Data> {
    let data = |story: &Story| Data {
        id: ID.into(),
        columns: vec![Heading::text("counter"), Heading::number("count"), Heading::number("change")],
        rows: story
            .counters
            .iter()
            .map(|(name, counted)| {
                vec![
                    Some(name.clone()),
                    Some(counted.count.to_string()),
                    counted.change.map(|change| change.to_string()),
                ]
            })
            .collect(),
        of: story.counters.len() as u64,
    };
    numbers.story.iter().map(data).collect()
}
