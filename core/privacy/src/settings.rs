//! What no program can know of the processing: who answers for it, why, on what basis, for how long. It is read from a file of
//! TOML, and what is not in it is never made up.

use std::{collections::BTreeMap, fmt::Write};

use toml::{Table, Value};

use crate::error::Error;

/// What is asked of whoever answers for a lake: where in the file, and what.
pub(crate) const QUESTIONS: [(&str, &str); 24] = [
    ("controller.name", "Who decides for what and how posts are processed (articles 4 (7), 30 (1) (a))"),
    ("controller.address", "Their postal address"),
    ("controller.contact", "Where people write to about their data, an address of mail"),
    ("controller.joint", "Who decides with them, or \"none\" (article 26)"),
    ("controller.representative", "Their representative in the European Union, or \"none\" (article 27)"),
    ("controller.protection_officer", "The data protection officer and how to reach them, or \"none\" (article 37)"),
    ("processing.name", "What the processing is called"),
    ("processing.purpose", "For what posts are processed (article 30 (1) (b))"),
    ("processing.legal_basis", "On what basis, by the article (article 6 (1))"),
    (
        "processing.interests",
        "With article 6 (1) (f): whose legitimate interests, and why people's do not outweigh them; or \"none\"",
    ),
    (
        "processing.special_categories",
        "Posts may tell of opinions, beliefs, health: by which exception they may be processed (article 9 (2))",
    ),
    ("processing.recipients", "To whom data or tables are given, or \"none\" (article 30 (1) (d))"),
    ("processing.transfers", "To which third countries, with which safeguards, or \"none\" (article 30 (1) (e))"),
    ("retention.raw", "For how long what was observed is kept (article 30 (1) (f))"),
    ("retention.posts", "For how long posts are kept"),
    ("retention.states", "For how long the metrics' states and totals are kept, which hold ids of accounts"),
    ("retention.tables", "For how long the rows of tables are kept"),
    (
        "retention.forgotten",
        "For how long the keyed hashes of forgotten accounts are kept, and on what basis (article 6 (1) (c), to keep them erased)",
    ),
    ("access.lake", "Who can read the lake"),
    ("access.tables", "Who can read the tables"),
    ("security.measures", "What is done for security beside what the program does (articles 30 (1) (g), 32)"),
    ("security.incidents", "Who decides when something went wrong, and how to reach them"),
    ("rights.identity", "How it is checked that an account is that of who asks (article 12 (6))"),
    ("rights.authority", "The supervisory authority that people can complain to (article 14 (2) (e))"),
];

/// The answers, by where they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<&'static str, String>);

impl Settings {
    /// Reads a file's text: tables of texts, or of lists of texts. A name that is not known is an error, for it may be mistyped.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Settings(reason);
        let tables: Table =
            text.parse().map_err(|error: toml::de::Error| wrong(error.to_string().trim_end().into()))?;
        let mut answers = BTreeMap::new();
        for (section, entries) in &tables {
            let Value::Table(entries) = entries else { return Err(wrong(format!("`{section}` is no table"))) };
            for (name, value) in entries {
                let path = format!("{section}.{name}");
                let Some((path, _)) = QUESTIONS.iter().find(|(known, _)| *known == path) else {
                    return Err(wrong(format!("`{path}` is nothing that is asked for")));
                };
                let answer =
                    text_of(value).ok_or_else(|| wrong(format!("`{path}` is neither a text nor a list of texts")))?;
                if !answer.trim().is_empty() {
                    answers.insert(*path, answer);
                }
            }
        }
        Ok(Self(answers))
    }

    /// What was answered; `None` where nothing was.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// What was answered, or that it is to be filled in.
    pub(crate) fn told(&self, path: &str) -> String {
        self.get(path).map_or_else(|| format!("**to be filled in** (`{path}`)"), str::to_owned)
    }

    /// What is still to be answered: where it stands in the file.
    pub fn missing(&self) -> impl Iterator<Item = &'static str> {
        QUESTIONS.iter().map(|(path, _)| *path).filter(|path| self.get(path).is_none())
    }

    /// Every question with its answer.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        QUESTIONS.iter().map(|(path, _)| (*path, self.get(path)))
    }

    /// A file in which nothing is answered yet.
    pub fn example() -> String {
        let mut text = String::from(
            "# What no program can know of the processing. What stays empty is told as to be filled in.\n",
        );
        let mut last = "";
        for (path, asked) in QUESTIONS {
            let (section, name) = path.split_once('.').unwrap_or((path, ""));
            if section != last {
                let _ = write!(text, "\n[{section}]\n");
                last = section;
            }
            let _ = writeln!(text, "# {asked}\n{name} = \"\"");
        }
        text
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            items.iter().map(Value::as_str).collect::<Option<Vec<_>>>().map(|items| items.join("; "))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_or_not_there_is_missing() {
        let text =
            "[controller]\nname = \"Mill\"\ncontact = \" \"\n[processing]\nrecipients = [\"readers\", \"press\"]\n";
        let settings = Settings::parse(text).unwrap();
        assert_eq!(settings.get("controller.name"), Some("Mill"));
        assert_eq!(settings.get("processing.recipients"), Some("readers; press"));
        assert_eq!(settings.missing().count(), QUESTIONS.len() - 2);
        assert!(settings.missing().any(|path| path == "controller.contact"));
        assert_eq!(settings.told("controller.contact"), "**to be filled in** (`controller.contact`)");
    }

    #[test]
    fn what_cannot_be_meant_is_told() {
        for (text, told) in [
            ("name = \"Mill\"", "`name` is no table"),
            ("[controller]\nnmae = \"Mill\"", "`controller.nmae` is nothing that is asked for"),
            ("[retention]\nraw = 30", "`retention.raw` is neither"),
            ("[controller", "TOML parse error"),
        ] {
            let error = Settings::parse(text).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn the_example_asks_for_all_and_answers_nothing() {
        let settings = Settings::parse(&Settings::example()).unwrap();
        assert_eq!(settings, Settings::default());
        let answered = Settings::parse(&Settings::example().replace("\"\"", "\"yes\"")).unwrap();
        assert_eq!(answered.missing().count(), 0);
    }
}
