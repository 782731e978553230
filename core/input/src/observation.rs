//! What was observed of a post, and which observation of the same post counts.

use tootmill_metric::{Instant, Merge, Post, Reduction, StateReader, StateWriter};

/// What was seen of one post: the latest observation, or that there were none.
///
/// The latest is the one with the greatest `edited_at`, or else `created_at`; then with the most reblogs, favourites and
/// replies together; then with the greatest object, as bytes without the white space outside of strings. Of the latest no more
/// is to be told than of the one of which least was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    latest: Option<Seen>,
    observed: u64,
    is_ripe: bool,
    reduction: Reduction,
}

/// The fields are in the order in which they decide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    at: Instant,
    engagements: u128,
    object: String,
}

impl Observation {
    /// One observation, and whether the post [was ripe](crate::is_ripe) then.
    pub fn of(post: &Post<'_>, is_ripe: bool) -> Self {
        let counts = [post.reblogs_count, post.favourites_count, post.replies_count];
        Self {
            latest: Some(Seen {
                at: post.edited_at.unwrap_or(post.created_at),
                engagements: counts.into_iter().map(u128::from).sum(),
                object: without_white_space(post.line()),
            }),
            observed: 1,
            is_ripe,
            reduction: post.reduction,
        }
    }

    /// The latest observation's JSON object, on one line, without white space outside of strings.
    pub fn object(&self) -> Option<&str> {
        self.latest.as_ref().map(|seen| &*seen.object)
    }

    /// How many observations there were.
    pub fn observed(&self) -> u64 {
        self.observed
    }

    /// Whether the post was ripe in one of them.
    pub fn is_ripe(&self) -> bool {
        self.is_ripe
    }

    /// The most that was not kept of one of them: as much is to go from the object.
    pub fn reduction(&self) -> Reduction {
        self.reduction
    }
}

impl Merge for Observation {
    fn merge(&mut self, other: Self) {
        self.observed = self.observed.saturating_add(other.observed);
        self.is_ripe |= other.is_ripe;
        self.reduction = self.reduction.max(other.reduction);
        if other.latest > self.latest {
            self.latest = other.latest;
        }
    }

    fn write(&self, text: &mut StateWriter<'_>) {
        text.integer(self.observed);
        text.integer(u8::from(self.is_ripe));
        text.integer(self.reduction as u8);
        if let Some(seen) = &self.latest {
            text.integer(seen.at.micros());
            text.integer(seen.engagements);
            text.rest(&seen.object);
        }
    }

    fn read(text: &mut StateReader<'_>) -> Option<Self> {
        let observed = text.integer()?;
        let is_ripe = text.integer::<u8>()? == 1;
        let reduction = *Reduction::ALL.get(text.integer::<usize>()?)?;
        let latest = match text.integer() {
            Some(micros) => {
                Some(Seen { at: Instant::from_micros(micros), engagements: text.integer()?, object: text.rest()? })
            }
            None => None,
        };
        Some(Self { latest, observed, is_ripe, reduction })
    }

    fn heap_bytes(&self) -> usize {
        self.latest.as_ref().map_or(0, |seen| seen.object.capacity())
    }
}

/// The text by which ids are sorted as ids are: the shorter first, those of one length by their bytes.
pub fn identity_key(id: &str) -> String {
    format!("{:010}{id}", id.len())
}

/// The object without the white space outside of its strings.
fn without_white_space(object: &str) -> String {
    let mut text = String::with_capacity(object.len());
    let mut in_string = false;
    let mut start = 0;
    let bytes = object.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => at += 1,
            b' ' | b'\t' | b'\n' | b'\r' if !in_string => {
                text.push_str(object.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    text.push_str(object.get(start..).unwrap_or_default());
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn winner(lines: &[&str]) -> String {
        let mut all = Observation::default();
        lines.iter().for_each(|line| all.merge(Observation::of(&Post::parse(line).unwrap(), false)));
        all.object().unwrap().into()
    }

    #[test]
    fn the_latest_wins() {
        let first = r#"{"id":"1","created_at":"2026-11-24T10:00:00Z","favourites_count":9}"#;
        let edited = r#"{"id":"1","created_at":"2026-11-24T10:00:00Z","edited_at":"2026-11-24T11:00:00+00:00"}"#;
        let again = r#"{"id":"1","created_at":"2026-11-24T10:00:00Z","edited_at":"2026-11-24 12:00:00 +0100","replies_count":1}"#;
        let greater = again.replace("replies", "reblogs");
        assert_eq!(winner(&[first, edited]), edited);
        assert_eq!(winner(&[again, edited, first]), again);
        assert_eq!(winner(&[again, &greater]), again);
    }

    #[test]
    fn the_most_that_was_not_kept_of_one_is_known_whichever_is_the_latest() {
        let line = |says: &str| format!(r#"{{"id":"1","created_at":"2026-11-24","favourites_count":{says}}}"#);
        let (whole, text, account) = (line("9"), line(r#"1,"reduced":"text""#), line(r#"2,"reduced":"account""#));
        for (lines, reduction) in [
            (&[&whole, &whole][..], Reduction::None),
            (&[&whole, &text], Reduction::Text),
            (&[&account, &text, &whole], Reduction::Account),
        ] {
            let mut all = Observation::default();
            lines.iter().for_each(|line| all.merge(Observation::of(&Post::parse(line).unwrap(), false)));
            assert_eq!((all.object(), all.reduction()), (Some(&*whole), reduction));
            let mut state = String::new();
            all.write(&mut StateWriter::new(&mut state));
            assert_eq!(StateReader::read(&state), Some(all));
        }
    }

    #[test]
    fn white_space_outside_of_strings_does_not_matter() {
        let pretty = "{ \"id\" : \"1\",\n\t\"created_at\":\"2026-11-24\", \"content\":\"a  \\\" b \\\\\" } ";
        assert_eq!(winner(&[pretty]), r#"{"id":"1","created_at":"2026-11-24","content":"a  \" b \\"}"#);
    }

    proptest! {
        #[test]
        fn observations_are_states(lines in proptest::collection::vec((tootmill_testkit::statuses(), any::<bool>()), 3)) {
            let seen: Vec<Observation> =
                lines.iter().map(|(line, is_ripe)| Observation::of(&Post::parse(line).unwrap(), *is_ripe)).collect();
            let merged = |order: [usize; 3]| {
                let mut all = Observation::default();
                order.iter().for_each(|place| all.merge(seen[*place].clone()));
                all
            };
            prop_assert_eq!(merged([0, 1, 2]), merged([2, 0, 1]));
            prop_assert_eq!(merged([0, 1, 2]), merged([1, 0, 2]));
            prop_assert_eq!(merged([0, 1, 2]).is_ripe(), lines.iter().any(|(_, is_ripe)| *is_ripe));
            let mut text = String::new();
            merged([0, 1, 2]).write(&mut StateWriter::new(&mut text));
            prop_assert_eq!(StateReader::read(&text), Some(merged([0, 1, 2])));
        }
    }
}
