//! Numbers and keys as a person reads them.

use unicode_segmentation::UnicodeSegmentation;

/// The most that is shown of a key, in characters as a reader sees them, and in bytes.
const LONGEST: (usize, usize) = (60, 240);

/// A number with its thousands apart: `1,234,567`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
    groups.join(",")
}

/// A difference with its sign: `+1,234`, `−5`, `±0`.
pub(crate) fn signed(difference: i64) -> String {
    let sign = match difference {
        1.. => "+",
        0 => "±",
        _ => "−",
    };
    format!("{sign}{}", thousands(difference.unsigned_abs()))
}

/// A share as per cent: one decimal, more where it would be zero otherwise.
pub(crate) fn percent(share: f64) -> String {
    let share = share * 100.0;
    match share {
        0.0 => "0 %".into(),
        ..0.001 => "< 0.001 %".into(),
        ..0.1 => format!("{share:.3} %"),
        _ => format!("{share:.1} %"),
    }
}

/// A difference of two shares with its sign, in points of per cent: `+1.2 points`.
pub(crate) fn points(difference: f64) -> String {
    let text = format!("{:.1}", difference.abs() * 100.0);
    let sign = match difference {
        _ if text == "0.0" => "±",
        ..0.0 => "−",
        _ => "+",
    };
    format!("{sign}{text} points")
}

/// A number as short as an axis wants it: `950`, `1.2k`, `3M`.
pub(crate) fn short(number: f64) -> String {
    let units = [(1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let (unit, name) = units.into_iter().find(|(unit, _)| number >= *unit).unwrap_or((1.0, ""));
    let scaled = format!("{:.1}", number / unit);
    format!("{}{name}", scaled.strip_suffix(".0").unwrap_or(&scaled))
}

/// A cell as it is shown: numbers with their thousands apart, rates with four digits.
pub(crate) fn cell(text: &str) -> String {
    match (text.parse::<u64>(), text.parse::<f64>()) {
        (Ok(number), _) => thousands(number),
        (_, Ok(number)) if number.is_finite() => rate(number),
        _ => shortened(text),
    }
}

/// A rate with four digits, as far as it has them.
pub(crate) fn rate(number: f64) -> String {
    if number == 0.0 || number.abs() >= 1000.0 {
        return format!("{number:.0}");
    }
    // Decimals until four digits that are no leading zeros stand there.
    #[allow(clippy::cast_possible_truncation, reason = "the logarithm of a double is small")]
    let before_point = number.abs().log10().floor() as i32;
    let decimals = usize::try_from(3 - before_point).unwrap_or(0).min(12);
    let text = format!("{number:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    text.to_owned()
}

/// A key as far as a page has room for it, without what would break a line or turn the text around it.
pub(crate) fn shortened(key: &str) -> String {
    let mut shown = String::new();
    for (place, character) in key.graphemes(true).enumerate() {
        if place == LONGEST.0 || shown.len() + character.len() > LONGEST.1 {
            shown.push('…');
            break;
        }
        shown.extend(character.chars().map(|part| if is_disruptive(part) { '\u{fffd}' } else { part }));
    }
    shown
}

/// Control characters, and those that override the direction of text.
fn is_disruptive(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_exact_enough() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([1234, 0, -5, i64::MIN].map(signed), ["+1,234", "±0", "−5", "−9,223,372,036,854,775,808"]);
        assert_eq!([0.0, 1e-9, 0.000_123, 0.5, 1.0].map(percent), ["0 %", "< 0.001 %", "0.012 %", "50.0 %", "100.0 %"]);
        assert_eq!([0.0123, -0.5, -0.0001].map(points), ["+1.2 points", "−50.0 points", "±0.0 points"]);
        assert_eq!([0.0, 950.0, 1234.0, 2e6, 1.9e19].map(short), ["0", "950", "1.2k", "2M", "19E"]);
        assert_eq!(
            [0.0, 1.0, 0.012_345_6, 12.34, 1e9, 0.25].map(rate),
            ["0", "1", "0.01235", "12.34", "1000000000", "0.25"]
        );
        assert_eq!(["1234", "0.50", "none"].map(cell), ["1,234", "0.5", "none"]);
    }

    #[test]
    fn keys_are_cut_between_what_a_reader_sees_as_characters() {
        let family = "👨‍👩‍👧";
        assert_eq!(shortened(&family.repeat(9)), family.repeat(9));
        assert_eq!(shortened(&family.repeat(90)), format!("{}…", family.repeat(LONGEST.1 / family.len())));
        assert_eq!(shortened(&"é".repeat(61)), format!("{}…", "é".repeat(60)));
        // One base with very many marks is one character, however many bytes.
        assert_eq!(shortened(&format!("a{}", "\u{301}".repeat(500))), "…");
        assert_eq!(shortened("a\tb\u{202e}c"), "a\u{fffd}b\u{fffd}c");
    }
}
