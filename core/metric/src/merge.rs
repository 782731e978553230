//! What a state must be able to do: merge with another, in any order, and be written as text that reads back.

use std::{borrow::Cow, fmt::Debug};

use crate::field::{escape, unescape};

/// A state: what a metric has counted so far under one key and member.
///
/// States come from single posts, and all that happens to them afterwards is merging: in the mapper's memory, in a
/// combiner, in the reducer, with the states of other days. So a state is a commutative monoid: [`merge`](Self::merge)
/// is commutative and associative, [`Default`] is its identity. And since states travel as text, the text is exact:
/// [`read`](Self::read) gives back what [`write`](Self::write) was given. `tootmill_testkit::laws!` tests all of it.
///
/// A state holds integers and strings, never floats: a sum of floats depends on the order of addition.
///
/// The ready states [`Count`](crate::Count), [`Seen`](crate::Seen), [`Latest`](crate::Latest), [`Ratios`](crate::Ratios)
/// and tuples of them serve most metrics. One of your own takes a few lines:
///
/// ```
/// use tootmill_metric::{Merge, StateReader, StateWriter};
///
/// /// The longest post so far, in characters.
/// #[derive(Clone, Debug, Default, PartialEq)]
/// struct Longest(u64);
///
/// impl Merge for Longest {
///     fn merge(&mut self, other: Self) {
///         self.0 = self.0.max(other.0);
///     }
///     fn write(&self, text: &mut StateWriter<'_>) {
///         text.integer(self.0);
///     }
///     fn read(text: &mut StateReader<'_>) -> Option<Self> {
///         text.integer().map(Self)
///     }
/// }
/// ```
pub trait Merge: Clone + Debug + Default + PartialEq + Send + 'static {
    /// Takes in what another state has counted.
    fn merge(&mut self, other: Self);

    /// Writes the state, part by part.
    fn write(&self, text: &mut StateWriter<'_>);

    /// Reads the parts that [`write`](Self::write) wrote; `None` where they are not such parts.
    fn read(text: &mut StateReader<'_>) -> Option<Self>;

    /// Bytes that the state holds outside of itself, for the memory limit.
    fn heap_bytes(&self) -> usize {
        0
    }

    /// Leaves the ids of posts that are to be forgotten, where it keeps ids of posts; says whether it had one. What it counted stays.
    fn forget_posts(&mut self, _is_forgotten: &dyn Fn(&str) -> bool) -> bool {
        false
    }
}

/// Appends a state's parts to a record: with a space between them, strings escaped.
#[derive(Debug)]
pub struct StateWriter<'a> {
    text: &'a mut String,
    start: usize,
}

impl<'a> StateWriter<'a> {
    /// A writer that appends to the text.
    pub fn new(text: &'a mut String) -> Self {
        Self { start: text.len(), text }
    }

    /// Writes an integer.
    pub fn integer(&mut self, integer: impl itoa::Integer) {
        self.raw(itoa::Buffer::new().format(integer));
    }

    /// Writes a string, of any characters.
    pub fn string(&mut self, string: &str) {
        let string = escape(string);
        if string.contains(' ') { self.raw(&string.replace(' ', "\\x20")) } else { self.raw(&string) }
    }

    /// Writes a string as the last part, which is cheaper for a long one: its spaces stay as they are.
    pub fn rest(&mut self, string: &str) {
        self.raw(&escape(string));
    }

    fn raw(&mut self, part: &str) {
        if self.text.len() > self.start {
            self.text.push(' ');
        }
        self.text.push_str(part);
    }
}

/// Gives a state's parts back, in the order in which they were written.
#[derive(Debug)]
pub struct StateReader<'a>(Option<&'a str>);

impl<'a> StateReader<'a> {
    /// Reads a whole state: `None` where the text is not one, or has more in it.
    pub fn read<S: Merge>(text: &'a str) -> Option<S> {
        let mut reader = Self((!text.is_empty()).then_some(text));
        let state = S::read(&mut reader)?;
        reader.0.is_none().then_some(state)
    }

    /// Reads an integer.
    pub fn integer<I: std::str::FromStr>(&mut self) -> Option<I> {
        self.raw()?.parse().ok()
    }

    /// Reads a string.
    pub fn string(&mut self) -> Option<String> {
        unescape(self.raw()?).map(Cow::into_owned)
    }

    /// Reads the string that is the last part.
    pub fn rest(&mut self) -> Option<String> {
        unescape(self.0.take()?).map(Cow::into_owned)
    }

    fn raw(&mut self) -> Option<&'a str> {
        let text = self.0?;
        let (part, rest) = text.split_once(' ').map_or((text, None), |(part, rest)| (part, Some(rest)));
        self.0 = rest;
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_read_back(strings in proptest::collection::vec(".*|[\\\\ x20\t]*", 0..5), number: u128) {
            let mut text = String::from("before");
            let mut writer = StateWriter::new(&mut text);
            writer.integer(number);
            strings.iter().for_each(|string| writer.string(string));
            let mut reader = StateReader(Some(&text["before".len()..]));
            prop_assert_eq!(reader.integer(), Some(number));
            for string in strings {
                prop_assert_eq!(reader.string(), Some(string));
            }
            prop_assert_eq!(reader.raw(), None);
            let mut text = String::new();
            StateWriter::new(&mut text).rest("a b\\\t c");
            prop_assert_eq!(StateReader(Some(&text)).rest(), Some(String::from("a b\\\t c")));
        }
    }
}
