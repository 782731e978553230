//! From a record's bytes to what it is.

use std::ops::Range;

use tootmill_metric::{BadLine, Line};

use crate::document::objects;

/// The text of a record. Where its bytes are not UTF-8, they are repaired (each wrong sequence as U+FFFD) into `repaired`, which
/// is the text then.
pub fn text_of<'a>(record: &'a [u8], repaired: &'a mut String) -> &'a str {
    simdutf8::basic::from_utf8(record).unwrap_or_else(|_| {
        *repaired = String::from_utf8_lossy(record).into_owned();
        repaired
    })
}

/// Reads one record, from its [text](text_of).
pub fn read_line<'a>(record: &'a [u8], repaired: &'a mut String) -> Result<Line<'a>, BadLine> {
    Line::parse(text_of(record, repaired))
}

/// The objects in a record that is no object by itself, as where several stand on one line; none where not one of them can be
/// read.
pub fn objects_within(record: &[u8], repaired: &mut String) -> Vec<Range<usize>> {
    let trimmed = |part: Range<usize>| {
        let text = record.get(part.clone()).unwrap_or_default();
        let start = part.start + (text.len() - text.trim_ascii_start().len());
        start..start + text.trim_ascii().len()
    };
    let parts: Vec<Range<usize>> = objects(record).filter(|part| *part != (0..record.len())).map(trimmed).collect();
    let is_sound = |part: &Range<usize>| read_line(record.get(part.clone()).unwrap_or_default(), repaired).is_ok();
    if parts.iter().any(is_sound) { parts } else { Vec::new() }
}

/// The id with which a record begins, as servers write statuses: without reading the rest, so that it is a guess. There may be
/// another id later, or the record may be no post.
pub fn id_at_start(record: &[u8]) -> Option<&str> {
    let rest = record.strip_prefix(br#"{"id":"#)?;
    let id = if let Some(rest) = rest.strip_prefix(b"\"") {
        let end = memchr::memchr2(b'"', b'\\', rest)?;
        rest.get(..end).filter(|_| rest.get(end) == Some(&b'"'))?
    } else {
        rest.get(..rest.iter().position(|byte| !byte.is_ascii_digit())?)?
    };
    std::str::from_utf8(id).ok().filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_at_the_start_is_a_guess() {
        assert_eq!(id_at_start(br#"{"id":"12","id":"13"}"#), Some("12"));
        assert_eq!(id_at_start(br#"{"id":12345678901234567890123,"#), Some("12345678901234567890123"));
        for unknown in [
            r#"{"deleted":"12"}"#,
            r#"{"id":""}"#,
            r#"{"id":"a\u0062"}"#,
            r#"{"id":null}"#,
            r#"{"id":"12"#,
            "{ \"id\":1}",
        ] {
            assert_eq!(id_at_start(unknown.as_bytes()), None, "{unknown}");
        }
    }

    #[test]
    fn several_objects_on_one_line_are_found_if_one_is_sound() {
        let within = |record: &str| -> Vec<String> {
            let parts = objects_within(record.as_bytes(), &mut String::new());
            parts.into_iter().map(|part| record[part].into()).collect()
        };
        let post = r#"{"id":"1","created_at":"2026-11-24"}"#;
        assert_eq!(within(&format!("[{post}, {{}}")), [post, "{}"]);
        assert_eq!(within(&format!(" {post} x ")), [post, "x"]);
        assert_eq!(within("{} {}"), [""; 0]);
        assert_eq!(within(post), [""; 0]);
    }

    #[test]
    fn wrong_utf8_does_not_lose_the_post() {
        let record = b"{\"id\":\"1\",\"created_at\":\"2026-11-24\",\"content\":\"a\xff\xe2\x82b\"}";
        let mut repaired = String::new();
        let Ok(Line::Post(post)) = read_line(record, &mut repaired) else { panic!("a post") };
        assert_eq!(post.content, "a\u{fffd}\u{fffd}b");
    }

    #[test]
    fn a_binary_file_is_bad_lines() {
        assert_eq!(read_line(b"\x7fELF\x02\x01\x01\0\xff", &mut String::new()).unwrap_err(), BadLine::NotJson);
    }
}
