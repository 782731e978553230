//! The record of processing activities (article 30): what the program, the lake and the settings say of it, as data and as a page.

use std::fmt::{Result as Written, Write};

use serde::Serialize;
use tootmill_lake::Lake;
use tootmill_metric::{Instant, Registered, Registry};
use tootmill_policy::Described;

use crate::{
    error::Error,
    policies::{Recorded, policies},
    retention::{Kept, recorded_retention},
    settings::Settings,
};

/// The record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Record {
    /// The program and its version.
    pub program: String,
    /// When the record was generated, as text.
    pub at: String,
    /// The instance whose posts are processed, where a lake was named.
    pub instance: Option<String>,
    /// What the settings say, by where it stands in them; `null` where it is to be filled in.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// What is to be filled in: where it stands in the settings.
    pub to_be_filled_in: Vec<&'static str>,
    /// The metrics with what they read and keep.
    pub metrics: Vec<MetricRecord>,
    /// The policies under which posts came into the lake, the first one first.
    pub policies: Vec<Recorded>,
    /// For how long the lake keeps what, as the last retention was told; `null` where nothing ever went for its age.
    pub retention: Option<Kept>,
    /// Where the settings say something else of that than the retention was told: where it stands in them.
    pub retention_differs: Vec<&'static str>,
    /// Where the data lie.
    pub places: Vec<PlaceRecord>,
    /// Who may do what with the lake's folder, as Unix counts it in octal digits; `null` where none is there.
    pub lake_mode: Option<String>,
}

/// What a metric does with people's data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MetricRecord {
    /// Its name.
    pub name: &'static str,
    /// What it counts.
    pub counts: &'static str,
    /// The fields of a status that it reads.
    pub reads: Vec<&'static str>,
    /// Those that are personal data and are in its states or its table.
    pub personal_data: Vec<&'static str>,
    /// Its table.
    pub table: &'static str,
    /// For how many days HBase keeps what each day alone gave; `null`: as long as the table.
    pub day_time_to_live_days: Option<u64>,
}

/// A place where data lie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlaceRecord {
    /// Its name: a folder of the lake, or the tables.
    pub place: &'static str,
    /// Where it is, where that is known.
    pub address: Option<String>,
    /// What it holds, for people.
    pub holds: &'static str,
    /// The fields of a status that are personal data and are in it; `null` for all that was sent.
    pub personal_data: Option<Vec<String>>,
    /// Where in the settings it stands how long it is kept, where that is asked.
    pub retention: Option<&'static str>,
    /// Until when it is kept, where it goes by itself.
    pub until: Option<&'static str>,
}

/// Generates the record of this program's metrics, and of a lake and tables where there are any.
pub fn record(
    registry: &Registry,
    lake: Option<&Lake>,
    tables: Option<String>,
    settings: &Settings,
    now: Instant,
) -> Result<Record, Error> {
    let recorded = lake.map(policies).transpose()?.unwrap_or_default();
    let kept = lake.map(recorded_retention).transpose()?.flatten();
    let metrics: Vec<MetricRecord> = registry.metrics().iter().map(MetricRecord::of).collect();
    let mut places = places(lake, tables, &metrics, &recorded);
    places.extend(lake.map(forgotten).transpose()?.flatten());
    let mode = lake.map(|lake| lake.storage().mode(lake.root())).transpose()?.flatten();
    Ok(Record {
        program: concat!("tootmill ", env!("CARGO_PKG_VERSION")).into(),
        at: now.to_string(),
        instance: lake.map(|lake| lake.instance().to_owned()),
        settings: settings.all().map(|(path, answer)| (path.to_owned(), answer.into())).collect(),
        to_be_filled_in: settings.missing().collect(),
        metrics,
        policies: recorded,
        retention: kept,
        retention_differs: kept.map(|kept| kept.differs(settings)).unwrap_or_default(),
        places,
        lake_mode: mode.map(|mode| format!("{mode:04o}")),
    })
}

impl MetricRecord {
    fn of(Registered { metric, table }: &Registered) -> Self {
        let about = metric.about();
        Self {
            name: table.metric_name(),
            counts: about.counts,
            reads: about.reads,
            personal_data: about.personal_data,
            table: table.name,
            day_time_to_live_days: table.day_time_to_live.map(|time| time.as_secs().div_ceil(24 * 60 * 60)),
        }
    }
}

