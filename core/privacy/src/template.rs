//! Texts that whoever answers for a lake needs, filled from the settings.

use crate::settings::{QUESTIONS, Settings};

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

    /// Its text with what the settings say; what they do not say is told as to be filled in.
    pub fn filled(&self, settings: &Settings) -> String {
        QUESTIONS.iter().fold(self.text.to_owned(), |text, (path, _)| {
            text.replace(&format!("{{{{{path}}}}}"), &settings.told(path))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_filled_and_what_is_not_known_is_named() {
        let settings = Settings::parse("[controller]\nname = \"The Mill\"\n").unwrap();
        for template in TEMPLATES {
            let text = template.filled(&settings);
            assert!(text.contains("The Mill"), "{text}");
            assert!(text.contains("**to be filled in** (`rights."), "{}", template.name);
            // No name in a template is mistyped.
            assert!(!text.contains("{{"), "{text}");
            assert_eq!(Template::named(template.name), Some(template));
        }
        assert_eq!(Template::named("apology"), None);
    }
}
