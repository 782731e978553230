//! Accounts: the most followed, those with the highest engagement, those whose followers grew.

use maud::{Markup, html};

use super::{
    figure::{Figure, key},
    ranking::bar,
};
use crate::{
    accounts::{Account, Accounts, Growth},
    embed::{Data, Embedded, Heading},
    numbers::Numbers,
    subject::{ACCOUNTS, Subject},
    text::{cell, percent, thousands},
};

const FOLLOWED: &str = "most_followed";
const ENGAGING: &str = "highest_engagement";
const GREW: &str = "followers_grew";

/// The figures of accounts.
pub(super) fn accounts(accounts: &Accounts, numbers: &Numbers, embedded: &[Embedded]) -> Markup {
    let counts = || html! { (accounts.counts) };
    let figure = |id: &'static str, title, shown, notes| {
        let heading = format!("{id}-figure");
        Figure { id: &heading, title, counts: counts(), notes, shown, data: vec![(id, title)] }.markup(embedded)
    };
    let mut of_rates: Vec<String> =
        Subject::of(&tootmill_metric::Table::new(ACCOUNTS)).caveats.iter().map(ToString::to_string).collect();
    of_rates.extend(super::sure::ripe(numbers).map(|ripe| {
        format!(
            "{} of the posts were seen a day or more after they were written, so that others could have reacted.",
            percent(ripe)
        )
    }));
    of_rates.push(format!(
        "Compared are the {} accounts with at least {} posts and {} followers, of {}; {} have a single post.",
        thousands(accounts.compared),
        thousands(accounts.least_posts),
        thousands(accounts.least_followers),
        thousands(accounts.seen),
        thousands(accounts.with_one_post)
    ));
    let grew = vec![
        format!(
            "Growth is between the first and the last day on which an account was seen posting, with followers; {} accounts were on two days or more.",
            thousands(accounts.seen_again)
        ),
        "An account that did not post is not seen, so this is no list of who grew most on the server.".into(),
    ];
    html! {
        (figure(GREW, "Followers grew most", growth(accounts), grew))
        (figure(FOLLOWED, "Most followed", ranked(accounts, &accounts.most_followed, FOLLOWED, |one| one.followers.to_string()), vec![names(accounts)]))
        (figure(ENGAGING, "Highest engagement", ranked(accounts, &accounts.most_engaging, ENGAGING, |one| one.engagement_rate.clone()), of_rates))
    }
}

fn names(accounts: &Accounts) -> String {
    if accounts.names.is_empty() {
        "Accounts are shown by their ids.".into()
    } else {
        "Accounts that want to be found are shown by name, all others by their ids.".into()
    }
}

/// An account by its name, if it wants to be found, or its id.
pub(super) fn name(accounts: &Accounts, id: &str) -> Markup {
    match accounts.names.get(id) {
        Some(acct) => html! { (key(&format!("@{acct}"))) },
        None => key(id),
    }
}

fn ranked(accounts: &Accounts, ranked: &[Account], id: &str, by: fn(&Account) -> String) -> Markup {
    let value = |account: &Account| by(account).parse::<f64>().unwrap_or(0.0);
    let Some(most) = ranked.first().map(value) else {
        return html! { p { "No account is to be compared yet." } };
    };
    html! {
        div.scroll role="region" tabindex="0" aria-label={ "Accounts: " (id.replace('_', " ")) } {
            table.bars data-table=(id) {
                thead {
                    tr {
                        th scope="col" { "account" }
                        th.number scope="col" { "followers" }
                        th.number scope="col" { "posts" }
                        th.number scope="col" { "engagement" }
                        td.bar {}
                    }
                }
                tbody {
                    @for account in ranked {
                        tr {
                            th scope="row" { (name(accounts, &account.id)) }
                            td.number { (thousands(account.followers)) }
                            td.number { (thousands(account.posts)) }
                            td.number { (cell(&account.engagement_rate)) }
                            td.bar { (bar(value(account), most)) }
                        }
                    }
                }
            }
        }
    }
}

fn growth(accounts: &Accounts) -> Markup {
    let Some(most) = accounts.grew.first() else {
        return html! { p { "No account was seen on two days with more followers on the later one." } };
    };
    #[allow(clippy::cast_precision_loss, reason = "a bar is as exact as a screen")]
    let length = |growth: &Growth| bar(growth.gained as f64, most.gained as f64);
    html! {
        div.scroll role="region" tabindex="0" aria-label="Accounts: followers grew" {
            table.bars data-table=(GREW) {
                thead {
                    tr {
                        th scope="col" { "account" }
                        th.number scope="col" { "gained" }
                        th.number scope="col" { "from" }
                        th.number scope="col" { "to" }
                        th scope="col" { "between" }
                        td.bar {}
                    }
                }
                tbody {
                    @for growth in &accounts.grew {
                        tr {
                            th scope="row" { (name(accounts, &growth.id)) }
                            td.number { "+" (thousands(growth.gained)) }
                            td.number { (thousands(growth.first)) }
                            td.number { (thousands(growth.last)) }
                            td.days { (growth.first_day) " to " (growth.last_day) }
                            td.bar { (length(growth)) }
                        }
                    }
                }
            }
        }
    }
}

/// The rows that are shown, and no others: who is not shown need not be in the page.
pub(super) fn data(accounts: &Accounts) -> Vec<Data> {
    let shown = |id: &str| accounts.names.get(id).cloned();
    let of_accounts = |id: &str, ranked: &[Account]| Data {
        id: id.into(),
        columns: vec![
            Heading::text("account"),
            Heading::text("name"),
            Heading::number("followers"),
            Heading::number("posts"),
            Heading::number("engagement_rate"),
        ],
        rows: ranked
            .iter()
            .map(|one| {
                let numbers = [one.followers.to_string(), one.posts.to_string(), one.engagement_rate.clone()];
                [Some(one.id.clone()), shown(&one.id)].into_iter().chain(numbers.map(Some)).collect()
            })
            .collect(),
        of: ranked.len() as u64,
    };
    let grew = Data {
        id: GREW.into(),
        columns: vec![
            Heading::text("account"),
            Heading::text("name"),
            Heading::number("gained"),
            Heading::text("first_day"),
            Heading::number("followers_first"),
            Heading::text("last_day"),
            Heading::number("followers_last"),
        ],
        rows: accounts
            .grew
            .iter()
            .map(|one| {
                vec![
                    Some(one.id.clone()),
                    shown(&one.id),
                    Some(one.gained.to_string()),
                    Some(one.first_day.clone()),
                    Some(one.first.to_string()),
                    Some(one.last_day.clone()),
                    Some(one.last.to_string()),
                ]
            })
            .collect(),
        of: accounts.grew.len() as u64,
    };
    vec![grew, of_accounts(FOLLOWED, &accounts.most_followed), of_accounts(ENGAGING, &accounts.most_engaging)]
}