/// The places of a lake that have a setting which says how long they are kept, or none: a folder, what it holds, the setting.
const PLACES: [(&str, &str, Option<&str>); 9] = [
    ("raw", "what was observed, less what the policy drops, one line an observation", Some("retention.raw")),
    ("posts", "each post once, by the day on which it was written", Some("retention.posts")),
    ("compaction", "the names of raw files, and the ids of deleted posts", None),
    ("states", "the metrics' states of each day", Some("retention.states")),
    ("totals", "the metrics' states of all days", Some("retention.states")),
    ("rows", "the tables' rows, each day's and those of all days", Some("retention.states")),
    ("refreshed", "how many posts of a day were observed again", None),
    ("collecting", "which rules of the instance were accepted, and who collects just now", None),
    ("privacy", "which policies were in force, for how long what is kept, and the log of what was done", None),
];

/// The places of a lake that are there for a while: a file or a folder, what it holds, and until when.
const PASSING: [(&str, &str, &str); 4] = [
    ("_aside", "files on their way into a place", "they are there; what a killed command left, until the next one"),
    ("privacy/erasing.json", "whom an erasure is of, and of which tables", "the erasure is done"),
    (
        "privacy/retaining.json",
        "which accounts go because they were not seen for long, and out of which tables",
        "they are gone",
    ),
    ("privacy/pending.json", "which files of HBase may still hold what was erased", "these files are gone"),
];

/// The fields of a status that stand in a place that no metric fills.
fn of_place(place: &str) -> Vec<String> {
    let fields: &[&str] = match place {
        "compaction" => &["id"],
        "privacy/erasing.json" => &["id", "account.id", "account.acct", "account.url"],
        "privacy/retaining.json" => &["account.id"],
        _ => &[],
    };
    fields.iter().map(|field| (*field).to_owned()).collect()
}

fn places(
    lake: Option<&Lake>,
    tables: Option<String>,
    metrics: &[MetricRecord],
    policies: &[Recorded],
) -> Vec<PlaceRecord> {
    let of_metrics = || {
        let mut fields: Vec<String> =
            metrics.iter().flat_map(|metric| &metric.personal_data).map(|field| (*field).to_owned()).collect();
        fields.sort_unstable();
        fields.dedup();
        Some(fields)
    };
    let of_lake = |place: &str| match place {
        "raw" | "posts" | "_aside" => of_posts(policies),
        "states" | "totals" | "rows" => of_metrics(),
        place => Some(of_place(place)),
    };
    let lasting = PLACES.iter().map(|(place, holds, retention)| (*place, *holds, *retention, None));
    let passing = PASSING.iter().map(|(place, holds, until)| (*place, *holds, None, Some(*until)));
    let mut places: Vec<PlaceRecord> = lasting
        .chain(passing)
        .map(|(place, holds, retention, until)| PlaceRecord {
            place,
            address: lake.map(|lake| lake.storage().address(&format!("{}/{place}", lake.root()))),
            holds,
            personal_data: of_lake(place),
            retention,
            until,
        })
        .collect();
    places.push(PlaceRecord {
        place: "tables",
        address: tables,
        holds: "the rows of the metrics' tables",
        personal_data: of_metrics(),
        retention: Some("retention.tables"),
        until: None,
    });
    places
}

/// Where the lake remembers whom it has forgotten, if it has forgotten somebody.
fn forgotten(lake: &Lake) -> Result<Option<PlaceRecord>, Error> {
    let place = "privacy/forgotten.json";
    let path = format!("{}/{place}", lake.root());
    Ok(lake.storage().find(&path)?.map(|_| PlaceRecord {
        place,
        address: Some(lake.storage().address(&path)),
        holds: "keyed hashes of accounts and posts that were forgotten, so that they are not collected again; the key is elsewhere",
        personal_data: Some(vec!["account.id".into(), "id".into()]),
        retention: Some("retention.forgotten"),
        until: None,
    }))
}

/// The fields that some policy keeps of posts; `None` where one keeps all that was sent. Where none is recorded nothing has come.
fn of_posts(policies: &[Recorded]) -> Option<Vec<String>> {
    let kept: Option<Vec<&Vec<String>>> = policies.iter().map(|recorded| recorded.policy.fields.as_ref()).collect();
    let mut fields: Vec<String> = kept?.into_iter().flatten().cloned().collect();
    fields.sort_unstable();
    fields.dedup();
    Some(fields)
}

