//! Whom a lake has forgotten: keyed hashes, by which they are known when they come again, and which tell nobody else who they
//! are.

use std::{
    collections::{BTreeSet, HashSet},
    fmt, mem,
    sync::{Arc, PoisonError, RwLock},
};

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

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
}

/// The list as it is stored.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Stored {
    /// What the key gives of nothing, in hexadecimal.
    key: String,
    /// The hashes, in hexadecimal.
    hashes: BTreeSet<String>,
}

/// Whom a lake has forgotten. All clones are one list.
#[derive(Clone, Debug, Default)]
pub struct Forgotten {
    key: Option<Key>,
    hashes: Arc<RwLock<HashSet<Hash>>>,
}

impl Forgotten {
    /// An empty list; without a key it can only stay empty.
    pub fn new(key: Option<Key>) -> Self {
        Self { key, hashes: Arc::default() }
    }

    /// Becomes the list that is stored; gives whether that is another one than before.
    pub fn read(&self, stored: &str) -> Result<bool, BadList> {
        let stored: Stored = serde_json::from_str(stored).map_err(|error| BadList::Unreadable(error.to_string()))?;
        let key = self.key.as_ref().ok_or(BadList::NoKey)?;
        if stored.key != hex::encode(key.own()) {
            return Err(BadList::OtherKey);
        }
        let mut hashes = HashSet::new();
        for text in &stored.hashes {
            let mut hash = Hash::default();
            hex::decode_to_slice(text, &mut hash).map_err(|error| BadList::Unreadable(error.to_string()))?;
            hashes.insert(hash);
        }
        let mut present = self.hashes.write().unwrap_or_else(PoisonError::into_inner);
        Ok(mem::replace(&mut *present, hashes) != *present)
    }

    /// The list with more, to be stored.
    pub fn with<'i>(&self, more: impl IntoIterator<Item = Hashed<'i>>) -> Result<String, BadList> {
        let key = self.key.as_ref().ok_or(BadList::NoKey)?;
        let present = self.hashes.read().unwrap_or_else(PoisonError::into_inner);
        let more = more.into_iter().map(|one| key.hash(one));
        let hashes = present.iter().copied().chain(more).map(hex::encode).collect();
        let stored = Stored { key: hex::encode(key.own()), hashes };
        serde_json::to_string_pretty(&stored).map_err(|error| BadList::Unreadable(error.to_string()))
    }

    /// Whether nobody is on it.
    pub fn is_empty(&self) -> bool {
        self.hashes.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// How many accounts and posts are on it.
    pub fn len(&self) -> usize {
        self.hashes.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether a post or its account is on it.
    pub(crate) fn has(&self, post: &str, account: Option<&str>) -> bool {
        let hashes = self.hashes.read().unwrap_or_else(PoisonError::into_inner);
        let Some(key) = self.key.as_ref().filter(|_| !hashes.is_empty()) else { return false };
        let account = account.map(Hashed::Account);
        account.into_iter().chain([Hashed::Post(post)]).any(|one| hashes.contains(&key.hash(one)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_back_with_its_key_alone_and_tells_no_id() {
        let forgotten = Forgotten::new(Some(Key::new(&[7; 32])));
        assert!(forgotten.is_empty() && !forgotten.has("1", Some("42")));
        let stored = forgotten.with([Hashed::Account("4242"), Hashed::Post("777")]).unwrap();
        assert!(!stored.contains("4242") && !stored.contains("777"), "{stored}");
        assert!(forgotten.read(&stored).unwrap() && !forgotten.read(&stored).unwrap());
        assert!(forgotten.has("1", Some("4242")) && forgotten.has("777", None) && forgotten.len() == 2);
        // An account and a post may have the same id.
        assert!(!forgotten.has("4242", Some("777")));
        let more = forgotten.with([Hashed::Account("5")]).unwrap();
        assert!(forgotten.clone().read(&more).unwrap() && forgotten.has("1", Some("5")) && forgotten.len() == 3);
        assert_eq!(Forgotten::new(Some(Key::new(&[8; 32]))).read(&stored), Err(BadList::OtherKey));
        assert_eq!(Forgotten::new(None).read(&stored), Err(BadList::NoKey));
        assert!(matches!(forgotten.read("[]"), Err(BadList::Unreadable(_))) && forgotten.len() == 3);
        assert_eq!(format!("{:?}", Key::new(&[7; 32])), "Key(…)");
    }
}
