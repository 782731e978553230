//! Texts that whoever answers for a lake needs, filled from the settings.

use crate::{
    keeping::Keeping,
    settings::{QUESTIONS, Settings},
};

/// A text to be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    text: &'static str,
}

/// All texts that there are.
pub const TEMPLATES: [Template; 5] = [
    Template { name: "notice", about: "what people are told (article 14)", text: include_str!("templates/notice.md") },
    Template {
        name: "objection",
        about: "the answer to an objection (article 21)",
        text: include_str!("templates/objection.md"),
    },
    Template {
        name: "rectification",
        about: "the answer to a request for rectification (article 16)",
        text: include_str!("templates/rectification.md"),
    },
    Template {
        name: "dpia",
        about: "a data protection impact assessment (article 35)",
        text: include_str!("templates/dpia.md"),
    },
    Template {
        name: "breach",
        about: "what is done and told after a breach (articles 33, 34)",
        text: include_str!("templates/breach.md"),
    },
];

impl Template {
    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        TEMPLATES.into_iter().find(|template| template.name == name)
    }

    /// Its text with what the settings say, and how posts are kept; what the settings do not say is told as to be filled in.
    pub fn filled(&self, settings: &Settings, keeping: &Keeping) -> String {
        let answers = QUESTIONS.iter().map(|(path, _)| (*path, settings.told(path)));
        answers
            .chain(keeping.all())
            .fold(self.text.to_owned(), |text, (path, told)| text.replace(&format!("{{{{{path}}}}}"), &told))
    }
}

#[cfg(test)]
mod tests {
    use tootmill_metric::Registry;
    use tootmill_policy::{Level, Policy};

    use super::*;

    #[test]
    fn every_place_is_filled_and_what_is_not_known_is_named() {
        let settings = Settings::parse("[controller]\nname = \"The Mill\"\n").unwrap();
        let policy = Policy::new(Level::Default, "mill.example", &Registry::new([]).unwrap());
        let keeping = Keeping::of(None, policy.described()).unwrap();
        for template in TEMPLATES {
            let text = template.filled(&settings, &keeping);
            assert!(text.contains("The Mill"), "{text}");
            assert!(text.contains("**to be filled in** (`rights."), "{}", template.name);
            // No name in a template is mistyped.
            assert!(!text.contains("{{"), "{text}");
            assert_eq!(Template::named(template.name), Some(template));
        }
        assert_eq!(Template::named("apology"), None);
    }
}
