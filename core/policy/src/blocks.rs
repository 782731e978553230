//! A list of accounts and servers that are not to be kept.

use std::{borrow::Cow, collections::HashSet};

use sha2::{Digest, Sha256};

/// Accounts and servers of which nothing is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockList {
    ids: HashSet<String>,
    /// As `user@host`.
    accounts: HashSet<String>,
    hosts: HashSet<String>,
}

/// More bytes than a host can have in its name (RFC 1035).
const LONGEST_HOST: usize = 253;

/// A line of a list that is no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is neither `HOST`, `USER@HOST` nor `id:ACCOUNT`")]
pub struct BadEntry {
    /// The line's number, from 1.
    pub line: usize,
}

impl BlockList {
    /// Adds a list: a line an entry, a host with all below it, an account as `USER@HOST`, or `id:` and its id on the instance
    /// that is collected. What stands behind a comma does not matter, in quotes over several lines either, nor do empty lines and
    /// those that begin with `#`: so the lists that Mastodon exports can be taken as they are.
    ///
    /// ```
    /// # use tootmill_policy::BlockList;
    /// let mut list = BlockList::default();
    /// list.add("#domain,#severity\nspam.example,suspend\n@ada@mill.example\nid:42\n").unwrap();
    /// assert_eq!(list.len(), 3);
    /// assert_eq!(list.add("two words\n").unwrap_err().line, 1);
    /// ```
    pub fn add(&mut self, list: &str) -> Result<(), BadEntry> {
        let mut records = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(list.as_bytes());
        for (place, record) in records.records().enumerate() {
            // Nothing but bytes that are no text cannot be read.
            let Ok(record) = record else { continue };
            let entry = record.get(0).unwrap_or_default().trim().trim_start_matches('\u{feff}');
            // The first line of the list of those whom somebody has muted.
            if entry.is_empty() || entry.starts_with('#') || (place == 0 && entry == "Account address") {
                continue;
            }
            self.add_entry(entry).ok_or_else(|| BadEntry { line: line_of(list, &record) })?;
        }
        Ok(())
    }

