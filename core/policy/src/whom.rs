//! Accounts and posts of which nothing is to be left.

use std::{borrow::Cow, collections::BTreeSet};

use serde::{Deserialize, Serialize};
use tootmill_metric::About;

use crate::{finder::TooMany, named::Named, status::Known};

/// Accounts and posts of which nothing is to be left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Whom {
    /// Ids of accounts.
    pub accounts: BTreeSet<String>,
    /// The names by which accounts are meant whose ids are not known: `USER` of the instance's own people, `USER@HOST` of others; in
    /// lower case.
    pub named: BTreeSet<String>,
    /// Those of the names by which accounts are meant with which some line tells an id.
    pub known: BTreeSet<String>,
    /// All their names, to be taken out of texts. Another account may have had one of them before.
    pub handles: BTreeSet<String>,
    /// The addresses of their profiles.
    pub addresses: BTreeSet<String>,
    /// Ids of posts: those that are meant themselves, and the accounts'.
    pub posts: BTreeSet<String>,
}

/// Accounts and posts that are sought in lines. An id that is empty is none.
pub(crate) trait Sought {
    /// Whether an account is one of them, by its id or its name.
    fn has(&self, id: &str, acct: &str) -> bool;

    /// Whether a post is one of them.
    fn has_post(&self, id: &str) -> bool;
}

impl Whom {
    /// Whether there is nobody and nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds others.
    pub fn add(&mut self, other: Self) {
        self.accounts.extend(other.accounts);
        self.named.extend(other.named);
        self.known.extend(other.known);
        self.handles.extend(other.handles);
        self.addresses.extend(other.addresses);
        self.posts.extend(other.posts);
    }

    /// Adds an account, as it was named.
    pub fn add_account(&mut self, account: Named) {
        match account {
            Named::Id(id) => {
                self.accounts.insert(id);
            }
            Named::Name(name) => {
                self.named.insert(name.clone());
                self.handles.insert(name);
            }
            Named::Both { id, name } => {
                self.accounts.insert(id);
                self.handles.insert(name);
            }
        }
    }

    pub(crate) fn add_post(&mut self, id: Option<Cow<'_, str>>) {
        self.posts.extend(id.map(Cow::into_owned).filter(|id| !["", "null"].contains(&&**id)));
    }

    /// Whether JSON that describes an account is of one of them.
    pub fn is_account(&self, json: &str) -> bool {
        Known::of(json).is_ok_and(|known| known.is_among(self))
    }

    /// Whether a key or a member of a metric is one of the accounts: its id where the metric keeps ids, its name where it keeps
    /// names, since a name may be what another one's id is, or a tag. Of a metric that is not known it may be either.
    pub fn is_kept_as(&self, text: &str, about: impl FnOnce() -> Option<About>) -> bool {
        let (is_id, is_name) = (self.accounts.contains(text), self.handles.contains(&text.to_lowercase()));
        // Few are, and what a metric says of itself is made anew each time.
        (is_id || is_name) && about().is_none_or(|about| is_id && about.keeps_ids() || is_name && about.keeps_names())
    }

    /// Adds all that lines tell of them, by `each_line`, which goes through all lines. Who was meant by a name has an id then, by
    /// which there may be more, so that is done until there is none.
    pub fn learn<E: From<TooMany>>(
        &mut self,
        instance: &str,
        mut each_line: impl FnMut(&mut dyn FnMut(&str)) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            let mut told = Self::default();
            let finder = self.finder(instance)?;
            each_line(&mut |line| told.add(finder.told_by(line)))?;
            let before = self.accounts.len();
            self.add(told);
            if self.accounts.len() == before {
                return Ok(());
            }
        }
    }
}

impl Sought for Whom {
    /// By its id, and by its name where it is meant by that, or has no id.
    fn has(&self, id: &str, acct: &str) -> bool {
        let acct = acct.to_lowercase();
        let is_named = self.named.contains(&acct) || id.is_empty() && self.handles.contains(&acct);
        is_named || !id.is_empty() && self.accounts.contains(id)
    }

    fn has_post(&self, id: &str) -> bool {
        !id.is_empty() && self.posts.contains(id)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Three accounts, each named in another way, and a post.
    pub(crate) fn ada() -> Whom {
        let mut whom = Whom::default();
        whom.add_account(Named::parse("42", "mill.example").unwrap());
        whom.add_account(Named::parse("@Ada@a.example", "mill.example").unwrap());
        whom.add_account(Named::parse("@eva@mill.example", "mill.example").unwrap());
        whom.posts.insert("777".into());
        whom
    }

    #[test]
    fn an_id_is_looked_for_where_ids_are_kept_and_a_name_where_names_are() {
        let (ids, names) =
            (|| About::new("").personal_data(&["account.id"]), || About::new("").personal_data(&["account.acct"]));
        let is = |text: &str| {
            let ada = ada();
            [None, Some(ids()), Some(names()), Some(About::new(""))].map(|about| ada.is_kept_as(text, || about))
        };
        assert_eq!(is("42"), [true, true, false, false]);
        assert_eq!(is("Ada@a.example"), [true, false, true, false]);
        assert_eq!(is("777"), [false; 4]);
    }
}
