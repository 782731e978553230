//! Whom a lake has forgotten: keyed hashes, by which they are known when they come again, and which tell nobody else who they
//! are.

use std::{
    collections::{BTreeSet, HashSet},
    fmt, mem,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::whom::Sought;

/// The key of the hashes. Whoever has it and the hashes can find out whether an account is among them, so it lies apart from the
/// lake.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key(…)")
    }
}

/// What is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hashed<'i> {
    /// The id of an account.
    Account(&'i str),
    /// The name of an account, as the instance writes it: in lower case, with the host only where it is another instance's.
    Name(&'i str),
    /// The id of a post.
    Post(&'i str),
}

type Hash = [u8; 32];

impl Key {
    /// How many bytes a key has.
    pub const BYTES: usize = 32;

    /// The key of these bytes.
    pub fn new(bytes: &[u8; Self::BYTES]) -> Self {
        // A key that is shorter than a block of the hash is filled up with zeros, as HMAC says.
        let mut block = [0; 64];
        block.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
        Self(<Hmac<Sha256> as KeyInit>::new(&block.into()))
    }

    fn hash(&self, hashed: Hashed<'_>) -> Hash {
        match hashed {
            Hashed::Account(id) => self.of("account", id),
            Hashed::Name(name) => self.of("name", name),
            Hashed::Post(id) => self.of("post", id),
        }
    }

    /// By this it is known that a list was made with this key.
    fn own(&self) -> Hash {
        self.of("key", "")
    }

    fn of(&self, kind: &str, text: &str) -> Hash {
        let mut hmac = self.0.clone();
        hmac.update(kind.as_bytes());
        hmac.update(b" ");
        hmac.update(text.as_bytes());
        hmac.finalize().into_bytes().into()
    }
}

/// Why a list of whom was forgotten cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadList {
    /// It is none.
    #[error("it is no list of hashes: {0}")]
    Unreadable(String),
    /// It was made with another key.
    #[error("it was made with another key: name that one, or accounts that were forgotten would come back")]
    OtherKey,
    /// There is no key.
    #[error("there is no key for it: name the file with the key, or accounts that were forgotten would come back")]
    NoKey,
    /// The key that there is cannot be used.
    #[error("{0}")]
    UnusableKey(String),
}

/// The list as it is stored.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Stored {
    /// What the key gives of nothing, in hexadecimal.
    key: String,
    /// The hashes, in hexadecimal.
    hashes: BTreeSet<String>,
}

/// Finds the key; `None` where there is none, or why it cannot be used.
type FindKey = dyn Fn() -> Result<Option<Key>, String> + Send + Sync;

/// Whom a lake has forgotten. All clones are one list.
#[derive(Clone)]
pub struct Forgotten {
    find_key: Arc<FindKey>,
    list: Arc<RwLock<List>>,
}

/// Nobody is on it where there is no key.
#[derive(Default)]
struct List {
    key: Option<Key>,
    hashes: HashSet<Hash>,
}

impl Forgotten {
    /// An empty list; without a key it can only stay empty.
    pub fn new(key: Option<Key>) -> Self {
        Self::with_key_from(move || Ok(key.clone()))
    }

    /// An empty list, whose key is looked for as soon as somebody is on it: there may be none before.
    pub fn with_key_from(find_key: impl Fn() -> Result<Option<Key>, String> + Send + Sync + 'static) -> Self {
        Self { find_key: Arc::new(find_key), list: Arc::default() }
    }

    /// Becomes the list that is stored; gives whether that is another one than before.
    pub fn read(&self, stored: &str) -> Result<bool, BadList> {
        let stored: Stored = serde_json::from_str(stored).map_err(|error| BadList::Unreadable(error.to_string()))?;
        let key = self.key()?;
        if stored.key != hex::encode(key.own()) {
            return Err(BadList::OtherKey);
        }
        let mut hashes = HashSet::new();
        for text in &stored.hashes {
            let mut hash = Hash::default();
            hex::decode_to_slice(text, &mut hash).map_err(|error| BadList::Unreadable(error.to_string()))?;
            hashes.insert(hash);
        }
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        list.key = Some(key);
        Ok(mem::replace(&mut list.hashes, hashes) != list.hashes)
    }

