//! What a status tells of accounts: whose it is, of which others it is, and by what each is known.

use std::borrow::Cow;

use sonic_rs::to_object_iter;

use crate::{
    account::id,
    fields::Unsound,
    reduce::decoded,
    whom::{Sought, Whom},
};

/// What tells whose a status is, and of which others it is.
#[derive(Debug, Default)]
pub(crate) struct Status<'a> {
    pub id: Option<Cow<'a, str>>,
    pub account: Known<'a>,
    pub mentions: Option<&'a str>,
    pub boosted: Option<&'a str>,
    pub quoted: Option<&'a str>,
    pub answered: Option<Cow<'a, str>>,
    pub answered_account: Option<Cow<'a, str>>,
}

impl<'a> Status<'a> {
    pub fn of(json: &'a str) -> Result<Self, Unsound> {
        let mut status = Self::default();
        for entry in to_object_iter(json) {
            let (name, value) = entry.map_err(|_| Unsound)?;
            let Cow::Borrowed(raw) = value.as_raw_cow() else { continue };
            match &*name {
                "id" => status.id = Some(id(raw)),
                "account" if raw.starts_with('{') => status.account = Known::of(raw)?,
                "mentions" if raw.starts_with('[') => status.mentions = Some(raw),
                "reblog" if raw.starts_with('{') => status.boosted = Some(raw),
                "quote" if raw.starts_with('{') => status.quoted = quoted_in(raw),
                "in_reply_to_id" => status.answered = Some(id(raw)),
                "in_reply_to_account_id" => status.answered_account = Some(id(raw)),
                _ => {}
            }
        }
        Ok(status)
    }
}

/// The status that stands within what says whether it may be shown.
fn quoted_in(quote: &str) -> Option<&str> {
    let (_, quoted) = to_object_iter(quote).map_while(Result::ok).find(|(name, _)| name == "quoted_status")?;
    match quoted.as_raw_cow() {
        Cow::Borrowed(raw) => Some(raw).filter(|raw| raw.starts_with('{')),
        Cow::Owned(_) => None,
    }
}

/// By what an account is known, or a post.
#[derive(Debug, Default)]
pub(crate) struct Known<'a> {
    id: Option<Cow<'a, str>>,
    acct: Option<Cow<'a, str>>,
    /// Its addresses, as they stand in JSON.
    url: Option<&'a str>,
    uri: Option<&'a str>,
}

impl<'a> Known<'a> {
    pub fn of(json: &'a str) -> Result<Self, Unsound> {
        let mut known = Self::default();
        for entry in to_object_iter(json) {
            let (name, value) = entry.map_err(|_| Unsound)?;
            let Cow::Borrowed(raw) = value.as_raw_cow() else { continue };
            known.read(&name, raw);
        }
        Ok(known)
    }

    /// Reads one of its fields.
    pub fn read(&mut self, name: &str, raw: &'a str) {
        match name {
            "id" => self.id = Some(id(raw)),
            "acct" => self.acct = Some(decoded(raw)),
            "url" => self.url = Some(raw),
            "uri" => self.uri = Some(raw),
            _ => {}
        }
    }

    pub fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    pub fn acct(&self) -> &str {
        self.acct.as_deref().unwrap_or_default()
    }

    /// Whether it is an account that is sought.
    pub fn is_among(&self, sought: &impl Sought) -> bool {
        sought.has(self.id(), self.acct())
    }

    /// Whether it is an account or a post that is sought, as the name says under which it stands.
    pub fn is_sought(&self, under: &str, sought: &impl Sought) -> bool {
        let is_status = ["", "reblog", "quote", "quoted_status"].contains(&under);
        let is_account = self.acct.is_some() || ["account", "mentions"].contains(&under);
        is_status && sought.has_post(self.id()) || is_account && self.is_among(sought)
    }

    /// Tells its name and addresses.
    pub fn tell(&self, told: &mut Whom) {
        told.handles.extend(Some(self.acct().to_lowercase()).filter(|acct| !acct.is_empty()));
        let addresses = [self.url, self.uri].into_iter().flatten().map(|raw| decoded(raw).into_owned());
        told.addresses.extend(addresses.filter(|address| address.starts_with("http")));
    }
}
