//! What has been in a lake for long enough goes: raw files, posts, observations of posts that were deleted, and the ids of accounts
//! that were not seen for long.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sha2::{Digest, Sha256};
use tootmill_engine::{Record, Watch};
use tootmill_lake::{Lake, Lease, Place};
use tootmill_metric::{
    Day, Registry,
    field::{escape, unescape},
};
use tootmill_policy::Whom;

use crate::{
    compact::known,
    count::is_counted,
    erase::{Erased, Erasing},
    error::Error,
    states::{Fate, each_record, rewrite},
};

/// From which days on what is kept: what is of an earlier one goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Raw files, by the day of their observation.
    pub raw: Option<Day>,
    /// Posts, by their own day.
    pub posts: Option<Day>,
    /// Accounts, by the last day on which they were seen; not later than that of the posts.
    pub accounts: Option<Day>,
}

/// What goes, or went.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Retained {
    /// Days whose raw files go.
    pub raw_days: Vec<String>,
    /// Days whose posts go.
    pub posts_days: Vec<String>,
    /// Observations of posts that were deleted, and notes of that.
    pub deleted: u64,
    /// Posts of others that lose what leads to a deleted one. Their days are to be counted again.
    pub redacted: u64,
    /// Accounts that were not seen for long.
    pub accounts: u64,
    /// What should go and does not, and why.
    pub kept: Vec<String>,
}

impl Retained {
    /// Whether states or posts of a day are others than before, so that what is made of them is to be made again.
    pub fn changes_days(&self) -> bool {
        self.deleted + self.redacted + self.accounts > 0 || !self.posts_days.is_empty()
    }
}

/// Finds what is to go, or lets it go where there is a lease.
///
/// An account leaves the rows that are its own. Where it is one of those that are counted once, something takes its place that is
/// the same everywhere and says of nobody who it was: a digest with the salt, which is to be random, and to be forgotten
/// once this has come to its end.
pub fn retain(
    lake: &Lake,
    lease: Option<&Lease>,
    retention: &Retention,
    registry: &Registry,
    instance: &str,
    salt: &[u8],
    watch: &dyn Watch,
) -> Result<Retained, Error> {
    let mut retained = Retained::default();
    watch.pass("expiring posts");
    expire_posts(lake, lease, retention.posts, registry, &mut retained)?;
    // Then, since a day whose posts are others by now would have to be counted before it goes.
    watch.pass("looking for deleted posts");
    let Erased { raw_lines, redacted, .. } = deleted_posts(lake, lease, registry, instance, &retained.posts_days)?;
    (retained.deleted, retained.redacted) = (raw_lines, redacted);
    watch.pass("expiring raw files");
    expire_raw(lake, lease, retention.raw, &mut retained)?;
    forget_deletions(lake, lease, registry, instance)?;
    watch.pass("looking for accounts");
    let accounts = accounts_not_seen(lake, retention, registry)?;
    if let (Some(lease), Some(from)) = (lease, retention.accounts) {
        expire_accounts(lake, lease, from, &accounts, registry, salt)?;
    }
    retained.accounts = accounts.len() as u64;
    if let Some(lease) = lease {
        for place in lake.places()? {
            lake.versions(place).remove_others(lease)?;
        }
    }
    Ok(retained)
}

/// Lets the raw files of whole days go, once all of them are compacted.
fn expire_raw(lake: &Lake, lease: Option<&Lease>, from: Option<Day>, retained: &mut Retained) -> Result<(), Error> {
    let (mut known, mut days) = (known(lake)?, BTreeMap::<Day, bool>::new());
    let day_of = |path: &str| Day::parse(path.split('/').nth(1)?.strip_prefix(tootmill_lake::DAY_FOLDER)?);
    for file in lake.raw_files()? {
        let path = lake.relative(&file.path);
        if let Some(day) = day_of(path).filter(|day| from.is_some_and(|from| *day < from)) {
            *days.entry(day).or_insert(true) &= known.files.contains(path);
        }
    }
    for (day, is_compacted) in days {
        if !is_compacted {
            retained.kept.push(format!("raw files of {day}: they are not compacted yet"));
            continue;
        }
        retained.raw_days.push(day.to_string());
        if let Some(lease) = lease {
            lease.check()?;
            lake.storage().remove(&lake.raw(day))?;
            known.files.retain(|path| day_of(path) != Some(day));
        }
    }
    match lease.filter(|_| !retained.raw_days.is_empty()) {
        Some(lease) => Ok(lake.versions(Place::Compaction).stage(lease)?.commit(&known, lease).map(drop)?),
        None => Ok(()),
    }
}

