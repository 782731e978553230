//! Which fields of a status are kept, as a tree, and writing an object with nothing but them.

use sonic_rs::{LazyValue, to_array_iter, to_object_iter};

use crate::reduce;

/// What is kept of a value and of what is in it.
///
/// A list keeps its length and of each object in it the fields that are named; an object of which no field is named is kept
/// as an empty one. So `media_attachments` says how many there are, and no more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    name: String,
    /// What becomes of its text, where that is reduced.
    text: Text,
    /// By name.
    inner: Vec<Self>,
}

/// What becomes of a value that is not to tell who wrote it or what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Text {
    /// Of a text the dates are kept, and that there is one.
    #[default]
    Erased,
    /// Of an id no more than that there is one.
    OtherId,
    /// A code, or a name that many have: it is kept.
    Kept,
    /// HTML, of which the hosts of links are kept.
    Hosts,
}

/// Whether values are kept as they are, or less of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    Whole,
    Reduced,
}

/// The object is none, or not sound.
#[derive(Debug)]
pub(crate) struct Unsound;

impl Fields {
    /// Those with the paths, such as `account.id`.
    pub fn of<'p>(paths: impl IntoIterator<Item = &'p str>) -> Self {
        let mut fields = Self::default();
        for path in paths {
            let mut at = &mut fields;
            let mut end = 0;
            for name in path.split('.') {
                end += name.len() + usize::from(end > 0);
                let text = reduce::text_of(path.get(..end).unwrap_or(path));
                at = at.insert(name, text);
            }
        }
        fields
    }

    fn insert(&mut self, name: &str, text: Text) -> &mut Self {
        let at = match self.inner.binary_search_by(|field| field.name.as_str().cmp(name)) {
            Ok(at) => at,
            Err(at) => {
                self.inner.insert(at, Self { name: name.into(), text, inner: Vec::new() });
                at
            }
        };
        &mut self.inner[at]
    }

    fn get(&self, name: &str) -> Option<&Self> {
        self.inner.binary_search_by(|field| field.name.as_str().cmp(name)).ok().and_then(|at| self.inner.get(at))
    }

    /// Whether of what is in a field something is kept.
    pub fn looks_into(&self, name: &str) -> bool {
        self.get(name).is_some_and(|field| !field.inner.is_empty())
    }

    /// Writes an object with the fields of it that are kept, in their order.
    pub fn write_object(&self, object: &str, extent: Extent, out: &mut String) -> Result<(), Unsound> {
        out.push('{');
        let mut comma = "";
        for entry in to_object_iter(object) {
            let (name, value) = entry.map_err(|_| Unsound)?;
            if let Some(field) = self.get(&name) {
                out.extend([comma, "\"", &field.name, "\":"]);
                field.write(&value, extent, out)?;
                comma = ",";
            }
        }
        out.push('}');
        Ok(())
    }

    fn write(&self, value: &LazyValue<'_>, extent: Extent, out: &mut String) -> Result<(), Unsound> {
        let raw = value.as_raw_str();
        match raw.as_bytes().first() {
            Some(b'{') if self.inner.is_empty() => out.push_str("{}"),
            Some(b'{') => self.write_object(raw, extent, out)?,
            Some(b'[') => self.write_list(raw, extent, out)?,
            _ if extent == Extent::Reduced => reduce::write(raw, self.text, out),
            _ => out.push_str(raw),
        }
        Ok(())
    }

    fn write_list(&self, list: &str, extent: Extent, out: &mut String) -> Result<(), Unsound> {
        out.push('[');
        let mut comma = "";
        for item in to_array_iter(list) {
            let item = item.map_err(|_| Unsound)?;
            out.push_str(comma);
            match item.as_raw_str().as_bytes().first() {
                Some(b'[') => out.push_str("[]"),
                Some(b'{' | b'n') => self.write(&item, extent, out)?,
                // A plain value stands for the object of that name.
                _ if self.inner.is_empty() => out.push_str("{}"),
                _ => self.write(&item, extent, out)?,
            }
            comma = ",";
        }
        out.push(']');
        Ok(())
    }

    /// The paths, by name.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for field in &self.inner {
            let inner = field.paths();
            if inner.is_empty() {
                paths.push(field.name.clone());
            }
            paths.extend(inner.into_iter().map(|path| format!("{}.{path}", field.name)));
        }
        paths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(paths: &[&str], object: &str, extent: Extent) -> String {
        let mut out = String::new();
        Fields::of(paths.iter().copied()).write_object(object, extent, &mut out).unwrap();
        out
    }

    #[test]
    fn only_what_is_named_is_kept_in_its_order_and_as_it_stands() {
        let object =
            r#" { "b" : 1.50, "a" : "x\u0041\ud83d", "c": {"d": true, "e": 7, "d": null}, "a" : [ ] , "f":"g"} "#;
        assert_eq!(
            kept(&["a", "b", "c.d"], object, Extent::Whole),
            r#"{"b":1.50,"a":"x\u0041\ud83d","c":{"d":true,"d":null},"a":[]}"#
        );
        assert_eq!(kept(&["nothing"], object, Extent::Whole), "{}");
        assert_eq!(kept(&["c"], object, Extent::Whole), r#"{"c":{}}"#);
        assert_eq!(kept(&["\u{61}"], r#"{"\u0061":1}"#, Extent::Whole), r#"{"a":1}"#);
    }

    #[test]
    fn a_list_keeps_its_length_and_of_its_items_what_is_named() {
        let object = r#"{"m":[{"url":"u","n":{}},null,"v",[1]],"t":[{"name":"a","url":"u"},"b",{},null,7]}"#;
        assert_eq!(kept(&["m"], object, Extent::Whole), r#"{"m":[{},null,{},[]]}"#);
        assert_eq!(kept(&["t.name"], object, Extent::Whole), r#"{"t":[{"name":"a"},"b",{},null,7]}"#);
    }

    #[test]
    fn what_is_reduced_has_no_text_that_is_not_known_to_be_harmless() {
        let object = r#"{"id":"7","language":"ja","in_reply_to_id":"8","poll":{"expires_at":"2026-11-24T10:00:00Z","votes_count":3,
            "options":[{"title":"me"}]},"account":{"id":9,"acct":"ada@a.example"},"mentions":[{"id":5}],"emojis":["blob"]}"#;
        let paths = [
            "id",
            "language",
            "in_reply_to_id",
            "poll.expires_at",
            "poll.votes_count",
            "poll.options.title",
            "account.id",
            "account.acct",
            "mentions.id",
            "emojis.shortcode",
        ];
        assert_eq!(
            kept(&paths, object, Extent::Reduced),
            r#"{"id":"7","language":"ja","in_reply_to_id":"","poll":{"expires_at":"2026-11-24T10:00:00Z","votes_count":3,"#
                .to_owned()
                + r#""options":[{"title":""}]},"account":{"id":9,"acct":""},"mentions":[{"id":0}],"emojis":["blob"]}"#
        );
    }

    #[test]
    fn what_is_no_object_is_unsound() {
        for object in ["", "[]", "7", r#"{"a":1"#, r#"{"a" 1}"#, r#"{"a":[1}"#] {
            let written = Fields::of(["a.b"]).write_object(object, Extent::Whole, &mut String::new());
            assert!(written.is_err(), "{object}");
        }
    }

    #[test]
    fn paths_are_told_in_order() {
        let fields = Fields::of(["b.d", "a", "b.c", "b"]);
        assert_eq!(fields.paths(), ["a", "b.c", "b.d"]);
    }
}
