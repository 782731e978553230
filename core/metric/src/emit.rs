//! What a metric emits, combined at once in a table of its states.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::{
    field::escape,
    merge::{Merge, StateWriter},
};

/// The longest row key, in bytes: HBase's limit.
pub const LONGEST_KEY: usize = 32_767;

/// Takes the states that [`map`](crate::Metric::map) emits.
#[derive(Debug)]
pub struct Emit<'a, S>(pub(crate) &'a mut States<S>);

impl<S: Merge> Emit<'_, S> {
    /// Emits a state under a key.
    pub fn add(&mut self, key: &str, state: S) {
        self.member(key, "", state);
    }

    /// Emits a state under a key and a member, which is what the key counts once: the account in "accounts by month".
    pub fn member(&mut self, key: &str, member: &str, state: S) {
        if key.is_empty() || key.len() > LONGEST_KEY {
            self.0.unusable_keys += 1;
        } else {
            self.0.add(key, member, state);
        }
    }
}

/// The states of one metric by key and member.
///
/// Keys and members lie one after the other in one buffer, escaped as records have them, so that a key that is there
/// already costs no allocation, sorting gives the records' order, and all of it can be counted against a memory limit.
#[derive(Debug)]
pub struct States<S> {
    fields: String,
    entries: Vec<Entry<S>>,
    /// The places of the entries, by the hash of key and member.
    index: HashTable<u32>,
    heap_bytes: usize,
    unusable_keys: u64,
    taken: usize,
}

#[derive(Debug)]
struct Entry<S> {
    /// Where the key begins; behind it comes the member.
    start: usize,
    key: u32,
    member: u32,
    state: S,
}

impl<S> Entry<S> {
    fn key<'a>(&self, fields: &'a str) -> &'a str {
        fields.get(self.start..self.start + self.key as usize).unwrap_or_default()
    }

    fn member<'a>(&self, fields: &'a str) -> &'a str {
        let start = self.start + self.key as usize;
        fields.get(start..start + self.member as usize).unwrap_or_default()
    }
}

impl<S> Default for States<S> {
    fn default() -> Self {
        Self {
            fields: String::new(),
            entries: Vec::new(),
            index: HashTable::new(),
            heap_bytes: 0,
            unusable_keys: 0,
            taken: 0,
        }
    }
}

fn hash(key: &str, member: &str) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(key.as_bytes());
    hasher.write(member.as_bytes());
    hasher.finish()
}

impl<S: Merge> States<S> {
    /// Merges a state into that of its key and member.
    pub fn add(&mut self, key: &str, member: &str, state: S) {
        let (key, member) = (&*escape(key), &*escape(member));
        let hash = hash(key, member);
        let Self { fields, entries, index, .. } = self;
        let same = |at: &u32| {
            entries.get(*at as usize).is_some_and(|entry| entry.key(fields) == key && entry.member(fields) == member)
        };
        if let Some(at) = index.find(hash, same) {
            if let Some(entry) = entries.get_mut(*at as usize) {
                let before = entry.state.heap_bytes();
                entry.state.merge(state);
                self.heap_bytes = (self.heap_bytes + entry.state.heap_bytes()).saturating_sub(before);
            }
            return;
        }
        // Four thousand million entries, or fields of 4 GiB, which are longer than the longest line.
        let (Ok(at), Ok(key_length), Ok(member_length)) =
            (u32::try_from(entries.len()), u32::try_from(key.len()), u32::try_from(member.len()))
        else {
            self.unusable_keys += 1;
            return;
        };
        self.heap_bytes += state.heap_bytes();
        let start = fields.len();
        fields.push_str(key);
        fields.push_str(member);
        index.insert_unique(hash, at, |at| {
            entries.get(*at as usize).map_or(0, |entry| self::hash(entry.key(fields), entry.member(fields)))
        });
        entries.push(Entry { start, key: key_length, member: member_length, state });
    }

    /// How many keys were empty or too long, and so left out.
    pub fn unusable_keys(&self) -> u64 {
        self.unusable_keys
    }

    /// How many states there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How much memory the next emission may need in all: what grows is held twice while it does.
    pub fn bytes(&self) -> usize {
        let growing = |length: usize, capacity: usize, bytes: usize| if length < capacity { bytes } else { 3 * bytes };
        let entry = size_of::<Entry<S>>();
        growing(self.entries.len(), self.entries.capacity(), self.entries.capacity() * entry)
            + growing(self.index.len(), self.index.capacity(), self.index.allocation_size())
            + growing(self.fields.len() + 1024, self.fields.capacity(), self.fields.capacity())
            + self.heap_bytes
    }

    /// Puts the states in the order of their records.
    pub fn sort(&mut self) {
        self.index = HashTable::new();
        let fields = &self.fields;
        self.entries.sort_unstable_by(|left, right| {
            (left.key(fields), left.member(fields)).cmp(&(right.key(fields), right.member(fields)))
        });
    }

    /// Appends the next record, `key TAB member TAB state`, to the text; `false` where there is none left.
    pub fn take_next(&mut self, text: &mut String) -> bool {
        let Some(entry) = self.entries.get(self.taken) else { return false };
        self.taken += 1;
        for field in [entry.key(&self.fields), entry.member(&self.fields)] {
            text.push_str(field);
            text.push('\t');
        }
        entry.state.write(&mut StateWriter::new(text));
        true
    }

    /// The states, with their keys and members as records have them.
    pub fn states(&self) -> impl Iterator<Item = &S> {
        self.entries.iter().map(|entry| &entry.state)
    }
}