/// Lets the observations go of posts that were deleted since: what counts has none of them. Others' posts that answer or quote
/// one do not tell which it was any more; but those of the days that go are not looked at.
fn deleted_posts(
    lake: &Lake,
    lease: Option<&Lease>,
    registry: &Registry,
    instance: &str,
    going: &[String],
) -> Result<Erased, Error> {
    let known = known(lake)?;
    let whom = Whom { posts: known.deleted, ..Whom::default() };
    if whom.is_empty() {
        return Ok(Erased::default());
    }
    let (erasing, finder) = (Erasing { lake, registry, instance }, whom.finder(instance)?);
    let mut raw_files = lake.raw_files()?;
    // A deletion that is not compacted yet is not known otherwise.
    raw_files.retain(|file| known.files.contains(lake.relative(&file.path)));
    let mut erased = Erased::default();
    let mut with_some = Vec::new();
    for file in raw_files {
        let of_file = erasing.raw_file(&file, &finder, None)?;
        if of_file.raw_files > 0 {
            with_some.push(file);
        }
        erased += of_file;
    }
    if erased.raw_lines == 0 {
        // Nothing was deleted since the last time: its note would be there.
        return Ok(Erased::default());
    }
    let mut gone = Erased::default();
    for (day, version) in lake.posts()? {
        if !going.contains(&day.to_string()) {
            gone += erasing.posts(day, &version, &finder, lease)?;
        }
    }
    // The notes go last: an interrupted one begins with them again.
    if lease.is_some() {
        for file in &with_some {
            erasing.raw_file(file, &finder, lease)?;
        }
    }
    Ok(Erased { raw_lines: erased.raw_lines, ..gone })
}

/// Takes the ids of deleted posts out of the states of days that are closed, and out of what is known of deletions of these: nothing
/// more comes for them.
fn forget_deletions(lake: &Lake, lease: Option<&Lease>, registry: &Registry, instance: &str) -> Result<(), Error> {
    let Some(lease) = lease else { return Ok(()) };
    let (mut known, mut is_closed) = (known(lake)?, BTreeMap::new());
    for post in &known.deleted_posts {
        if let Some((day, _)) = post.split_once(' ')
            && !is_closed.contains_key(day)
        {
            is_closed.insert(day.to_owned(), Day::parse(day).map_or(Ok(false), |day| lake.is_closed(day))?);
        }
    }
    let day_and_id =
        |post: &String| post.split_once(' ').map(|(day, id)| (is_closed.get(day) == Some(&true), id.to_owned()));
    let (closed, open): (Vec<_>, Vec<_>) =
        known.deleted_posts.iter().filter_map(day_and_id).partition(|(is_closed, _)| *is_closed);
    if closed.is_empty() {
        return Ok(());
    }
    let erasing = Erasing { lake, registry, instance };
    let whom = Whom { posts: closed.iter().map(|(_, id)| id.clone()).collect(), ..Whom::default() };
    for (day, version) in lake.states()? {
        if is_closed.get(&day.to_string()) == Some(&true) {
            erasing.states(day, &version, &whom, Some(lease))?;
        }
    }
    known.deleted_posts.retain(|post| day_and_id(post).is_none_or(|(is_closed, _)| !is_closed));
    let open: BTreeSet<String> = open.into_iter().map(|(_, id)| id).collect();
    for (_, id) in closed.iter().filter(|(_, id)| !open.contains(id)) {
        known.deleted.remove(id);
    }
    lake.versions(Place::Compaction).stage(lease)?.commit(&known, lease)?;
    Ok(())
}