    /// The list with more, to be stored.
    pub fn with<'i>(&self, more: impl IntoIterator<Item = Hashed<'i>>) -> Result<String, BadList> {
        let key = self.key()?;
        let list = self.list();
        let more = more.into_iter().map(|one| key.hash(one));
        let hashes = list.hashes.iter().copied().chain(more).map(hex::encode).collect();
        let stored = Stored { key: hex::encode(key.own()), hashes };
        serde_json::to_string_pretty(&stored).map_err(|error| BadList::Unreadable(error.to_string()))
    }

    /// Whether nobody is on it.
    pub fn is_empty(&self) -> bool {
        self.list().hashes.is_empty()
    }

    /// How many accounts, names of accounts and posts are on it.
    pub fn len(&self) -> usize {
        self.list().hashes.len()
    }

    /// Whether the name of an account is on it.
    pub fn has_name(&self, acct: &str) -> bool {
        !acct.is_empty() && self.contains(Hashed::Name(&acct.to_lowercase()))
    }

    fn contains(&self, one: Hashed<'_>) -> bool {
        let list = self.list();
        // To hash costs more than to look whether there is anything to find.
        !list.hashes.is_empty() && list.key.as_ref().is_some_and(|key| list.hashes.contains(&key.hash(one)))
    }

    fn list(&self) -> RwLockReadGuard<'_, List> {
        self.list.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of the list, or the one that is there by now.
    fn key(&self) -> Result<Key, BadList> {
        let known = self.list().key.clone();
        let found = known.map_or_else(|| (self.find_key)().map_err(BadList::UnusableKey), |key| Ok(Some(key)))?;
        found.ok_or(BadList::NoKey)
    }
}

impl Default for Forgotten {
    fn default() -> Self {
        Self::new(None)
    }
}

impl fmt::Debug for Forgotten {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Forgotten").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl Sought for Forgotten {
    fn has(&self, id: &str, acct: &str) -> bool {
        !id.is_empty() && self.contains(Hashed::Account(id)) || self.has_name(acct)
    }

    fn has_post(&self, id: &str) -> bool {
        !id.is_empty() && self.contains(Hashed::Post(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_back_with_its_key_alone_and_tells_no_id() {
        let forgotten = Forgotten::new(Some(Key::new(&[7; 32])));
        assert!(forgotten.is_empty() && !forgotten.has("42", "ada"));
        let stored = forgotten.with([Hashed::Account("4242"), Hashed::Post("777"), Hashed::Name("ada")]).unwrap();
        assert!(["4242", "777", "ada"].iter().all(|text| !stored.contains(&format!("\"{text}"))), "{stored}");
        assert!(forgotten.read(&stored).unwrap() && !forgotten.read(&stored).unwrap());
        assert!(forgotten.has("4242", "x") && forgotten.has_post("777") && forgotten.len() == 3);
        assert!(forgotten.has("9", "Ada") && forgotten.has("", "ada"));
        // An account and a post may have the same id, and a name may be of digits.
        assert!(!forgotten.has_post("4242") && !forgotten.has("777", "4242") && !forgotten.has("", ""));
        let more = forgotten.with([Hashed::Account("5")]).unwrap();
        assert!(forgotten.clone().read(&more).unwrap() && forgotten.has("5", "") && forgotten.len() == 4);
        assert_eq!(Forgotten::new(Some(Key::new(&[8; 32]))).read(&stored), Err(BadList::OtherKey));
        assert_eq!(Forgotten::new(None).read(&stored), Err(BadList::NoKey));
        assert!(matches!(forgotten.read("[]"), Err(BadList::Unreadable(_))) && forgotten.len() == 4);
        assert_eq!(format!("{:?}", Key::new(&[7; 32])), "Key(…)");
    }

    #[test]
    fn a_key_is_looked_for_as_soon_as_it_is_needed() {
        let place = Arc::new(RwLock::new(Err("others may read it".to_owned())));
        let looked = Arc::clone(&place);
        let forgotten = Forgotten::with_key_from(move || looked.read().unwrap().clone());
        let stored = Forgotten::new(Some(Key::new(&[7; 32]))).with([Hashed::Account("1")]).unwrap();
        assert_eq!(forgotten.read(&stored), Err(BadList::UnusableKey("others may read it".into())));
        *place.write().unwrap() = Ok(None);
        assert_eq!(forgotten.read(&stored), Err(BadList::NoKey));
        *place.write().unwrap() = Ok(Some(Key::new(&[7; 32])));
        assert!(forgotten.read(&stored).unwrap() && forgotten.has("1", ""));
    }
}
