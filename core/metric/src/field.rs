//! How a field of a record is written: escaped, so that no byte of it sorts at or below the TAB that ends it.

use std::borrow::Cow;

/// Whether the byte cannot stand in a record as it is.
fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'\\'
}

/// Whether a byte of the text is special: without a way out at the first, so that many are compared at once.
fn has_special(text: &str) -> bool {
    text.bytes().fold(false, |special, byte| special | is_special(byte))
}

/// The field as it stands in a record: backslash, TAB, LF and CR as `\\`, `\t`, `\n` and `\r`, every other byte below
/// 0x20 as `\xHH`. Borrowed where there is nothing to escape.
pub fn escape(field: &str) -> Cow<'_, str> {
    if !has_special(field) {
        return Cow::Borrowed(field);
    }
    let mut escaped = String::with_capacity(field.len() + 8);
    for character in field.chars() {
        match character {
            '\\' => escaped.push_str("\\\\"),
            '\t' => escaped.push_str("\\t"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\0'..='\x1f' => {
                escaped.push_str("\\x");
                for nibble in [character as u32 >> 4, character as u32 & 15] {
                    escaped.push(char::from_digit(nibble, 16).unwrap_or('0').to_ascii_uppercase());
                }
            }
            _ => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// The field that was [escaped](escape), or `None` where the text cannot come from that. A space may be written as
/// `\\x20`, as the parts of a state do, between which spaces stand.
pub fn unescape(escaped: &str) -> Option<Cow<'_, str>> {
    if !has_special(escaped) {
        return Some(Cow::Borrowed(escaped));
    }
    let mut field = String::with_capacity(escaped.len());
    let mut parts = escaped.chars();
    while let Some(character) = parts.next() {
        field.push(match character {
            '\\' => match parts.next()? {
                '\\' => '\\',
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                'x' => {
                    let byte = parts.next()?.to_digit(16)? * 16 + parts.next()?.to_digit(16)?;
                    char::from_u32(byte).filter(|byte| *byte <= ' ')?
                }
                _ => return None,
            },
            '\0'..='\x1f' => return None,
            _ => character,
        });
    }
    Some(Cow::Owned(field))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn special_bytes() {
        assert_eq!(escape("a\tb\\c\nd\re\u{1}\u{1f}"), "a\\tb\\\\c\\nd\\re\\x01\\x1F");
        for wrong in ["\\", "\\q", "\\x2", "\\x21", "a\tb"] {
            assert_eq!(unescape(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn reads_back(field in any::<String>()) {
            let escaped = escape(&field);
            prop_assert!(escaped.bytes().all(|byte| byte >= 0x20));
            prop_assert_eq!(unescape(&escaped), Some(Cow::Borrowed(&*field)));
        }
    }
}
