//! From a record's bytes to what it is.

use tootmill_metric::{BadLine, Line};

/// Reads one record. Where its bytes are not UTF-8, they are repaired (each wrong sequence as U+FFFD) into `repaired`, from
/// which the line then borrows.
pub fn read_line<'a>(record: &'a [u8], repaired: &'a mut String) -> Result<Line<'a>, BadLine> {
    if let Ok(line) = simdutf8::basic::from_utf8(record) {
        return Line::parse(line);
    }
    *repaired = String::from_utf8_lossy(record).into_owned();
    Line::parse(repaired)
}

#[cfg(test)]
mod tests {
    use super::*;

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
