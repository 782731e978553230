//! The page: one file that needs no network, with everything in it that it shows.
//!
//! Its parts are functions that give markup by `maud`, which escapes whatever is put in, and checks the HTML as it compiles; a
//! page of many small parts reads better so than as templates in files of their own.

mod accounts;
mod figure;
mod media;
mod over_time;
mod ranking;
mod short;
mod sure;

use base64::{Engine, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::{
    embed::{Data, Embedded, embed},
    error::Error,
    numbers::Numbers,
    subject::Section,
    text::thousands,
};

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// A page has fewer bytes than so many.
pub const MOST_BYTES: usize = 1_000_000;
/// What is kept free of them, for the numbers that are known only when the data is in.
const RESERVE: usize = 10_000;

/// The sections in their order, with their headings.
const SECTIONS: [(Section, &str, &str); 6] = [
    (Section::Accounts, "accounts", "Who is followed, and who grew"),
    (Section::Topics, "topics", "What was talked about"),
    (Section::Languages, "languages", "In which language"),
    (Section::Links, "links", "Linking where"),
    (Section::Activity, "activity", "How much, and by whom"),
    (Section::Others, "others", "Other metrics"),
];

/// The numbers as a page, of this instance if it is known which; an error where it would have [`MOST_BYTES`] or more, as it may
/// with hundreds of metrics.
pub fn page(numbers: &Numbers, instance: Option<&str>) -> Result<String, Error> {
    let data = data(numbers);
    // Twice, because how much data there is room for is known when the rest is there.
    let without_data = document(numbers, instance, &data.iter().map(not_embedded).collect::<Vec<_>>())?.0.len();
    let embedded = embed(&data, MOST_BYTES.saturating_sub(without_data + RESERVE))?;
    let page = document(numbers, instance, &embedded)?.0;
    if page.len() >= MOST_BYTES {
        return Err(Error::TooLarge { bytes: page.len(), most: MOST_BYTES });
    }
    Ok(page)
}

fn not_embedded(data: &Data) -> Embedded {
    Embedded {
        id: data.id.clone(),
        media_type: "application/gzip",
        text: String::new(),
        rows: data.rows.len(),
        of: data.of,
    }
}

/// The data behind all charts.
fn data(numbers: &Numbers) -> Vec<Data> {
    let mut data = over_time::posts_data(numbers);
    data.extend(numbers.accounts.iter().flat_map(accounts::data));
    data.extend(numbers.rankings.iter().flat_map(ranking::data));
    data.extend(sure::data(numbers));
    data
}

fn document(numbers: &Numbers, instance: Option<&str>, embedded: &[Embedded]) -> Result<Markup, Error> {
    let title =
        instance.map_or_else(|| "What the posts say".into(), |instance| format!("What the posts on {instance} say"));
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text));
    // Nothing is loaded from anywhere, nothing is sent anywhere, and no script runs but the page's own.
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        digest(SCRIPT),
        digest(STYLE)
    );
    let body = body(numbers, &title, embedded)?;
    Ok(html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                // A browser asks for an icon unless it has one.
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (body)
                @for one in embedded {
                    script type=(one.media_type) id={ "data-" (one.id) } { (PreEscaped(&one.text)) }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    })
}

fn body(numbers: &Numbers, title: &str, embedded: &[Embedded]) -> Result<Markup, Error> {
    let sections = SECTIONS.map(|(section, id, heading)| Ok((id, heading, of_section(numbers, section, embedded)?)));
    let sections: Vec<(&str, &str, Vec<Markup>)> = sections.into_iter().collect::<Result<_, Error>>()?;
    let shown = || sections.iter().filter(|(.., figures)| !figures.is_empty());
    Ok(html! {
        a.skip href="#main" { "Skip to the numbers" }
        header {
            h1 { (title) }
            (as_of(numbers))
            nav aria-label="Sections" {
                ul {
                    @for (id, heading, _) in shown() { li { a href={ "#" (id) } { (heading) } } }
                    li { a href="#sure" { "How sure the numbers are" } }
                }
            }
        }
        main id="main" {
            noscript { p.note { "Without JavaScript the charts and the first rows are here; to sort, to search and to save CSV the page needs it. " (figure::everything()) } }
            (short::short(numbers))
            @for (id, heading, figures) in shown() {
                section aria-labelledby=(id) {
                    h2 id=(id) { (heading) }
                    @for figure in figures { (figure) }
                }
            }
            section aria-labelledby="sure" {
                h2 id="sure" { "How sure the numbers are" }
                (sure::sure(numbers, embedded))
            }
        }
        footer {
            p {
                "Made by Tootmill " (env!("CARGO_PKG_VERSION")) " from its tables, which count public posts. "
                "What each of them counts stands beside it in the words of the metric. "
                @if numbers.accounts.is_some() { "Account ids are personal data: pass this page on with care." }
            }
        }
    })
}

fn as_of(numbers: &Numbers) -> Markup {
    let Some(story) = &numbers.story else {
        return html! { p { "Nothing was loaded into the tables yet. " code { "tootmill run" } " and " code { "tootmill load" } " do it." } };
    };
    html! {
        p {
            @if let Some(posts) = story.posts() { (thousands(posts)) " public posts" } @else { "Posts" }
            @if let Some(days) = story.days {
                " of " (thousands(story.number_of_days.count)) @if story.number_of_days.count == 1 { " day, " } @else { " days, " }
                (days)
            }
            ", as of " time datetime=(story.as_of) { (minute(&story.as_of)) } "."
            @if let Some(before) = &story.before { " Changes are since the load before, as of " time datetime=(before) { (minute(before)) } "." }
        }
    }
}

