//! From which numbers on something is worth a warning, or an error.

use std::{fmt, str::FromStr};

use serde::Serialize;

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// To be looked at.
    Warn,
    /// To be acted on: a scheduler hears of it by the exit code.
    Error,
}

impl Level {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// The numbers from which on there is a warning, and an error. As text `WARN,ERROR`, where `inf` means never.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    warn: f64,
    error: f64,
}

impl Threshold {
    /// The level of a number.
    pub fn level(self, number: f64) -> Level {
        match number {
            number if number >= self.error => Level::Error,
            number if number >= self.warn => Level::Warn,
            _ => Level::Ok,
        }
    }
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || format!("`{text}` is not WARN,ERROR, for example 2,3, or 2,inf for never an error");
        let (warn, error) = text.split_once(',').ok_or_else(form)?;
        let number = |text: &str| text.trim().parse().map_err(|_| form());
        let (warn, error): (f64, f64) = (number(warn)?, number(error)?);
        if warn > 0.0 && error >= warn {
            Ok(Self { warn, error })
        } else {
            Err(format!("of `{text}`, the warning's number must be above 0 and not above the error's"))
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.warn, self.error)
    }
}

/// The thresholds of everything that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Thresholds {
    /// Days since a table's last load.
    pub age_days: Threshold,
    /// The share, 0 to 1, of a table's requests that go to one of its regions.
    pub share: Threshold,
    /// How many requests a table must have had for the share to be looked at: of a few requests it says nothing.
    pub least_requests: u64,
    /// The store files of a region.
    pub store_files: Threshold,
    /// The regions in transition.
    pub in_transition: Threshold,
    /// The regions that are stuck in transition.
    pub stuck: Threshold,
    /// The region servers that are dead.
    pub dead: Threshold,
    /// Hours since the newest observation.
    pub collected_hours: Threshold,
    /// Days of posts that are not counted, or not loaded, since the newest that is.
    pub behind_days: Threshold,
    /// Files of less than 1 MiB in the lake.
    pub small_files: Threshold,
    /// The share, 0 to 1, of HDFS's capacity that is taken.
    pub hdfs_use: Threshold,
    /// Blocks of which no copy is there.
    pub missing_blocks: Threshold,
    /// Blocks that have fewer copies than they should.
    pub under_replicated: Threshold,
    /// The share, 0 to 1, of posts that a day lacks beside the median of the days before.
    pub fewer_posts: Threshold,
    /// The rows that a table has fewer than at the load before.
    pub fewer_rows: Threshold,
    /// The share, 0 to 1, of bad lines among those that the last load added.
    pub bad_share: Threshold,
    /// How many bad lines there must be for the share to be looked at.
    pub least_bad: u64,
}

impl Thresholds {
    /// A table of yesterday is as fresh as a daily load makes it, up to the moment of the next one. A store of 16 files
    /// takes no writes (`hbase.hstore.blockingStoreFiles`), and a region has two stores. One region server may be missed.
    /// Who collects once a day has collected within the last day; today's posts are not counted before tomorrow. A NameNode needs
    /// 150 bytes of memory for a file and as many for its block.
    pub const DEFAULT: Self = Self {
        age_days: Threshold { warn: 2.0, error: 3.0 },
        share: Threshold { warn: 0.75, error: 0.95 },
        least_requests: 10_000,
        store_files: Threshold { warn: 16.0, error: 32.0 },
        in_transition: Threshold { warn: 1.0, error: 10.0 },
        stuck: Threshold { warn: 1.0, error: 1.0 },
        dead: Threshold { warn: 1.0, error: 2.0 },
        collected_hours: Threshold { warn: 26.0, error: 50.0 },
        behind_days: Threshold { warn: 2.0, error: 3.0 },
        small_files: Threshold { warn: 100_000.0, error: 1_000_000.0 },
        hdfs_use: Threshold { warn: 0.8, error: 0.95 },
        missing_blocks: Threshold { warn: 1.0, error: 1.0 },
        under_replicated: Threshold { warn: 1.0, error: f64::INFINITY },
        fewer_posts: Threshold { warn: 0.5, error: 0.8 },
        fewer_rows: Threshold { warn: 1.0, error: f64::INFINITY },
        bad_share: Threshold { warn: 0.01, error: 0.05 },
        least_bad: 100,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_begins_at_its_number() {
        let threshold = Thresholds::DEFAULT.age_days;
        assert_eq!([1.9, 2.0, 2.9, 3.0].map(|days| threshold.level(days).name()), ["ok", "warn", "warn", "error"]);
    }

    #[test]
    fn thresholds_are_read_and_shown() {
        for text in ["2,3", "0.5,0.5", "1,inf", "inf,inf"] {
            assert_eq!(text.parse::<Threshold>().unwrap().to_string(), text);
        }
        assert_eq!("1,inf".parse::<Threshold>().unwrap().level(1e300), Level::Warn);
        for text in ["", "2", "3,2", "a,b", "NaN,1", "1,NaN", "-1,2", "0,1", "1,2,3"] {
            assert!(text.parse::<Threshold>().is_err(), "{text}");
        }
    }
}
