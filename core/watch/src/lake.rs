//! How new a lake is, and how many files it has.

use serde::Serialize;
use tootmill_lake::{Files, Survey};
use tootmill_metric::{Day, Instant};

use crate::{
    findings::{float, hours},
    outcome::as_text,
};

/// What is known of a lake.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LakeStatus {
    /// Its address.
    pub lake: String,
    /// When the newest raw file was observed.
    #[serde(serialize_with = "as_text")]
    pub newest_observation: Option<Instant>,
    /// The hours since then.
    pub observation_age_hours: Option<f64>,
    /// The newest day that has posts.
    #[serde(serialize_with = "as_text")]
    pub newest_posts: Option<Day>,
    /// The newest day that is counted.
    #[serde(serialize_with = "as_text")]
    pub newest_counted: Option<Day>,
    /// The newest day that is in the tables, where they were asked for.
    #[serde(serialize_with = "as_text")]
    pub newest_loaded: Option<Day>,
    /// The files of each place.
    pub places: Vec<Files>,
    /// How many files there are.
    pub files: u64,
    /// How many of them have less than 1 MiB.
    pub small_files: u64,
    /// Whether others than its owner and group may look into it.
    pub is_open: bool,
}

impl LakeStatus {
    pub(crate) fn of(survey: Survey, newest_loaded: Option<Day>, taken: Instant) -> Self {
        let Survey { lake, places, newest_observation, newest_posts, newest_counted, is_open } = survey;
        Self {
            lake,
            newest_observation,
            observation_age_hours: newest_observation.map(|observed| hours(observed, taken)),
            newest_posts,
            newest_counted,
            newest_loaded,
            files: places.iter().map(|files| files.files).sum(),
            small_files: places.iter().map(|files| files.small).sum(),
            places,
            is_open,
        }
    }

    /// The share, 0 to 1, of files that are small.
    pub fn small_share(&self) -> f64 {
        if self.files == 0 { 0.0 } else { float(self.small_files) / float(self.files) }
    }
}
