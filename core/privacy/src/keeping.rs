//! What may be said of all posts of a lake, by the policies under which they came.

use std::collections::BTreeSet;

use tootmill_lake::Lake;
use tootmill_policy::Described;

use crate::{error::Error, policies::policies};

/// What the policies of a lake have in common, in sentences for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeping {
    policies: Vec<Described>,
    source: String,
}

impl Keeping {
    /// By the policies that a lake has on record; by another one where it has none, or where no lake is named.
    pub fn of(lake: Option<&Lake>, otherwise: Described) -> Result<Self, Error> {
        let recorded = lake.map(policies).transpose()?.unwrap_or_default();
        let mut policies: Vec<Described> = recorded.into_iter().map(|recorded| recorded.policy).collect();
        let source = if policies.is_empty() {
            let why = if lake.is_some() { "the lake has none on record" } else { "no lake was named" };
            format!("as the policy {} does it: {why}", otherwise.name)
        } else {
            let names: BTreeSet<String> = policies.iter().map(|policy| policy.name.to_string()).collect();
            format!("as the lake has it on record, by the policies: {}", Vec::from_iter(names).join(", "))
        };
        if policies.is_empty() {
            policies.push(otherwise);
        }
        Ok(Self { policies, source })
    }

    /// Whether something is so under every policy: only then may it be said of all posts.
    fn always(&self, is_so: impl Fn(&Described) -> bool) -> bool {
        self.policies.iter().all(is_so)
    }

    /// The opt-out tags of every policy.
    fn tags(&self) -> Vec<&str> {
        let first = self.policies.first().into_iter().flat_map(|policy| &policy.opt_out_tags);
        first.filter(|tag| self.always(|policy| policy.opt_out_tags.contains(tag))).map(String::as_str).collect()
    }

    /// How people keep their posts out.
    fn choice(&self) -> String {
        if !self.always(|policy| policy.honours.iter().any(|honoured| honoured == "noindex")) {
            return "What a profile says does not keep posts out of all that is collected: that takes an objection."
                .into();
        }
        let tags: Vec<String> = self.tags().iter().map(|tag| format!("`#{tag}`")).collect();
        let tags = if tags.is_empty() { String::new() } else { format!(", or {} in it", tags.join(" or ")) };
        format!("Posts are kept out by a profile that says not to be indexed{tags}.")
    }

    /// Whether names and text are kept of everybody.
    fn reduced(&self) -> &'static str {
        if self.always(|policy| policy.reduced_fields.is_some()) {
            "Of accounts that do not say that they may be indexed, neither names nor text are kept."
        } else {
            "Names and text may be kept also of accounts that do not say that they may be indexed."
        }
    }

    /// Which fields are kept.
    fn fields(&self) -> &'static str {
        if self.always(|policy| policy.fields.is_some()) {
            "What no metric reads is not kept."
        } else {
            "Of some posts all is kept that the instance sent, also what no metric reads."
        }
    }

    /// What a text is filled with, by the name that it has there.
    pub(crate) fn all(&self) -> [(&'static str, String); 4] {
        [
            ("policy.source", self.source.clone()),
            ("policy.choice", self.choice()),
            ("policy.reduced", self.reduced().into()),
            ("policy.fields", self.fields().into()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use tootmill_metric::{Instant, Registry};
    use tootmill_policy::{Level, Policy};

    use super::*;
    use crate::record_policy;

    #[test]
    fn only_what_every_policy_does_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
        let policy = |level| Policy::new(level, "mill.example", &Registry::new([]).unwrap());
        let said = |lake| {
            let keeping = Keeping::of(lake, policy(Level::Default).described()).unwrap();
            keeping.all().map(|(_, text)| text).join(" ")
        };
        let text = said(None);
        for told in [
            "policy default does it: no lake",
            "or `#nobot` or `#noindex` in it",
            "neither names nor text",
            "is not kept",
        ] {
            assert!(text.contains(told), "{told}: {text}");
        }
        assert!(said(Some(&lake)).contains("none on record"));
        let add = |by, policy: Policy| record_policy(&lake, by, &policy, Instant::default()).unwrap();
        add("import", policy(Level::Strict).with_opt_out_tags(["nobot".parse().unwrap()]));
        let text = said(Some(&lake));
        assert!(text.contains("by the policies: strict "), "{text}");
        assert!(text.contains("or `#nobot` in it") && !text.contains("#noindex"), "{text}");
        add("public", policy(Level::Open));
        let text = said(Some(&lake));
        assert!(text.contains("takes an objection") && text.contains("Names and text may be kept also"), "{text}");
        assert!(text.contains("What no metric reads is not kept."), "{text}");
        add("public", Policy::as_sent());
        assert!(said(Some(&lake)).contains("all is kept that the instance sent"));
    }
}