/// Closes days, and lets their posts go, once they are counted.
fn expire_posts(
    lake: &Lake,
    lease: Option<&Lease>,
    from: Option<Day>,
    registry: &Registry,
    retained: &mut Retained,
) -> Result<(), Error> {
    for (day, _) in lake.posts()? {
        let is_closed = lake.is_closed(day)?;
        if !is_closed && from.is_none_or(|from| day >= from) {
            continue;
        }
        if !is_closed && !is_counted(lake, day, registry)? {
            retained.kept.push(format!("posts of {day}: they are not counted yet"));
            continue;
        }
        retained.posts_days.push(day.to_string());
        if let Some(lease) = lease {
            lake.close(day, lease)?;
        }
    }
    Ok(())
}

/// The ids of the accounts that go: that were not seen for long enough.
pub fn accounts_not_seen(lake: &Lake, retention: &Retention, registry: &Registry) -> Result<BTreeSet<String>, Error> {
    let Some(from) = retention.accounts else { return Ok(BTreeSet::new()) };
    let of_accounts = Accounts::of(registry);
    let mut last_seen: HashMap<String, Day> = HashMap::new();
    for (day, version) in lake.states()? {
        each_record(lake, &version, |record| {
            if let Some(account) = of_accounts.account(record) {
                let last = last_seen.entry(account).or_insert(day);
                *last = (*last).max(day);
            }
        })?;
    }
    Ok(last_seen.into_iter().filter(|(_, last)| *last < from).map(|(id, _)| id).collect())
}

/// Lets accounts go, of the days before one, whose posts have expired.
fn expire_accounts(
    lake: &Lake,
    lease: &Lease,
    from: Day,
    gone: &BTreeSet<String>,
    registry: &Registry,
    salt: &[u8],
) -> Result<(), Error> {
    if gone.is_empty() {
        return Ok(());
    }
    let of_accounts = Accounts::of(registry);
    for (day, version) in lake.states()?.iter().filter(|(day, _)| *day < from) {
        let fate = |record: &Record<'_>| match of_accounts.account(record).filter(|account| gone.contains(account)) {
            Some(_) if record.member.is_empty() => Fate::Goes,
            Some(account) => Fate::Becomes { member: placeholder(&account, salt), state: record.state.to_owned() },
            None => Fate::Stays,
        };
        let mut is_changed = false;
        each_record(lake, version, |record| is_changed |= fate(record) != Fate::Stays)?;
        if is_changed {
            rewrite(lake, lease, *day, version, registry, &fate)?;
        }
    }
    Ok(())
}

/// Those of accounts that no state has any more: one that was on its way out may have posted again.
pub fn not_counted(lake: &Lake, registry: &Registry, accounts: &BTreeSet<String>) -> Result<BTreeSet<String>, Error> {
    let (of_accounts, mut gone) = (Accounts::of(registry), accounts.clone());
    for (_, version) in lake.states()? {
        each_record(lake, &version, |record| {
            if let Some(account) = of_accounts.account(record) {
                gone.remove(&account);
            }
        })?;
    }
    Ok(gone)
}

/// How the members begin that stand for accounts that are gone.
const GONE: &str = "gone:";

fn placeholder(account: &str, salt: &[u8]) -> String {
    let digest = Sha256::new().chain_update(salt).chain_update(account).finalize();
    escape(&format!("{GONE}{}", hex::encode(digest))).into_owned()
}

/// The metrics that keep ids of accounts.
struct Accounts(BTreeSet<&'static str>);

impl Accounts {
    fn of(registry: &Registry) -> Self {
        let all = registry.metrics().iter().filter(|one| one.metric.about().keeps_ids());
        Self(all.map(tootmill_metric::Registered::name).collect())
    }

    /// The id of the account that a record is of: its member, or its key where it has none.
    fn account(&self, record: &Record<'_>) -> Option<String> {
        let field = if record.member.is_empty() { record.key } else { record.member };
        let id = unescape(field).filter(|_| self.0.contains(record.metric))?;
        (!id.starts_with(GONE)).then(|| id.into_owned())
    }
}
