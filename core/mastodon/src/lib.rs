//! The Mastodon API as a client sees it: timelines, streams, limits, tokens.
//!
//! A [`Client`] asks one instance over HTTP, within its limits and ours, and asks again where that may help. What an
//! [`Instance`] says of itself tells who may read its [`Timeline`]; [`Rules`] and [`check_robots`] tell who should. A
//! [`Stream`] brings the posts of a timeline as they come; what is known by its id is looked at again as [`Statuses`].
//! [`Tokens`] are kept and found, and an [`AuthorizationServer`] gives them.

mod client;
mod error;
#[cfg(test)]
mod fake;
mod instance;
mod link;
mod loopback;
mod oauth;
mod observation;
mod pace;
mod replacement;
mod robots;
mod rules;
mod scopes;
mod statuses;
mod stream;
mod timeline;
mod tokens;

pub use client::{Client, Settings, Watch, is_on_this_machine};
pub use error::Error;
pub use instance::{Access, Instance};
pub use loopback::Loopback;
pub use oauth::{Authorization, AuthorizationServer, OUT_OF_BAND, Verified};
pub use observation::Observation;
pub use replacement::{LeftOver, replace, revoke, revoke_left_over};
pub use robots::check_robots;
pub use rules::Rules;
pub use scopes::Scopes;
pub use statuses::{Looked, Statuses};
pub use stream::{Event, PassedOver, Stream};
pub use timeline::{Feed, PAGE, Page, Timeline};
pub use tokens::{App, Change, Found, Kept, Owner, Source, Token, Tokens};