/// An instant as short as a person wants it.
fn minute(instant: &str) -> String {
    let minute: String = instant.chars().take("2026-11-24T12:00".len()).collect();
    format!("{} UTC", minute.replace('T', " "))
}

/// What a section has; nothing where no metric of it is linked.
fn of_section(numbers: &Numbers, section: Section, embedded: &[Embedded]) -> Result<Vec<Markup>, Error> {
    let mut figures = Vec::new();
    if section == Section::Accounts {
        figures.extend(numbers.accounts.iter().map(|accounts| accounts::accounts(accounts, numbers, embedded)));
    }
    if section == Section::Activity {
        figures.push(over_time::posts(numbers, embedded)?);
    }
    for ranking in numbers.rankings.iter().filter(|ranking| ranking.subject.section == section) {
        figures.push(ranking::ranking(ranking, numbers, embedded)?);
    }
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use tootmill_metric::Registry;

    use super::*;
    use crate::{
        numbers::{Options, tests::some},
        testing::{Declared, Kept, table},
    };

    fn page_of(store: &Kept, registry: &Registry) -> String {
        page(&Numbers::read(store, registry, None, &Options::default()).unwrap(), Some("mill.example")).unwrap()
    }

    #[test]
    fn a_page_tells_every_table_and_runs_nothing_that_is_in_one() {
        let (store, registry) = some();
        let page = page_of(&store, &registry);
        for told in [
            "What the posts on mill.example say",
            "Hashtags",
            "<h3 id=\"odd_table-figure-title\">Odd</h3>",
            "2022-11</strong>: 40",
            "+50 since",
        ] {
            assert!(page.contains(told), "{told}: {page}");
        }
        assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script>alert"), "{page}");
        let (shown, _) = page.split_once("<script type=").unwrap();
        assert!(!shown.contains('\u{202e}'), "a key turns the text around it");
        assert_eq!(page.matches("What the metric says that it counts.").count(), 8, "each figure says what it counts");
    }

    #[test]
    fn a_page_of_nothing_says_so() {
        let (_, registry) = some();
        let page = page_of(&Kept::default(), &registry);
        assert!(page.contains("Nothing was loaded into the tables yet."), "{page}");
        assert!(
            page.contains("The table has no rows yet.") && page.contains("There is nothing to draw yet."),
            "{page}"
        );
    }

    #[test]
    fn a_page_that_would_be_larger_is_an_error() {
        let (mut store, registry) = some();
        (0..9_000).for_each(|row| store.put(&table("tag_table"), &format!("tag{row}"), &["1"]));
        let read = |top| Numbers::read(&store, &registry, None, &Options { top, ..Options::default() }).unwrap();
        assert!(page(&read(100), None).is_ok());
        let error = page(&read(9_000), None).unwrap_err();
        assert!(matches!(error, Error::TooLarge { bytes, .. } if bytes > MOST_BYTES), "{error}");
    }

    #[test]
    fn what_no_counter_told_is_said_to_be_unknown() {
        let (mut store, registry) = some();
        for run in &mut store.runs {
            run.counters.retain(|(name, _)| name == "posts");
        }
        for page in [page_of(&store, &registry), page_of(&Kept::default(), &registry)] {
            assert!(page.contains("It is not known whether there are gaps in what was collected."), "{page}");
            assert!(!page.contains("o gap is known") && !page.contains(" 0 lines"), "{page}");
        }
        let page = page_of(&store, &registry);
        assert!(page.contains("how many lines could not be read is not known; whether there are gaps is not known. "));
        let (store, registry) = some();
        let page = page_of(&store, &registry);
        assert!(page.contains("1 of 210 lines could not be read; 2 gaps are known. "), "{page}");
    }

    #[test]
    fn changes_of_accounts_and_shares_are_told() {
        let (mut store, registry) = some();
        for (run, rows) in store.runs.iter_mut().zip([1, 3]) {
            run.counters.push(("rows_user_table".into(), rows));
            run.counters.push(("rows_odd_table".into(), 2));
        }
        let page = page_of(&store, &registry);
        let card = |title: &str, value: &str, change: &str| {
            format!("<dt>{title}</dt><dd>{value}</dd><dd class=\"change\">{change} since the load before</dd>")
        };
        // 100 of 200 posts after 100 of 150, 20 of 200 after 20 of 150.
        for card in [
            card("Accounts seen", "3", "+2"),
            card("Posts that are ripe", "50.0 %", "−16.7 points"),
            card("Posts by bots", "10.0 %", "−3.3 points"),
        ] {
            assert!(page.contains(&card), "{card}: {page}");
        }
        assert!(page.contains("Rows of user_table") && page.contains("rows of the table, those of all days together"));
    }

    #[test]
    fn a_page_is_below_a_megabyte_whatever_the_tables_hold() {
        let names = ["tag_table", "url_table", "odd_table"];
        let registry = Registry::new(names.map(|name| Box::new(Declared(name)) as Box<_>)).unwrap();
        let mut store = Kept::default();
        let mut digits = 1_u64;
        for name in names {
            let long = "&'\u{1f9d1}\u{200d}\u{1f33e}<".repeat(2000);
            (0..20).for_each(|row| store.put(&table(name), &format!("{long}{row}"), &["18446744073709551615"]));
            for _ in 0..30_000 {
                // Nothing that compresses well.
                digits = digits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                store.put(&table(name), &format!("{digits:x}"), &[&(digits >> 40).to_string()]);
            }
        }
        let page = page_of(&store, &registry);
        assert!((MOST_BYTES / 2..MOST_BYTES).contains(&page.len()), "{}", page.len());
        assert!(page.contains("more are not in it."), "what is left out is told");
    }
}
