//! Which rules of the instance were accepted: without that nothing is collected.

use serde::{Deserialize, Serialize};
use tootmill_lake::Lake;
use tootmill_mastodon::Rules;

use crate::{error::Error, raw::now};

/// What was accepted.
#[derive(Debug, Deserialize, Serialize)]
struct Accepted {
    /// SHA-256 of the rules, terms and policy, in hexadecimal.
    digest: String,
    /// When.
    at: String,
}

/// Whether the rules may be taken as accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// They are those that were accepted.
    Given,
    /// Nobody accepted any yet.
    Missing,
    /// Others were accepted.
    Changed,
}

/// Looks in the lake whether just these rules were accepted.
pub fn acceptance(lake: &Lake, rules: &Rules) -> Result<Acceptance, Error> {
    let text = lake.storage().read_text(&lake.accepted_rules())?;
    let accepted = text.and_then(|text| serde_json::from_str::<Accepted>(&text).ok());
    Ok(match accepted {
        None => Acceptance::Missing,
        Some(accepted) if accepted.digest == rules.digest() => Acceptance::Given,
        Some(_) => Acceptance::Changed,
    })
}

/// Records in the lake that these rules were accepted.
pub fn accept(lake: &Lake, rules: &Rules) -> Result<(), Error> {
    let accepted = Accepted { digest: rules.digest(), at: now().to_string() };
    let text = serde_json::to_string(&accepted).unwrap_or_default();
    Ok(lake.storage().write_text(&lake.accepted_rules(), &text)?)
}
