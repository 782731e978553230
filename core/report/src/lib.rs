//! What the tables say: the numbers, and one page that people look at.

mod accounts;
mod calendar;
mod chart;
mod daily;
mod embed;
mod error;
mod largest;
mod months;
mod names;
mod numbers;
mod page;
mod ranking;
mod story;
mod subject;
#[cfg(test)]
mod testing;
mod text;
mod trend;

pub use error::Error;
pub use numbers::{Forgotten, InForce, Numbers, Options};
pub use page::{MOST_BYTES, page};
pub use text::thousands;
