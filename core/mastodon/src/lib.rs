//! The Mastodon API as a client sees it: timelines, streams, limits, tokens.
//!
//! A [`Client`] asks one instance over HTTP, within its limits and ours, and asks again where that may help. What an
//! [`Instance`] says of itself tells who may read its [`Timeline`]; [`Rules`] and [`check_robots`] tell who should. What is
//! known by its id is looked at again as [`Statuses`].

mod client;
mod error;
mod instance;
mod link;
mod observation;
mod pace;
mod robots;
mod rules;
mod statuses;
mod timeline;

pub use client::{Answer, Client, Settings, Watch};
pub use error::Error;
pub use instance::{Access, Instance};
pub use observation::Observation;
pub use robots::check_robots;
pub use rules::Rules;
pub use statuses::{Looked, Statuses};
pub use timeline::{Feed, PAGE, Page, Timeline};