    fn add_entry(&mut self, entry: &str) -> Option<()> {
        if entry.contains(|character: char| character.is_whitespace() || character.is_control() || character == '/') {
            return None;
        }
        if let Some(id) = entry.strip_prefix("id:") {
            self.ids.insert(id.into());
            return (!id.is_empty()).then_some(());
        }
        match entry.trim_start_matches('@').split_once('@') {
            Some((user, host)) if !user.is_empty() => self.accounts.insert(account(user, &plain_host(host)?)),
            Some(_) => return None,
            None if entry.starts_with('@') => return None,
            None => self.hosts.insert(plain_host(entry.trim_start_matches("*."))?.into_owned()),
        };
        Some(())
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.ids.len() + self.accounts.len() + self.hosts.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What tells it from other lists, as eight hexadecimal digits: too few to find out by them who is on it.
    pub(crate) fn digest(&self) -> String {
        let mut entries: Vec<&String> = self.ids.iter().chain(&self.accounts).chain(&self.hosts).collect();
        entries.sort_unstable();
        let mut digest = Sha256::new();
        for entry in entries {
            digest.update(entry);
            digest.update("\n");
        }
        hex::encode(digest.finalize()).chars().take(8).collect()
    }

    /// Whether it has an account, by its id, or by its name and host, or the host; or the host can be none.
    pub(crate) fn has(&self, id: Option<&str>, user: &str, host: &str) -> bool {
        if self.is_empty() {
            return false;
        }
        if id.is_some_and(|id| self.ids.contains(id)) {
            return true;
        }
        if host.len() > LONGEST_HOST {
            // It is nobody's, and would be looked up for ever.
            return true;
        }
        let Some(host) = plain_host(host) else { return false };
        let has_host = || {
            let mut rest = Some(&*host);
            std::iter::from_fn(|| {
                let host = rest?;
                rest = host.split_once('.').map(|(_, above)| above);
                Some(host)
            })
            .any(|host| self.hosts.contains(host))
        };
        (!self.accounts.is_empty() && self.accounts.contains(&account(user, &host))) || has_host()
    }
}

/// The number of the line on which a record begins.
fn line_of(list: &str, record: &csv::StringRecord) -> usize {
    let start = record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or_default();
    // Empty lines before it belong to none.
    let from = list.get(start..).unwrap_or_default();
    let start = start + (from.len() - from.trim_start_matches(['\r', '\n']).len());
    list.get(..start).unwrap_or(list).matches('\n').count() + 1
}

fn account(user: &str, host: &str) -> String {
    format!("{}@{host}", user.to_lowercase())
}

/// A host as it is compared; `None` where it is none.
fn plain_host(host: &str) -> Option<Cow<'_, str>> {
    if host.len() > LONGEST_HOST {
        return None;
    }
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
    if !host.is_empty() && host.bytes().all(is_plain) {
        return Some(Cow::Borrowed(host.trim_end_matches('.'))).filter(|host| !host.is_empty());
    }
    let host = tootmill_links::host(&format!("https://{host}"))?.into_owned();
    (!host.is_empty()).then_some(Cow::Owned(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_hosts_and_all_below_them_and_ids_are_found() {
        let mut list = BlockList::default();
        list.add("\u{feff}Account address,Hide notifications\n@Ada@Mill.example,true\n\n# me\nb\u{fc}cher.example\r\n*.spam.example\nid:42")
            .unwrap();
        assert_eq!(list.len(), 4);
        let has = |id, user, host| list.has(id, user, host);
        assert!(has(None, "ada", "mill.example") && has(Some("1"), "ADA", "MILL.example"));
        assert!(has(None, "x", "xn--bcher-kva.example") && has(None, "x", "a.B\u{dc}cher.example"));
        assert!(has(None, "x", "spam.example") && has(None, "x", "a.b.spam.example."));
        assert!(has(Some("42"), "x", "mill.example"));
        assert!(!has(Some("4"), "ad", "mill.example") && !has(None, "ada", "other.example"));
        assert!(!has(None, "x", "notspam.example") && !has(None, "x", "example") && !has(None, "x", ""));
    }

    #[test]
    fn a_list_is_told_from_others_whatever_its_order() {
        let digest = |list: &str| {
            let mut blocked = BlockList::default();
            blocked.add(list).unwrap();
            blocked.digest()
        };
        assert_eq!(digest("a.example\nb.example"), digest("b.example\na.example\n# c"));
        assert_ne!(digest("a.example\nb.example"), digest("a.example\nc.example"));
        assert_eq!(digest("id:1").len(), 8);
    }

    #[test]
    fn what_is_too_long_for_a_host_takes_no_time_and_is_on_every_list() {
        let long = "a.".repeat(1 << 20);
        let mut list = BlockList::default();
        assert!(!list.has(None, "x", &long), "nobody is on an empty one");
        list.add("spam.example").unwrap();
        let began = std::time::Instant::now();
        (0..100).for_each(|_| assert!(list.has(None, "x", &long)));
        // A single look would take minutes, label by label.
        assert!(began.elapsed() < std::time::Duration::from_secs(10));
        assert!(list.add(&long).is_err());
        let longest = format!("{}spam.example", "a.".repeat((LONGEST_HOST - "spam.example".len()) / 2));
        assert!(list.has(None, "x", &longest) && !list.has(None, "x", &longest.replace("spam", "ham")));
    }

    #[test]
    fn what_an_instance_exports_may_have_quotes_and_lines_in_it() {
        let exported = "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n\
            spam.example,suspend,true,true,\"sends \"\"spam\"\",\ntwo words\n# and more\",false\n\
            \"quoted.example\",silence,false,false,,false\r\n\nlast.example,,,,,\n";
        let mut list = BlockList::default();
        list.add(exported).unwrap();
        assert_eq!(list.len(), 3);
        assert!(["spam.example", "quoted.example", "last.example"].iter().all(|host| list.has(None, "x", host)));
        assert_eq!(list.add(&format!("{exported}\r\n\ntwo words\n")), Err(BadEntry { line: 10 }));
    }

    #[test]
    fn what_is_no_entry_is_named_by_its_line() {
        for entry in
            ["a b", "@", "@ada", "@@host.example", "id:", "https://a.example/x", "ada@", "a@b@c d", "Account address"]
        {
            let list = format!("a.example\n{entry}\n");
            assert_eq!(BlockList::default().add(&list), Err(BadEntry { line: 2 }), "{entry}");
        }
    }
}
