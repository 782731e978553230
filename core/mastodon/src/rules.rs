//! An instance's rules, terms of service and privacy policy: what whoever collects from it agrees to.

use reqwest::StatusCode;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    client::{Client, refused},
    error::Error,
};

/// What an instance asks of those who use it, as it says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Its rules, one by one, in plain text.
    pub rules: Vec<String>,
    /// Its terms of service in HTML, where it has any.
    pub terms: Option<String>,
    /// Its privacy policy in HTML, where it has one.
    pub privacy: Option<String>,
}

#[derive(Deserialize)]
struct Rule {
    text: String,
    hint: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    content: Option<String>,
}

impl Rules {
    /// Asks the instance (`methods/instance.md#rules`, `#terms_of_service`, `#privacy_policy`).
    pub fn of(client: &Client) -> Result<Self, Error> {
        let rules: Vec<Rule> = there(client, "/api/v1/instance/rules")?.unwrap_or_default();
        let rules = rules.into_iter().map(|rule| match rule.hint.as_deref().map(str::trim) {
            None | Some("") => rule.text,
            Some(hint) => format!("{} ({hint})", rule.text),
        });
        let page = |name: &str| -> Result<Option<String>, Error> {
            let page: Option<Page> = there(client, &format!("/api/v1/instance/{name}"))?;
            Ok(page.and_then(|page| page.content).filter(|content| !content.trim().is_empty()))
        };
        Ok(Self { rules: rules.collect(), terms: page("terms_of_service")?, privacy: page("privacy_policy")? })
    }

    /// SHA-256 of all of it, in hexadecimal: another one means that something was changed.
    pub fn digest(&self) -> String {
        let mut digest = Sha256::new();
        let parts = self.rules.iter().map(Some).chain([self.terms.as_ref(), self.privacy.as_ref()]);
        for part in parts {
            // The length before each part, or two parts could be mistaken for one.
            digest.update(part.map_or(u64::MAX, |part| part.len() as u64).to_be_bytes());
            digest.update(part.map_or("", |part| part));
        }
        hex::encode(digest.finalize())
    }
}

/// A document that an instance may lack.
fn there<T: serde::de::DeserializeOwned>(client: &Client, path: &str) -> Result<Option<T>, Error> {
    let read = |answer: &crate::client::Answer| answer.status.is_success().then(|| answer.json()).transpose();
    match client.read(&client.url(path, &[])?, read)? {
        (_, Some(document)) => Ok(Some(document)),
        (answer, None) if [StatusCode::NOT_FOUND, StatusCode::GONE].contains(&answer.status) => Ok(None),
        (answer, None) => Err(refused(&answer)),
    }
}
