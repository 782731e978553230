//! What a token may do, and the least that it must be able to.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

/// What is needed to read statuses and streams (`methods/timelines.md`, `methods/streaming.md`).
const STATUSES: &str = "read:statuses";
/// What is needed to learn whose a token is: since 4.3.0, and before (`api/oauth-scopes.md#profile`).
const WHOSE: [&str; 2] = ["profile", "read:accounts"];

/// Scopes of OAuth, as Mastodon has them: `read` includes `read:statuses`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Scopes(BTreeSet<String>);

impl From<String> for Scopes {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&str> for Scopes {
    fn from(text: &str) -> Self {
        Self(text.split_whitespace().map(String::from).collect())
    }
}

impl From<Scopes> for String {
    fn from(scopes: Scopes) -> Self {
        scopes.to_string()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.iter().map(String::as_str).collect::<Vec<_>>().join(" "))
    }
}

impl Scopes {
    /// The least that an instance can give which is enough for collecting: with the scopes that it lists, if it does.
    /// An application's own token needs no scope to say whose it is; a user's does.
    pub fn least(supported: Option<&[String]>, of_a_user: bool) -> Self {
        let is_listed = |scope: &str| supported.is_some_and(|list| list.iter().any(|listed| listed == scope));
        // Whoever lists `read` alone knows nothing finer.
        let statuses = if supported.is_none() || is_listed(STATUSES) { STATUSES } else { "read" };
        let whose = if is_listed(WHOSE[0]) { WHOSE[0] } else { WHOSE[1] };
        let mut least = Self::from(statuses);
        if of_a_user && !least.allows(whose) {
            least.0.insert(whose.into());
        }
        least
    }

    /// Whether they are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What of `needed` is not allowed.
    pub fn lacks(&self, needed: &Self) -> Self {
        Self(needed.0.iter().filter(|scope| !self.allows(scope)).cloned().collect())
    }

    /// What is allowed beyond `needed`.
    pub fn exceeds(&self, needed: &Self) -> Self {
        needed.lacks(self)
    }

    fn allows(&self, scope: &str) -> bool {
        let wider = scope.rsplit_once(':').map(|(wider, _)| wider);
        let has = |scope: &str| self.0.contains(scope);
        // Any of these three says whose a token is.
        let whose = WHOSE.contains(&scope) && (has("read") || WHOSE.iter().any(|one| has(one)));
        has(scope) || wider.is_some_and(has) || whose
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn least(supported: &[&str], of_a_user: bool) -> String {
        let supported: Vec<String> = supported.iter().map(ToString::to_string).collect();
        Scopes::least(Some(&supported), of_a_user).to_string()
    }

    #[test]
    fn the_least_that_an_instance_can_give_is_asked_for() {
        // Before 4.3.0 an instance lists nothing, and does not know `profile`.
        assert_eq!(Scopes::least(None, true).to_string(), "read:accounts read:statuses");
        assert_eq!(Scopes::least(None, false).to_string(), "read:statuses");
        let mastodon = ["read", "profile", "read:accounts", "read:statuses", "write"];
        assert_eq!(least(&mastodon, true), "profile read:statuses");
        assert_eq!(least(&mastodon, false), "read:statuses");
        assert_eq!(least(&["read", "write", "follow", "push"], true), "read");
    }

    #[test]
    fn what_is_missing_and_what_is_too_much_is_told() {
        let needed = Scopes::from("profile read:statuses");
        for (held, lacks, exceeds) in [
            ("read:statuses profile", "", ""),
            ("read:statuses read:accounts", "", ""),
            ("read", "", "read"),
            ("profile", "read:statuses", ""),
            ("read:statuses write follow", "profile", "follow write"),
            ("", "profile read:statuses", ""),
            ("write:statuses", "profile read:statuses", "write:statuses"),
        ] {
            let held = Scopes::from(held);
            assert_eq!((held.lacks(&needed), held.exceeds(&needed)), (lacks.into(), exceeds.into()), "{held}");
        }
    }
}