impl Record {
    /// The record as a page in Markdown.
    pub fn markdown(&self, settings: &Settings) -> String {
        let mut page = String::new();
        // Writing to a text does not fail.
        let _ = self.write(&mut page, settings);
        page
    }

    fn write(&self, page: &mut String, settings: &Settings) -> Written {
        let told = |path| settings.told(path);
        writeln!(page, "# Record of processing activities\n")?;
        writeln!(
            page,
            "Article 30 of the General Data Protection Regulation. Generated by {} on {} from what the metrics of the program declare, what the lake has on record, and the settings.",
            self.program, self.at
        )?;
        writeln!(page, "\n## Who answers for it\n")?;
        for (what, path) in [
            ("Controller", "controller.name"),
            ("Address", "controller.address"),
            ("Contact", "controller.contact"),
            ("Joint controllers", "controller.joint"),
            ("Representative", "controller.representative"),
            ("Data protection officer", "controller.protection_officer"),
        ] {
            writeln!(page, "- {what}: {}", told(path))?;
        }
        writeln!(page, "\n## For what, and on what basis\n")?;
        for (what, path) in [
            ("Processing", "processing.name"),
            ("Purpose", "processing.purpose"),
            ("Legal basis", "processing.legal_basis"),
            ("Legitimate interests", "processing.interests"),
            ("Special categories of data", "processing.special_categories"),
        ] {
            writeln!(page, "- {what}: {}", told(path))?;
        }
        self.write_people(page)?;
        self.write_metrics(page)?;
        self.write_places(page, settings)?;
        writeln!(page, "\n## Who can read it, and to whom it goes\n")?;
        for (what, path) in [
            ("The lake", "access.lake"),
            ("The tables", "access.tables"),
            ("Recipients", "processing.recipients"),
            ("Third countries", "processing.transfers"),
        ] {
            writeln!(page, "- {what}: {}", told(path))?;
        }
        if let Some(mode) = &self.lake_mode {
            let others = if mode.ends_with('0') { "others may do nothing" } else { "**others may look into it**" };
            writeln!(page, "- The folder of the lake has the mode {mode}: {others}.")?;
        }
        writeln!(page, "\n## Security\n")?;
        let fields = if self.policies.iter().all(|recorded| recorded.policy.fields.is_some()) {
            "what no metric reads is not kept"
        } else {
            "under the policies above that keep all fields also that is kept which no metric reads"
        };
        writeln!(
            page,
            "- By the program: folders and files of the lake are made for their owner and group alone, tokens for their owner; what is done is in a log whose entries are chained by hashes; {fields}."
        )?;
        writeln!(page, "- Besides: {}", told("security.measures"))?;
        self.write_missing(page)
    }

    fn write_people(&self, page: &mut String) -> Written {
        let instance = self.instance.as_deref().unwrap_or("the instance");
        writeln!(page, "\n## Of whom, and what\n")?;
        writeln!(
            page,
            "Of people whose accounts wrote public posts that {instance} shows, and, where text is kept, of those whom these mention. The posts come from the server's programming interface, not from the people themselves (article 14).\n"
        )?;
        if self.policies.is_empty() {
            return writeln!(page, "No policy is on record: nothing was collected or imported, or no lake was named.");
        }
        for Recorded { since, by, policy, .. } in &self.policies {
            let by = if by.is_empty() { String::new() } else { format!(", by {by}") };
            writeln!(page, "- Since {since}{by}: {}", sentence(policy))?;
        }
        Ok(())
    }

    fn write_metrics(&self, page: &mut String) -> Written {
        writeln!(page, "\n## What each metric reads and keeps\n")?;
        writeln!(
            page,
            "A metric that keeps no personal data keeps sums, and names that many have, such as hashtags, languages and hosts; a rare one may still point to a person.\n"
        )?;
        writeln!(page, "| metric | counts | reads | keeps of people | table |\n|---|---|---|---|---|")?;
        for metric in &self.metrics {
            let reads = listed(&metric.reads);
            let keeps = listed(&metric.personal_data);
            writeln!(page, "| {} | {} | {reads} | {keeps} | `{}` |", metric.name, metric.counts, metric.table)?;
        }
        Ok(())
    }

