//! Finds some of many whole words in texts, in one pass over the text however many they are.

use std::{collections::HashSet, iter, ops::Range};

/// Words that are looked for: of ASCII letters and digits, as ids are nearly always.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words<'w> {
    words: HashSet<&'w str>,
    /// A bit for each length in bytes that a word has: few words of a text need to be looked up.
    lengths: u128,
}

impl<'w> Words<'w> {
    /// Takes those of some texts that are such words, and gives back the others.
    pub(crate) fn of(texts: impl Iterator<Item = &'w String>) -> (Self, Vec<&'w String>) {
        let (mut words, mut others) = (Self::default(), Vec::new());
        for text in texts {
            match bit(text.len()) {
                Some(bit) if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                    words.words.insert(text);
                    words.lengths |= bit;
                }
                _ => others.push(text),
            }
        }
        (words, others)
    }

    /// Where they are in a text as a whole, and not within a longer word.
    pub(crate) fn find_iter<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
        let (bytes, mut from) = (text.as_bytes(), if self.words.is_empty() { text.len() } else { 0 });
        iter::from_fn(move || {
            loop {
                let start = from + bytes.get(from..)?.iter().position(u8::is_ascii_alphanumeric)?;
                let rest = bytes.get(start..)?;
                let length = rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
                from = start + length;
                let is_of_length = bit(length).is_some_and(|bit| self.lengths & bit != 0);
                if is_of_length && self.words.contains(text.get(start..from)?) {
                    return Some(start..from);
                }
            }
        })
    }
}

fn bit(length: usize) -> Option<u128> {
    1_u128.checked_shl(u32::try_from(length).ok()?).filter(|_| length > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_found_as_a_whole() {
        let texts = ["42", "a1", "x-1", "", &"9".repeat(128)].map(str::to_owned);
        let (words, others) = Words::of(texts.iter());
        assert_eq!(others, [&texts[2], &texts[3], &texts[4]]);
        let found = |text: &str| words.find_iter(text).map(|found| text[found].to_owned()).collect::<Vec<_>>();
        assert_eq!(found("42 421 142,\"42\" ü42ü a1b a1"), ["42", "42", "42", "a1"]);
        assert!(found("").is_empty() && found(&"9".repeat(300)).is_empty());
        assert_eq!(Words::default().find_iter("42").count(), 0);
    }

    proptest! {
        #[test]
        fn all_are_found_that_stand_alone(texts in prop::collection::vec("[ab1]{1,2}|[-é]", 0..6), words in prop::collection::vec("[ab1]{1,2}", 0..3)) {
            let text = texts.concat();
            let expected = text.split(|one: char| !one.is_ascii_alphanumeric()).filter(|word| words.iter().any(|one| one == word));
            let (words, others) = Words::of(words.iter());
            prop_assert!(others.is_empty());
            let found: Vec<&str> = words.find_iter(&text).map(|found| &text[found]).collect();
            prop_assert_eq!(found, expected.collect::<Vec<_>>());
        }
    }
}
