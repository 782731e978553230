//! How often a policy did what, as the note that stands among the lines that were kept.

use std::ops::AddAssign;

use serde::Serialize;
use serde_json::{Value, json};

use crate::policy::{Kept, Level, Reason};

/// How many observations were left out, and why, and of how many less was kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Left out, for any reason.
    pub left_out: u64,
    /// Because the account wants no index.
    pub noindex: u64,
    /// Because of a tag in the account's profile.
    pub opt_out_tag: u64,
    /// Because of a list.
    pub blocked: u64,
    /// Because the account, or the post, was forgotten before.
    pub forgotten: u64,
    /// Of which no names and no text were kept.
    pub reduced: u64,
}

impl Tally {
    /// Counts what was kept of an observation.
    pub fn count(&mut self, kept: &Kept<'_>) {
        match kept {
            Kept::Whole(_) | Kept::NoObject | Kept::Note => {}
            Kept::Reduced(_) => self.reduced += 1,
            Kept::LeftOut(reason) => {
                self.left_out += 1;
                *match reason {
                    Reason::NoIndex => &mut self.noindex,
                    Reason::OptOutTag => &mut self.opt_out_tag,
                    Reason::Blocked => &mut self.blocked,
                    Reason::Forgotten => &mut self.forgotten,
                } += 1;
            }
        }
    }

    /// The note of it, for the lines of a policy of this level; with the time until which all was read that was written, where it
    /// was read in that order.
    pub fn note(&self, level: Level, observed: &str, read: Option<&str>) -> String {
        let mut note = json!({"policy": self, "observed": observed});
        if let Some(read) = read {
            note["read"] = read.into();
        }
        if let Some(Value::Object(policy)) = note.get_mut("policy") {
            policy.insert("name".into(), level.to_string().into());
        }
        note.to_string()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.left_out += more.left_out;
        self.noindex += more.noindex;
        self.opt_out_tag += more.opt_out_tag;
        self.blocked += more.blocked;
        self.forgotten += more.forgotten;
        self.reduced += more.reduced;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tootmill_metric::{Line, PolicyCounts};

    #[test]
    fn the_note_tells_what_was_counted() {
        let mut tally = Tally::default();
        let reasons = [Reason::NoIndex, Reason::OptOutTag, Reason::Blocked, Reason::Blocked, Reason::Forgotten];
        reasons.map(Kept::LeftOut).iter().for_each(|kept| tally.count(kept));
        tally.count(&Kept::Reduced(String::new()));
        tally.count(&Kept::Whole("".into()));
        assert_eq!(tally, Tally { left_out: 5, noindex: 1, opt_out_tag: 1, blocked: 2, forgotten: 1, reduced: 1 });
        let note = tally.note(Level::Strict, "2026-11-24T10:00:00Z", Some("2026-11-24"));
        assert!(note.contains(r#""name":"strict""#) && note.contains(r#""read":"2026-11-24""#), "{note}");
        let Ok(Line::Policy(counts)) = Line::parse(&note) else { panic!("{note}") };
        assert_eq!(counts, PolicyCounts { left_out: 5, reduced: 1 });
    }
}