    fn write_places(&self, page: &mut String, settings: &Settings) -> Written {
        writeln!(page, "\n## Where it lies, and for how long\n")?;
        writeln!(page, "| place | holds | of people | kept for |\n|---|---|---|---|")?;
        for place in &self.places {
            let name = match &place.address {
                Some(address) => format!("{}: `{address}`", place.place),
                None => place.place.to_owned(),
            };
            let people = match (place.place, &place.personal_data) {
                (_, None) => "all that was sent".to_owned(),
                ("raw" | "posts" | "_aside", _) => "what the policies above keep".to_owned(),
                ("states" | "totals" | "rows" | "tables", _) => "what the metrics above keep".to_owned(),
                (_, Some(fields)) => listed(fields),
            };
            let kept = match (place.retention, place.until) {
                (Some(path), _) => settings.told(path),
                (None, Some(until)) => format!("until {until}"),
                (None, None) => "as long as the lake".into(),
            };
            let kept = kept.replace('\n', " ").replace('|', "\\|");
            writeln!(page, "| {name} | {} | {people} | {kept} |", place.holds)?;
        }
        self.write_retention(page, settings)?;
        for metric in &self.metrics {
            if let Some(days) = metric.day_time_to_live_days {
                writeln!(page, "\nIn HBase, what each day alone gave is kept in `{}` for {days} days.", metric.table)?;
            }
        }
        Ok(())
    }

    /// What goes for its age in truth, which the settings may not know.
    fn write_retention(&self, page: &mut String, settings: &Settings) -> Written {
        let Some(kept) = self.retention else {
            let lake = if self.instance.is_some() { "no `tootmill retain` is on record" } else { "no lake was named" };
            return writeln!(page, "\nWhat goes for its age in truth is not known: {lake}.");
        };
        writeln!(page, "\nAs the last `tootmill retain` was told: {kept}.")?;
        for path in &self.retention_differs {
            writeln!(page, "\n**The settings say something else**: `{path}` is {}.", settings.told(path))?;
        }
        Ok(())
    }

    fn write_missing(&self, page: &mut String) -> Written {
        if self.to_be_filled_in.is_empty() {
            return Ok(());
        }
        writeln!(page, "\n## To be filled in\n")?;
        writeln!(page, "The settings do not say this yet; `tootmill gdpr record --example-config` asks for it:\n")?;
        self.to_be_filled_in.iter().try_for_each(|path| writeln!(page, "- `{path}`"))
    }
}

/// A policy in a sentence.
fn sentence(policy: &Described) -> String {
    let Described { name, honours, opt_out_tags, blocked, fields, reduced_fields } = policy;
    let mut sentence = format!("policy {name}, which looks at {}", listed(honours));
    if !opt_out_tags.is_empty() {
        sentence += &format!(
            " and the tags {}",
            opt_out_tags.iter().map(|tag| format!("#{tag}")).collect::<Vec<_>>().join(", ")
        );
    }
    if *blocked > 0 {
        sentence += &format!("; {blocked} entries in block lists are left out");
    }
    sentence +=
        &fields.as_ref().map_or_else(|| "; keeps all fields".into(), |fields| format!("; keeps {}", listed(fields)));
    if let Some(reduced) = reduced_fields {
        sentence += &format!("; of who does not say `indexable`, without names and text, {}", listed(reduced));
    }
    sentence + "."
}

