//! The words of the invented languages (`words.txt`), each of a stem and an ending, and text made of them.

use crate::{put::put, random::Random};
use std::sync::LazyLock;

/// The vocabulary of languages that share it.
pub struct Script {
    /// 1,024 words, the likeliest first, each with the gap that follows a word.
    words: Vec<String>,
    gap: &'static str,
    stop: String,
}

/// A language as posts declare it.
#[derive(Clone, Copy)]
pub struct Language {
    pub code: &'static str,
    pub script: &'static Script,
}

struct Words {
    emojis: Vec<&'static str>,
    host_ends: Vec<&'static str>,
    scripts: Vec<Script>,
    /// Code, how many of 1,000 accounts write in it, and the place of its script.
    languages: Vec<(&'static str, u64, usize)>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut paragraphs = include_str!("words.txt")
        .split("\n\n")
        .filter(|paragraph| !paragraph.starts_with('#'))
        .map(|paragraph| paragraph.lines().map(str::split_whitespace));
    let mut first = paragraphs.next().into_iter().flatten().map(Iterator::collect);
    let (emojis, host_ends) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let (mut scripts, mut languages) = (Vec::new(), Vec::new());
    for mut lines in paragraphs {
        let mut line = || lines.next().into_iter().flatten();
        let (mut head, endings, stems) = (line(), line(), line());
        let gap = if head.next() == Some("gaps") { " " } else { "" };
        let stop = format!("{}{gap}", head.next().unwrap_or("."));
        while let (Some(code), Some(share)) = (head.next(), head.next()) {
            languages.push((code, share.parse().unwrap_or(0), scripts.len()));
        }
        let word = |ending: &str, stem: &str| format!("{stem}{}{gap}", ending.trim_matches('-'));
        let words = endings.flat_map(|ending| stems.clone().map(move |stem| word(ending, stem))).collect();
        scripts.push(Script { words, gap, stop });
    }
    Words { emojis, host_ends, scripts, languages }
});

/// How the name of a host ends, by a number; from 11 on they start over.
pub fn host_end(number: u64) -> &'static str {
    WORDS.host_ends[(number % 11) as usize]
}

/// The vocabulary of user names, hosts and shortcodes: ASCII letters only.
pub fn ascii() -> &'static Script {
    &WORDS.scripts[0]
}

impl Language {
    /// A language, the more often the more is written in it.
    pub fn pick(random: &mut Random) -> Self {
        let mut share = random.below(1000);
        let mut found = WORDS.languages[0];
        for language in &WORDS.languages {
            found = *language;
            match share.checked_sub(language.1) {
                Some(rest) => share = rest,
                None => break,
            }
        }
        Self { code: found.0, script: &WORDS.scripts[found.2] }
    }
}

impl Script {
    /// A word that may be a name, without the 16 stems that are like "the" and "of"; the first 48 have no ending, and
    /// numbers above 767 start over.
    pub fn name(&self, number: u64) -> &str {
        let word = &self.words[(number % 768 / 48 * 64 + 16 + number % 48) as usize];
        &word[..word.len() - self.gap.len()]
    }

    /// Appends words, marks and now and then an emoji until there are `length` bytes or a few more.
    pub fn text(&self, out: &mut Vec<u8>, length: u64, random: &mut Random) {
        let end = out.len() + length as usize;
        let mut sentence = true;
        while out.len() < end {
            // Six words of ten bits each; four bits decide what follows them.
            let mut bits = random.bits();
            let start = out.len();
            for _ in 0..6 {
                // Squared, so that early words are likelier.
                put!(out, *self.words[(((bits & 1023) * (bits & 1023)) >> 10) as usize]);
                bits >>= 10;
                if out.len() >= end {
                    break;
                }
            }
            if sentence {
                out[start].make_ascii_uppercase();
            }
            sentence = bits < 4;
            match bits & 15 {
                0..4 => {
                    out.truncate(out.len() - self.gap.len());
                    put!(out, *self.stop);
                }
                4 => put!(out, random.pick(&WORDS.emojis), self.gap),
                _ => {}
            }
        }
        if out.ends_with(b" ") {
            out.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_has_its_words() {
        assert_eq!((WORDS.scripts.len(), WORDS.host_ends.len()), (13, 11));
        for script in &WORDS.scripts {
            assert_eq!(script.words.len(), 64 * 16, "{}", script.words[0]);
            assert!(script.words.iter().all(|word| !word.contains(['<', '>', '&', '"', '\\'])));
        }
        assert!(ascii().words.iter().all(|word| word.is_ascii()));
        assert_eq!(WORDS.languages.iter().map(|(_, share, _)| share).sum::<u64>(), 1000);
    }
}
