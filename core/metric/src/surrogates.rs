//! Lone surrogates, which JSON can escape and no text can have.

/// A line of JSON with U+FFFD instead of lone surrogates, which no text has: a name with one is no name to a strict reader.
pub fn without_lone_surrogates(line: &str) -> String {
    let mut repaired = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        repaired.push_str(before);
        let length = match (surrogate(escape), escape.get(6..).and_then(surrogate)) {
            (Some(Surrogate::High), Some(Surrogate::Low)) => 12,
            (Some(_), _) => {
                repaired.push_str("\\ufffd");
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            (None, _) => escape.chars().take(2).map(char::len_utf8).sum(),
        };
        let (escape, after) = escape.split_at(length);
        repaired.push_str(escape);
        rest = after;
    }
    repaired + rest
}

enum Surrogate {
    High,
    Low,
}

/// The half of a pair that a text begins with, escaped.
fn surrogate(text: &str) -> Option<Surrogate> {
    match u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()? {
        0xd800..0xdc00 => Some(Surrogate::High),
        0xdc00..0xe000 => Some(Surrogate::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lone_surrogates_are_repaired_and_nothing_else() {
        for (line, repaired) in [
            (r#"{"\ud800":1}"#, r#"{"\ufffd":1}"#),
            (r#"{"\udc00\uD800\ud800\udc00":"\ud83d"}"#, r#"{"\ufffd\ufffd\ud800\udc00":"\ufffd"}"#),
            (r#"{"\\ud800":"\"\\","é\u00e9":"\é\ud8"}"#, r#"{"\\ud800":"\"\\","é\u00e9":"\é\ud8"}"#),
            ("\\", "\\"),
            ("", ""),
        ] {
            assert_eq!(without_lone_surrogates(line), repaired);
        }
    }

    proptest! {
        #[test]
        fn what_is_repaired_reads_back_as_what_is_read_lossily(text in "(\\\\(u(d8|DC|00)[0-9]{2}|[\\\\\"nt])|[aé ]){0,12}") {
            let raw = format!("\"{text}\"");
            let repaired: String = sonic_rs::from_str(&without_lone_surrogates(&raw)).unwrap();
            let lossily: String = sonic_rs::Deserializer::from_str(&raw).utf8_lossy().deserialize().unwrap();
            prop_assert_eq!(lossily, repaired);
        }
    }
}
