//! What an account says of itself that a policy looks at.

use std::borrow::Cow;

use sonic_rs::to_object_iter;

use crate::{fields::Unsound, policy::Reason, reduce::decoded, tags::Tags};

/// What an account says of itself.
#[derive(Debug, Default)]
pub(crate) struct Account<'a> {
    pub id: Option<Cow<'a, str>>,
    /// The name by which the instance knows it: with an `@` and the host where it is another one's.
    pub acct: Cow<'a, str>,
    /// Why it is to be left out, by what it says.
    pub opts_out: Option<Reason>,
    pub is_indexable: bool,
    pub is_discoverable: bool,
}

impl<'a> Account<'a> {
    /// Of the account's JSON; of what is no object, that it says nothing.
    pub fn of(json: &'a str, tags: &Tags) -> Result<Self, Unsound> {
        let mut account = Self::default();
        if !json.starts_with('{') {
            return Ok(account);
        }
        let (mut noindex, mut has_tag) = (false, false);
        for entry in to_object_iter(json) {
            // What cannot be read may be a no.
            let (name, value) = entry.map_err(|_| Unsound)?;
            // It borrows from what it was read from.
            let Cow::Borrowed(raw) = value.as_raw_cow() else { return Err(Unsound) };
            match &*name {
                "id" => account.id = Some(id(raw)),
                "acct" => account.acct = decoded(raw),
                "noindex" => noindex = raw == "true",
                "indexable" => account.is_indexable = raw == "true",
                "discoverable" => account.is_discoverable = raw == "true",
                "note" => has_tag |= tags.are_in(raw),
                "display_name" => has_tag |= tags.are_in_plain(raw),
                "fields" => has_tag |= tags.are_in_fields(raw)?,
                _ => {}
            }
        }
        account.opts_out = noindex.then_some(Reason::NoIndex).or(has_tag.then_some(Reason::OptOutTag));
        Ok(account)
    }

    /// Whether it is another instance's.
    pub fn is_remote(&self) -> bool {
        self.acct.contains('@')
    }

    /// Its name, and the host of its instance, where that collected from is said.
    pub fn user_and_host<'s>(&'s self, instance: &'s str) -> (&'s str, &'s str) {
        self.acct.split_once('@').unwrap_or((&self.acct, instance))
    }
}

/// An id: a text, or the digits of a number.
pub(crate) fn id(raw: &str) -> Cow<'_, str> {
    if raw.starts_with('"') { decoded(raw) } else { Cow::Borrowed(raw) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_read_and_what_is_of_another_type_is_not_said() {
        let tags = Tags(vec!["nobot".into()]);
        let of = |json| Account::of(json, &tags).unwrap();
        let account = of(
            r##"{"id":12,"acct":"ada@a.example","noindex":true,"indexable":true,"discoverable":true,"note":"#nobot"}"##,
        );
        assert_eq!((account.id.as_deref(), account.user_and_host("x")), (Some("12"), ("ada", "a.example")));
        assert!(account.is_indexable && account.is_discoverable && account.is_remote());
        assert_eq!(account.opts_out, Some(Reason::NoIndex));
        for nothing in ["null", "[]", "{}", r#"{"noindex":"true","indexable":1,"discoverable":null,"note":["nobot"]}"#]
        {
            let account = of(nothing);
            assert!(account.opts_out.is_none() && !account.is_indexable && !account.is_discoverable, "{nothing}");
        }
        let local = of(r##"{"id":"\u0041","acct":"ada","fields":[{"name":"x","value":"#nobot"}]}"##);
        assert_eq!((local.id.as_deref(), local.user_and_host("mill.example")), (Some("A"), ("ada", "mill.example")));
        assert!(local.opts_out == Some(Reason::OptOutTag) && !local.is_remote());
        assert!(Account::of(r#"{"indexable":true,"\ud800":1,"noindex":true}"#, &tags).is_err());
    }
}
