//! Posts with media, as a count and a share of all posts.

use maud::{Markup, html};

use super::ranking::bar;
use crate::{
    ranking::Ranking,
    text::{percent, thousands},
};

/// The share of posts that have media.
pub(super) fn share(ranking: &Ranking) -> Markup {
    let share = ranking.top.first().and_then(|row| row.share).filter(|_| ranking.is_of_posts);
    html! {
        p data-table=(ranking.table) {
            strong.count { (thousands(ranking.sum)) } " posts"
            @if let (Some(share), Some(whole)) = (share, ranking.whole) { ", " strong.share { (percent(share)) } " of " (thousands(whole)) }
        }
        @if let Some(share) = share { div.bar.whole { (bar(share, 1.0)) } }
    }
}
