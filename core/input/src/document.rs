//! Objects in a text that is not one object a line: an array, pretty-printed or concatenated objects.

use std::ops::Range;

/// Finds the objects of a text bit by bit, as the text comes: those that stand by themselves and those in arrays.
///
/// An object that is not closed ends where a line as far to the right as its first one begins with the next object, if the
/// lines within it were further to the right, or both begin `{"`, as objects on one line do. What stands between objects and is no punctuation is a record as well, a bad one.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    /// How far the text was looked at.
    at: usize,
    /// Where the object or the other text that is being read began, and whether it is an object.
    record: Option<(usize, bool)>,
    depth: usize,
    in_string: bool,
    /// Whether the byte before was a backslash in a string.
    escaped: bool,
    /// White space at the start of the present line, while there was nothing else in it.
    indent: Option<usize>,
    /// That of the line on which the object began, and of the line after it.
    first_indent: usize,
    second_indent: Option<usize>,
}

impl Scanner {
    /// At the start of a text.
    pub(crate) fn new() -> Self {
        Self { indent: Some(0), ..Self::default() }
    }

    /// The next record that ends in the text, as far as there is one. At the end of the text, what is left is one.
    pub(crate) fn next_record(&mut self, text: &[u8], at_end: bool) -> Option<Range<usize>> {
        while let Some(&byte) = text.get(self.at) {
            let at = self.at;
            self.at += 1;
            if std::mem::take(&mut self.escaped) && byte != b'\n' {
                continue;
            }
            if byte == b'\n' {
                self.indent = Some(0);
                // No string goes over a line: this one is broken, and the next line may be sound.
                self.in_string = false;
                if let Some((start, false)) = self.record {
                    self.record = None;
                    return Some(start..at);
                }
                continue;
            }
            if let (Some(indent), b' ' | b'\t') = (self.indent, byte) {
                self.indent = Some(indent + 1);
                continue;
            }
            let indent = self.indent.take();
            if let Some((start, true)) = self.record {
                if let Some(indent) = indent {
                    let second = *self.second_indent.get_or_insert(indent);
                    let begins = byte == b'{' && indent == self.first_indent;
                    if begins && self.at == text.len() && !at_end {
                        // What comes next decides.
                        self.at = at;
                        self.indent = Some(indent);
                        return None;
                    }
                    let on_one_line = |at: usize| text.get(at + 1) == Some(&b'"');
                    if begins && (second > indent || on_one_line(start) && on_one_line(at)) {
                        self.at = at;
                        self.indent = Some(indent);
                        self.record = None;
                        return Some(start..at);
                    }
                }
                match byte {
                    b'"' => self.in_string = !self.in_string,
                    b'\\' if self.in_string => self.escaped = true,
                    b'{' | b'[' if !self.in_string => self.depth += 1,
                    b'}' | b']' if !self.in_string => {
                        self.depth = self.depth.saturating_sub(1);
                        if self.depth == 0 {
                            self.record = None;
                            return Some(start..self.at);
                        }
                    }
                    _ => {}
                }
            } else if byte == b'{' {
                let other = self.record.replace((at, true));
                self.depth = 1;
                self.in_string = false;
                self.first_indent = indent.unwrap_or(0);
                self.second_indent = None;
                if let Some((start, _)) = other {
                    return Some(start..at);
                }
            } else if self.record.is_none() && !matches!(byte, b'[' | b']' | b',' | b' ' | b'\t' | b'\r') {
                self.record = Some((at, false));
            }
        }
        let (start, _) = self.record.filter(|_| at_end)?;
        self.record = None;
        Some(start..text.len())
    }

    /// How much of the text in front is no longer needed.
    pub(crate) fn done(&self) -> usize {
        self.record.map_or(self.at, |(start, _)| start)
    }

    /// Tells that so much of the text in front was taken away.
    pub(crate) fn forget(&mut self, length: usize) {
        self.at = self.at.saturating_sub(length);
        if let Some((start, _)) = &mut self.record {
            *start = start.saturating_sub(length);
        }
    }
}

/// The objects of a text that is not one object.
pub fn objects(text: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut scanner = Scanner::new();
    std::iter::from_fn(move || scanner.next_record(text, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str) -> Vec<&str> {
        objects(text.as_bytes()).map(|range| &text[range]).collect()
    }

    #[test]
    fn arrays_and_concatenated_objects() {
        assert_eq!(found(r#"[{"a":"}"},{"b":[{}]}]"#), [r#"{"a":"}"}"#, r#"{"b":[{}]}"#]);
        assert_eq!(found("{\"a\":\"\\\"{\"}{}\n{ }[{}]"), ["{\"a\":\"\\\"{\"}", "{}", "{ }", "{}"]);
        assert_eq!(found(" [ ] , \r\n"), [""; 0]);
        assert_eq!(
            found("[\n  {\n    \"a\": {\n    }\n  },\n  {\n  }\n]\n"),
            ["{\n    \"a\": {\n    }\n  }", "{\n  }"]
        );
    }

    #[test]
    fn what_is_no_object_is_a_record() {
        assert_eq!(found("[1, {\"a\":2} null\n{}"), ["1, ", "{\"a\":2}", "null", "{}"]);
        assert_eq!(found("{\"a\":"), ["{\"a\":"]);
    }

    #[test]
    fn a_broken_object_does_not_take_the_next_one_with_it() {
        let text = "[\n  {\n    \"a\": [\n      \"b\n  },\n  {\n    \"c\": 1\n  }\n]\n";
        let records = found(text);
        assert_eq!(records.len(), 2, "{records:?}");
        assert_eq!(records[1], "{\n    \"c\": 1\n  }");
    }

    #[test]
    fn a_broken_object_on_one_line_does_not_take_the_next_one_with_it() {
        assert_eq!(
            found("[\n{\"a\":1},\n{\"b\":\"x,\n{\"c\":2},\n{\"d\":3}\n]"),
            ["{\"a\":1}", "{\"b\":\"x,\n", "{\"c\":2}", "{\"d\":3}"]
        );
    }

    proptest! {
        #[test]
        fn cut_anywhere_the_records_are_the_same(text in "[\\[\\]{}\",a\\\\ \n]{0,60}", cut in any::<proptest::sample::Index>()) {
            let whole: Vec<Range<usize>> = objects(text.as_bytes()).collect();
            let mut scanner = Scanner::new();
            let mut parts = Vec::new();
            let cut = cut.index(text.len() + 1);
            while let Some(range) = scanner.next_record(&text.as_bytes()[..cut], false) {
                parts.push(range);
            }
            while let Some(range) = scanner.next_record(text.as_bytes(), true) {
                parts.push(range);
            }
            prop_assert_eq!(parts, whole);
        }
    }
}
