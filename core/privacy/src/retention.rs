//! For how long a lake keeps what, on record: as the last retention was told.

use std::fmt;

use serde::{Deserialize, Serialize};
use tootmill_lake::{Lake, Lease};
use tootmill_metric::{Day, Instant};

use crate::{error::Error, settings::Settings};

/// Days for which something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Kept {
    /// Raw files, after they were observed.
    pub raw: u32,
    /// Posts, after they were written.
    pub posts: u32,
    /// Accounts, after they posted for the last time; `None` for ever.
    pub accounts: Option<u32>,
}

impl Kept {
    /// For how long something is kept if nobody says otherwise.
    pub const USUAL: Self = Self { raw: 30, posts: 180, accounts: None };

    /// Where settings say something else, if they say something.
    pub(crate) fn differs(self, settings: &Settings) -> Vec<&'static str> {
        let all = [
            ("retention.raw", Some(self.raw)),
            ("retention.posts", Some(self.posts)),
            ("retention.states", self.accounts),
            ("retention.tables", self.accounts),
        ];
        let is_said = |answer: &str, days: Option<u32>| match days {
            Some(days) => answer.split(|other: char| !other.is_ascii_digit()).any(|number| number == days.to_string()),
            None => answer.contains("for ever"),
        };
        let differs =
            all.into_iter().filter(|(path, days)| settings.get(path).is_some_and(|said| !is_said(said, *days)));
        differs.map(|(path, _)| path).collect()
    }

    /// The first day that is kept on another of what is kept for so many days.
    pub fn first_day(days: u32, today: Day) -> Day {
        const DAY: i64 = 86_400_000_000;
        Instant::from_micros(today.start().micros().saturating_sub(i64::from(days) * DAY)).day()
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { raw, posts, accounts } = self;
        let accounts = accounts.map_or_else(|| "for ever".into(), |days| format!("{days} days"));
        write!(f, "raw files {raw} days, posts {posts} days, accounts {accounts}")
    }
}

/// Notes for how long the lake keeps what.
pub fn record_retention(lake: &Lake, lease: &Lease, kept: Kept) -> Result<(), Error> {
    lease.check()?;
    let text = serde_json::to_string_pretty(&kept).unwrap_or_default();
    Ok(lake.storage().write_text(&lake.retention(), &text)?)
}

/// For how long the lake keeps what; `None` where nothing ever went for its age.
pub fn recorded_retention(lake: &Lake) -> Result<Option<Kept>, Error> {
    Ok(lake.storage().read_as(&lake.retention(), |text| serde_json::from_str(text))?)
}
