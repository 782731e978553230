//! The names of a lake's raw files, which say when what is in them was observed.

use tootmill_metric::Instant;

/// How old a post is, in microseconds, when an observation shows what became of it.
const RIPE: i64 = 24 * 60 * 60 * 1_000_000;

/// How the name of a raw file begins that holds what was observed at this time; behind it comes a `-` and what makes the name
/// unique. The file lies in the day's folder, or in a folder of this name there.
///
/// ```
/// # use tootmill_metric::Instant;
/// let observed = Instant::parse("2026-11-24T10:00:00.5Z").unwrap();
/// assert_eq!(tootmill_input::raw_name(observed), "20261124T100000.500000Z");
/// ```
pub fn raw_name(observed: Instant) -> String {
    observed.to_string().replace(['-', ':'], "")
}

/// When the observations in a file were made, as its path says: what stands right below the folder `date=DAY` begins with
/// their time, as [`raw_name`] writes it. `None` for any other file.
///
/// ```
/// # use tootmill_metric::Instant;
/// let raw = "lake/mastodon.example/raw/date=2026-11-24/20261124T100000.500000Z-import-7/part-00000.jsonl.zst";
/// assert_eq!(tootmill_input::observed_at(raw), Instant::parse("2026-11-24T10:00:00.5Z"));
/// assert_eq!(tootmill_input::observed_at("posts.jsonl"), None);
/// ```
pub fn observed_at(path: &str) -> Option<Instant> {
    let (_, of_day) = path.rsplit_once("date=")?;
    let (name, _) = of_day.split('/').nth(1)?.split_once('-')?;
    let (date, time) = name.split_once('T')?;
    let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..)?);
    let (hours, minutes, seconds) = (time.get(..2)?, time.get(2..4)?, time.get(4..)?);
    Instant::parse(&format!("{year}-{month}-{day}T{hours}:{minutes}:{seconds}"))
}

/// Whether a post of that time was ripe when it was observed: a day old or older, so that its counts mean something. What was
/// observed nobody knows when is not.
pub fn is_ripe(created_at: Instant, observed: Option<Instant>) -> bool {
    observed.is_some_and(|observed| observed.micros() - created_at.micros() >= RIPE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_raw_name_tells_its_time(micros in -62_135_596_800_000_000_i64..253_402_300_800_000_000, rest in "[a-z0-9-]*") {
            let observed = Instant::from_micros(micros);
            let name = format!("{}-{rest}", raw_name(observed));
            for file in [&*name, &format!("{name}.jsonl.zst"), &format!("{name}/part-00000.jsonl.zst")] {
                let path = format!("/lake/mill.example/raw/date={}/{file}", observed.day());
                prop_assert_eq!(observed_at(&path), Some(observed));
                prop_assert_eq!(observed_at(&format!("hdfs://mill:8020{path}")), Some(observed));
            }
        }

        #[test]
        fn any_path_has_a_time_or_none(path in "(.*date=)?[0-9T-]{0,12}/.{0,30}") {
            let _ = observed_at(&path);
        }
    }

    #[test]
    fn other_files_tell_no_time() {
        for path in [
            "",
            "20261124T100000.000000Z-a.jsonl",
            "posts/date=2026-11-24/v=3/part-00000.jsonl.zst",
            "raw/date=2026-11-24/posts.jsonl",
            "raw/date=2026-11-24/Tuesday-posts.jsonl",
            "raw/date=2026-11-24/20261124T1000-posts.jsonl",
            "raw/date=2026-11-24/20261324T100000.000000Z-a.jsonl",
            "raw/date=2026-11-24/by-hand/20261124T100000.000000Z-a.jsonl",
        ] {
            assert_eq!(observed_at(path), None, "{path}");
        }
    }

    #[test]
    fn a_post_is_ripe_after_a_day() {
        let at = |text| Instant::parse(text);
        let created_at = at("2026-11-24T10:00:00Z").unwrap();
        assert!(is_ripe(created_at, at("2026-11-25T10:00:00Z")));
        assert!(!is_ripe(created_at, at("2026-11-25T09:59:59.999999Z")));
        assert!(!is_ripe(created_at, None));
    }
}
