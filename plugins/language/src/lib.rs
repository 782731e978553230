//! Posts by language, as declared by the author or guessed by the server.

use tootmill_metric::{About, Count, Emit, Members, Metric, Post, Row, Table};

/// See the crate's page.
pub struct Language;

/// The code of an undetermined language in ISO 639-2.
const UNDETERMINED: &str = "und";

impl Metric for Language {
    type State = Count;

    fn map(&self, post: &Post<'_>, emit: &mut Emit<'_, Count>) {
        let language = post.language.as_deref().filter(|language| !language.is_empty());
        emit.add(language.unwrap_or(UNDETERMINED), Count::ONE);
    }

    fn reduce(&self, _language: &str, posts: &mut Members<'_, Count>) -> Option<Row> {
        Some(Row::new("count", posts.total()))
    }

    fn hbase_table(&self) -> Table {
        Table::new("language_table").integer("count", "posts in the language")
    }

    fn about(&self) -> About {
        About::new("Posts by language code as served; `und` where none is given.").reads(&["language"])
    }
}
tootmill_metric::register!(Language);

#[cfg(test)]
mod tests {
    use super::*;
    use tootmill_testkit::rows;

    tootmill_testkit::laws!(Language);

    #[test]
    fn codes_as_served_and_und_for_none() {
        let rows = rows(
            &Language,
            &[
                r#"{"language":"en"}"#,
                r#"{"language":"EN"}"#,
                r#"{"language":"zh-TW"}"#,
                r#"{"language":"en"}"#,
                r#"{"language":null}"#,
                r#"{"language":""}"#,
                r#"{"language":["en"]}"#,
                r"{}",
            ],
        );
        assert_eq!(rows, "EN count=1\nen count=2\nund count=4\nzh-TW count=1\n");
    }
}
