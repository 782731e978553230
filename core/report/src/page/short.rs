//! The page in short: the headline numbers, and an answer to each question that a reader comes with.

use maud::{Markup, html};

use super::{accounts, figure::key, sure};
use crate::{
    numbers::Numbers,
    ranking::{Ranking, share},
    story::{Counted, ROWS},
    subject::{ACCOUNTS, LANGUAGES, MEDIA, Section},
    text::{percent, points, signed, thousands},
};

/// How many names an answer has.
const NAMES: usize = 3;

pub(super) fn short(numbers: &Numbers) -> Markup {
    html! {
        section aria-labelledby="short" {
            h2 id="short" { "In short" }
            dl.cards { (headlines(numbers)) }
            ul {
                (who(numbers))
                (topics(numbers))
                (languages(numbers))
                (links(numbers))
                (how_sure(numbers))
            }
        }
    }
}

fn headlines(numbers: &Numbers) -> Markup {
    let counter = |name: &str| numbers.story.as_ref().and_then(|story| story.counter(name));
    let card_of = |title: &str, counted: Option<Counted>| {
        html! { @if let Some(counted) = counted { (card(title, &thousands(counted.count), counted.change.map(signed))) } }
    };
    let share_of = |title: &str, share: Option<f64>, change: Option<f64>| {
        html! { @if let Some(share) = share { (card(title, &percent(share), change.map(points))) } }
    };
    let accounts_before = counter(&format!("{ROWS}{ACCOUNTS}")).and_then(|rows| rows.change).map(signed);
    let media = numbers.ranking(MEDIA).filter(|media| media.is_of_posts);
    html! {
        (card_of("Posts", counter("posts")))
        (card_of("Days with posts", numbers.story.as_ref().map(|story| story.number_of_days)))
        @if let Some(accounts) = &numbers.accounts { (card("Accounts seen", &thousands(accounts.seen), accounts_before)) }
        (share_of("Posts with media", media.and_then(|media| Some(share(media.sum, media.whole?))), None))
        (share_of("Posts that are ripe", sure::ripe(numbers), sure::ripe_change(numbers)))
        (share_of("Posts by bots", sure::bots(numbers), sure::bots_change(numbers)))
        (card_of("Known gaps", counter("known_gaps")))
    }
}

fn card(title: &str, value: &str, change: Option<String>) -> Markup {
    html! {
        div {
            dt { (title) }
            dd { (value) }
            @if let Some(change) = change { dd.change { (change) " since the load before" } }
        }
    }
}

fn who(numbers: &Numbers) -> Markup {
    let Some(of) = &numbers.accounts else { return html! {} };
    html! {
        li {
            strong { "Who grew? " }
            @if of.grew.is_empty() { "No account was seen on two days with more followers on the later one." }
            @for (place, one) in of.grew.iter().take(NAMES).enumerate() {
                @if place > 0 { ", " }
                (accounts::name(of, &one.id)) " (" (signed(i64::try_from(one.gained).unwrap_or(i64::MAX))) " followers)"
            }
        }
    }
}

fn topics(numbers: &Numbers) -> Markup {
    let topics = numbers
        .rankings
        .iter()
        .find(|ranking| ranking.subject.section == Section::Topics && ranking.subject.key == "hashtag");
    let Some(topics) = topics else { return html! {} };
    let gained =
        topics.trend.as_ref().and_then(|trend| trend.movement.as_ref()).and_then(|movement| movement.gained.first());
    html! {
        li {
            strong { "What was talked about? " } (first(topics))
            @if let Some(gained) = gained { ". Gained most: " (key(&gained.key)) }
        }
    }
}

fn languages(numbers: &Numbers) -> Markup {
    html! { @if let Some(languages) = numbers.ranking(LANGUAGES) { li { strong { "In which language? " } (first(languages)) } } }
}

fn links(numbers: &Numbers) -> Markup {
    let links = numbers.rankings.iter().find(|ranking| ranking.subject.section == Section::Links);
    html! { @if let Some(links) = links { li { strong { "Linking where? " } (first(links)) } } }
}

/// The first keys with their shares.
fn first(ranking: &Ranking) -> Markup {
    html! {
        @if ranking.top.is_empty() { "Nothing yet" }
        @for (place, row) in ranking.top.iter().take(NAMES).enumerate() {
            @if place > 0 { ", " }
            (key(&row.key)) @if let Some(share) = row.share { " (" (percent(share)) ")" }
        }
    }
}

fn how_sure(numbers: &Numbers) -> Markup {
    let Some(story) = &numbers.story else { return html! {} };
    let count = |name| story.counter(name).map(|counter| counter.count);
    // Posts of a lake are counted without the lines that they were.
    let lines = count("lines").filter(|lines| *lines > 0);
    html! {
        li {
            strong { "How sure is this? " }
            @if let Some(ripe) = sure::ripe(numbers) { (percent(ripe)) " of the posts were seen a day or more after they were written, as their engagement needs; " }
            @match (count("bad"), lines) {
                (Some(bad), Some(lines)) => { (thousands(bad)) " of " (thousands(lines)) " lines could not be read; " }
                (Some(bad @ 1..), None) => { (thousands(bad)) " lines could not be read; " }
                _ => "how many lines could not be read is not known; ",
            }
            @match count("known_gaps") {
                None => "whether there are gaps is not known. ",
                Some(0) => "no gap is known. ",
                Some(1) => "1 gap is known. ",
                Some(gaps) => { (thousands(gaps)) " gaps are known. " }
            }
            a href="#sure" { "More" }
        }
    }
}
