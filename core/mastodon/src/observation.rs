//! A status as the instance sent it, and what collecting has to know of it.

use serde::Deserialize;
use serde_json::value::RawValue;
use tootmill_metric::{Id, Instant};

/// A status as it was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Its id, a string or the exact digits of a number; `None` where it has no usable one.
    pub id: Option<Id>,
    /// When it was written; `None` where that cannot be read.
    pub created_at: Option<Instant>,
    /// What the instance sent, one value of JSON.
    pub json: String,
}

impl Observation {
    /// Of one value of JSON. Whatever it is, it is kept: that it is no status is found out, counted and told by whoever reads
    /// the lake.
    pub fn of(json: impl Into<String>) -> Self {
        #[derive(Default, Deserialize)]
        struct Head<'a> {
            #[serde(borrow)]
            id: Option<&'a RawValue>,
            #[serde(borrow)]
            created_at: Option<&'a RawValue>,
        }
        let json = json.into();
        let head: Head<'_> = serde_json::from_str(&json).unwrap_or_default();
        let id = head.id.and_then(|id| read_id(id.get())).map(|id| Id::new(&id));
        let text = head.created_at.and_then(|date| serde_json::from_str::<String>(date.get()).ok());
        let created_at = text.and_then(|text| Instant::parse(&text));
        Self { id, created_at, json }
    }
}

/// An id: a string that is not empty, or the digits of a whole number, exactly as they stand there.
fn read_id(json: &str) -> Option<String> {
    let text = match json.as_bytes() {
        [b'"', ..] => serde_json::from_str(json).ok()?,
        [b'-', digits @ ..] | digits if digits.iter().all(u8::is_ascii_digit) => json.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_strings_or_exact_digits_and_whatever_comes_is_kept() {
        let id = |json: &str| Observation::of(json).id.map(|id| id.as_str().to_string());
        assert_eq!(id(r#"{"id": "01J\u0041", "created_at": 7}"#).as_deref(), Some("01JA"));
        assert_eq!(id(r#"{"id": 12345678901234567890123}"#).as_deref(), Some("12345678901234567890123"));
        for none in [r#"{"id": ""}"#, r#"{"id": 1.5}"#, r#"{"id": null}"#, r#"{"id": ["1"]}"#, "[]", "null", "x", ""] {
            assert_eq!(Observation::of(none), Observation { id: None, created_at: None, json: none.into() });
        }
        let written = Observation::of(r#"{"created_at": "2026-11-24T10:00:00.000Z", "id": "1"}"#).created_at;
        assert_eq!(written, Instant::parse("2026-11-24T10:00:00Z"));
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(json in "\\PC*") {
            prop_assert_eq!(&Observation::of(json.clone()).json, &json);
        }
    }
}