fn listed(fields: &[impl AsRef<str>]) -> String {
    if fields.is_empty() {
        return "nothing".into();
    }
    fields.iter().map(|field| format!("`{}`", field.as_ref())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::{record_policy, record_retention};
    use tootmill_metric::{About, Count, Emit, Members, Metric, Post, Row, Table};
    use tootmill_policy::{Level, Policy};

    /// Posts by account.
    struct Accounts;

    impl Metric for Accounts {
        type State = Count;

        fn map(&self, post: &Post<'_>, emit: &mut Emit<'_, Count>) {
            emit.add(post.account.as_ref().map_or("nobody", |account| account.id()), Count::ONE);
        }

        fn reduce(&self, _: &str, posts: &mut Members<'_, Count>) -> Option<Row> {
            Some(Row::new("count", posts.total()))
        }

        fn hbase_table(&self) -> Table {
            Table::new("accounts_table").integer("count", "posts").day_time_to_live(std::time::Duration::from_hours(48))
        }

        fn about(&self) -> About {
            About::new("Posts by account.").reads(&["account.id"]).personal_data(&["account.id"])
        }
    }

    fn registry() -> Registry {
        Registry::new([Box::new(Accounts) as Box<dyn tootmill_metric::AnyMetric>]).unwrap()
    }

    #[test]
    fn what_is_not_known_is_told_as_to_be_filled_in_and_what_is_known_is_there() {
        let settings = Settings::parse("[controller]\nname = \"Mill\"\n[retention]\nraw = \"30 days\"\n").unwrap();
        let record = record(&registry(), None, None, &settings, Instant::default()).unwrap();
        let page = record.markdown(&settings);
        assert!(page.contains("- Controller: Mill\n- Address: **to be filled in** (`controller.address`)\n"), "{page}");
        assert!(page.contains("| raw | ") && page.contains(" | 30 days |"), "{page}");
        assert!(page.contains("No policy is on record"), "{page}");
        assert!(
            page.contains("| accounts | Posts by account. | `account.id` | `account.id` | `accounts_table` |"),
            "{page}"
        );
        assert!(page.contains("in `accounts_table` for 2 days"), "{page}");
        assert!(page.contains("\n- `rights.authority`\n") && !page.contains("\n- `controller.name`\n"), "{page}");
        let data = serde_json::to_value(&record).unwrap();
        assert_eq!(data["settings"]["controller.name"], "Mill");
        assert_eq!(data["settings"]["controller.address"], serde_json::Value::Null);
        let of_lake = |place: &str| record.places.iter().find(|one| one.place == place).unwrap();
        assert_eq!(of_lake("states").personal_data.as_deref(), Some(&["account.id".to_owned()][..]));
        assert_eq!(of_lake("privacy").personal_data.as_deref(), Some(&[][..]));
    }

    #[test]
    fn it_follows_the_policies_of_the_lake() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
        let settings = Settings::default();
        let record = |tables| record(&registry(), Some(&lake), tables, &settings, Instant::default()).unwrap();
        record_policy(
            &lake,
            "tootmill import",
            &Policy::new(Level::Default, "mill.example", &registry()),
            Instant::default(),
        )
        .unwrap();
        let now = record(Some("sqlite:tootmill.db".into()));
        let raw = now.places[0].personal_data.as_ref().unwrap();
        assert!(raw.contains(&"account.acct".into()) && !raw.contains(&"content".into()), "{raw:?}");
        let page = now.markdown(&settings);
        for told in [
            "that mill.example shows",
            "policy default",
            "#nobot",
            "/mill.example/raw`",
            "tables: `sqlite:tootmill.db`",
            "has the mode 0750: others may do nothing",
            "no `tootmill retain` is on record",
            "what no metric reads is not kept",
            "/mill.example/privacy/erasing.json` | whom an erasure is of, and of which tables | `id`, `account.id`",
            "| until they are gone |",
        ] {
            assert!(page.contains(told), "{told}: {page}");
        }
        assert!(!page.contains("keyed hashes"), "{page}");
        lake.storage().write_text(&format!("{}/privacy/forgotten.json", lake.root()), "{}").unwrap();
        assert!(record(None).markdown(&settings).contains("`retention.forgotten`) |"));
        record_policy(&lake, "tootmill import", &Policy::as_sent(), Instant::default()).unwrap();
        assert_eq!(record(None).places[0].personal_data, None);
        let page = record(None).markdown(&settings);
        assert!(page.contains("all that was sent") && !page.contains("what no metric reads is not kept"), "{page}");
        std::fs::set_permissions(lake.root(), std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(record(None).markdown(&settings).contains("0755: **others may look into it**"));
    }

    #[test]
    fn what_goes_in_truth_stands_beside_what_the_settings_say() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
        let lease = lake.lease("a test").unwrap();
        let text = "[retention]\nraw = \"30 days\"\nposts = \"a year\"\nstates = \"for ever\"\n";
        let settings = Settings::parse(text).unwrap();
        let kept = Kept { raw: 30, posts: 180, accounts: None };
        record_retention(&lake, &lease, kept).unwrap();
        let record = || record(&registry(), Some(&lake), None, &settings, Instant::default()).unwrap();
        assert_eq!((record().retention, record().retention_differs), (Some(kept), vec!["retention.posts"]));
        let page = record().markdown(&settings);
        for told in [
            "raw files 30 days, posts 180 days, accounts for ever.",
            "**The settings say something else**: `retention.posts` is a year.",
        ] {
            assert!(page.contains(told), "{told}: {page}");
        }
        record_retention(&lake, &lease, Kept { accounts: Some(400), ..kept }).unwrap();
        assert_eq!(record().retention_differs, ["retention.posts", "retention.states"]);
    }
}
