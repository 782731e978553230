//! Accounts and posts out of a lake: finding them, taking them out of every place, and looking whether anything is left.

use std::{collections::BTreeSet, io::BufRead, ops::AddAssign};

use tootmill_engine::{Error as EngineError, Options, Record, Watch};
use tootmill_input::lines_of;
use tootmill_lake::{Compressed, Entry, IDS, Lake, Lease, Place, Version};
use tootmill_metric::{About, Day, Registered, Registry, field::unescape};
use tootmill_policy::{Finder, Left, Whom};

use crate::{
    compact::{DayWriter, RIPE, ids_in, known},
    count::count_day,
    error::Error,
    files::inputs,
    merge::merge,
    rows::make_rows,
    states::{Fate, each_record, rewrite},
};

/// What goes, or went, out of a lake.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Erased {
    /// Raw files.
    pub raw_files: u64,
    /// Lines of raw files: observations, and notes that a post was deleted.
    pub raw_lines: u64,
    /// Posts.
    pub posts: u64,
    /// Lines of others, raw ones and posts, in which they are named.
    pub redacted: u64,
    /// Records of the states of days whose posts have expired.
    pub records: u64,
    /// Days whose posts change, which are counted again.
    pub days: BTreeSet<String>,
    /// Days whose posts have expired, of which only the records of the accounts themselves go: what they share with others stays.
    pub closed_days: BTreeSet<String>,
}

impl AddAssign for Erased {
    fn add_assign(&mut self, more: Self) {
        self.raw_files += more.raw_files;
        self.raw_lines += more.raw_lines;
        self.posts += more.posts;
        self.redacted += more.redacted;
        self.records += more.records;
        self.days.extend(more.days);
        self.closed_days.extend(more.closed_days);
    }
}

/// A lake out of which accounts and posts go.
#[derive(Clone, Copy)]
pub struct Erasing<'e> {
    /// The lake.
    pub lake: &'e Lake,
    /// The metrics, some of which keep ids of accounts.
    pub registry: &'e Registry,
    /// The host of the instance.
    pub instance: &'e str,
}

impl std::fmt::Debug for Erasing<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Erasing").field("lake", self.lake).finish_non_exhaustive()
    }
}

impl Erasing<'_> {
    /// Adds all by which those who are meant are known in raw files and posts: ids, names, addresses, and the ids of their posts.
    pub fn find(&self, whom: &mut Whom, watch: &dyn Watch) -> Result<(), Error> {
        watch.pass("looking for their posts");
        let files = self.files_of_lines()?;
        whom.learn(self.instance, |each| {
            for line in self.lines(&files) {
                each(&line?);
            }
            Ok(())
        })
    }

    /// To look for them once `find` has added all that is known of them.
    pub fn finder<'w>(&self, whom: &'w Whom) -> Result<Finder<'w>, Error> {
        Ok(whom.finder(self.instance)?)
    }

    /// Counts what goes.
    pub fn count(&self, finder: &Finder<'_>) -> Result<Erased, Error> {
        self.go(finder, None)
    }

    /// Takes them out of raw files, posts, the record of the compaction, and the states of days whose posts have expired. What is
    /// made from these is to be made again then.
    pub fn erase(&self, finder: &Finder<'_>, lease: &Lease) -> Result<Erased, Error> {
        self.go(finder, Some(lease))
    }

    fn go(&self, finder: &Finder<'_>, lease: Option<&Lease>) -> Result<Erased, Error> {
        let whom = finder.whom();
        let mut erased = Erased::default();
        for file in self.lake.raw_files()? {
            erased += self.raw_file(&file, finder, lease)?;
        }
        for (day, version) in self.lake.posts()? {
            erased += self.posts(day, &version, finder, lease)?;
        }
        if let Some(lease) = lease {
            self.compaction(whom, lease)?;
        }
        for (day, version) in self.lake.states()? {
            if self.lake.is_closed(day)? {
                erased += self.states(day, &version, whom, lease)?;
            }
        }
        Ok(erased)
    }

    /// Counts the days again whose posts changed, and brings the totals up to date, as far as there were any before. Then removes
    /// what does not count any more.
    pub fn recount(&self, lease: &Lease, options: &Options, watch: &dyn Watch) -> Result<(), Error> {
        let (lake, registry) = (self.lake, self.registry);
        for (day, version) in lake.states()? {
            let has_posts = !lake.is_closed(day)? && lake.versions(Place::Posts(day)).current()?.is_some();
            // Where it was interrupted, states may be there without their rows.
            if has_posts {
                count_day(lake, lease, day, false, registry, options, watch)?;
            } else {
                make_rows(lake, lease, Place::Rows(day), &version, registry)?;
            }
        }
        if lake.versions(Place::Totals).current()?.is_some() {
            watch.pass("merging");
            merge(lake, lease, registry)?;
        }
        for place in lake.places()? {
            lake.versions(place).remove_others(lease)?;
        }
        for entry in lake.storage().list(lake.aside("").trim_end_matches('/'))? {
            // A collector at work looks whom the lake has forgotten before it commits; what a killed one left goes.
            let collecting = entry.name().strip_prefix("collect-").map(|work| lake.collecting(work, "tootmill forget"));
            match collecting.transpose() {
                Err(tootmill_lake::Error::Held { .. }) => {}
                Err(error) => return Err(error.into()),
                Ok(_held) => lake.storage().remove(&entry.path)?,
            }
        }
        Ok(())
    }

    /// The files in which something of them is left.
    pub fn traces(&self, finder: &Finder<'_>, watch: &dyn Watch) -> Result<Vec<String>, Error> {
        watch.pass("looking whether anything is left");
        let kept = [self.lake.erasing()];
        let mut traces = Vec::new();
        let mut folders = vec![self.lake.root().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in self.lake.storage().list(&folder)? {
                if entry.is_folder {
                    // Half a file of a collector at work cannot be read, and a program of ours has nobody's data.
                    let is_passed_over = ["_aside/collect-", "_programs"]
                        .iter()
                        .any(|name| self.lake.relative(&entry.path).starts_with(name));
                    if !is_passed_over {
                        folders.push(entry.path);
                    }
                } else if !kept.contains(&entry.path) && self.has_traces(&entry, finder)? {
                    traces.push(self.lake.storage().address(&entry.path));
                }
            }
        }
        traces.sort();
        Ok(traces)
    }

    fn has_traces(&self, file: &Entry, finder: &Finder<'_>) -> Result<bool, Error> {
        let whom = finder.whom();
        let place = self.lake.relative(&file.path).split('/').next().unwrap_or_default();
        let is_lines = file.is_compressed();
        let mut found = finder.redacted(self.lake.relative(&file.path)).is_some();
        for line in self.lines(std::slice::from_ref(file)) {
            let line = &*line?;
            let in_list = |id: &str| unescape(id).is_some_and(|id| whom.posts.contains(&*id));
            found |= match place {
                "posts" if file.name().starts_with(IDS) => in_list(line.split('\t').next().unwrap_or_default()),
                "raw" | "posts" if is_lines => finder.left(line) != Left::Same,
                "states" | "totals" if is_lines => {
                    Record::parse(line).is_some_and(|record| self.fate(&record, whom) != Fate::Stays)
                }
                "rows" if is_lines => self.is_row_of_theirs(line, whom),
                "compaction" => finder.is_told_by_posts(line),
                _ if file.path == self.lake.retaining() => finder.is_told_by_accounts(line),
                _ => finder.is_told_by(line),
            };
        }
        Ok(found)
    }

    /// The raw files and the files of posts.
    fn files_of_lines(&self) -> Result<Vec<Entry>, Error> {
        let mut files = self.lake.raw_files()?;
        for (_, version) in self.lake.posts()? {
            files.extend(version.files()?);
        }
        Ok(files)
    }

    /// The lines of files. In one that is no UTF-8 something stands for what cannot be read.
    fn lines(&self, files: &[Entry]) -> impl Iterator<Item = Result<String, Error>> + use<> {
        lines_of(inputs(self.lake, files)).split(b'\n').map(|line| {
            let line = String::from_utf8(line.map_err(EngineError::ReadRecords)?);
            Ok(line.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
        })
    }

    /// Whether anything of them is in lines of files.
    fn is_in(&self, files: &[Entry], finder: &Finder<'_>) -> Result<bool, Error> {
        for line in self.lines(files) {
            if finder.left(&line?) != Left::Same {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Counts what goes out of a raw file, and writes it anew without that, under its name: what was compacted stays so.
    pub(crate) fn raw_file(&self, file: &Entry, finder: &Finder<'_>, lease: Option<&Lease>) -> Result<Erased, Error> {
        let (storage, files) = (self.lake.storage(), std::slice::from_ref(file));
        if !self.is_in(files, finder)? {
            return Ok(Erased::default());
        }
        let aside = self.lake.aside("forget/raw");
        let mut output = None;
        if lease.is_some() {
            if file.path.strip_suffix(".zst").is_none() {
                let reason = "it is not compressed as all raw files are, so that nothing can be taken out of it".into();
                return Err(tootmill_lake::Error::Content { path: storage.address(&file.path), reason }.into());
            }
            storage.remove(&self.lake.aside("forget"))?;
            output = Some(Compressed::create(&**storage, &aside)?);
        }
        let mut erased = Erased { raw_files: 1, ..Erased::default() };
        for line in self.lines(files) {
            let Some(line) = taken_out(line?, finder, &mut erased.raw_lines, &mut erased.redacted) else { continue };
            if let Some(output) = &mut output {
                output.write_line(line.as_bytes())?;
            }
        }
        if let (Some(output), Some(lease)) = (output, lease) {
            output.finish()?;
            lease.check()?;
            storage.rename(&format!("{aside}.zst"), &file.path)?;
        }
        Ok(erased)
    }

    /// Counts what goes out of a day's posts, and makes a version without that.
    pub(crate) fn posts(
        &self,
        day: Day,
        version: &Version,
        finder: &Finder<'_>,
        lease: Option<&Lease>,
    ) -> Result<Erased, Error> {
        let files = version.files()?;
        if !self.is_in(&files, finder)? {
            return Ok(Erased::default());
        }
        let staged = lease.map(|lease| self.lake.versions(Place::Posts(day)).stage(lease)).transpose()?;
        let mut writer = staged.as_ref().map(|staged| DayWriter::new(self.lake, staged.folder())).transpose()?;
        let mut ids = ids_in(self.lake, &version.folder)?;
        let mut erased = Erased { days: [day.to_string()].into(), ..Erased::default() };
        for line in self.lines(&files) {
            let known = ids.next().transpose().map_err(EngineError::ReadRecords)?.unwrap_or_default();
            let Some(line) = taken_out(line?, finder, &mut erased.posts, &mut erased.redacted) else { continue };
            if let Some(writer) = &mut writer {
                let id = unescape(known.split('\t').next().unwrap_or_default()).unwrap_or_default();
                writer.write(&id, known.ends_with(RIPE), &line)?;
            }
        }
        if let (Some(staged), Some(writer), Some(lease)) = (staged, writer, lease) {
            let manifest = writer.finish()?;
            staged.commit(&manifest, lease)?;
        }
        Ok(erased)
    }

    /// Takes the ids of their posts out of what is known of deletions.
    fn compaction(&self, whom: &Whom, lease: &Lease) -> Result<(), Error> {
        let before = known(self.lake)?;
        let mut after = before.clone();
        after.deleted.retain(|id| !whom.posts.contains(id));
        after.deleted_posts.retain(|post| post.split_once(' ').is_none_or(|(_, id)| !whom.posts.contains(id)));
        if after != before {
            self.lake.versions(Place::Compaction).stage(lease)?.commit(&after, lease)?;
        }
        Ok(())
    }

    /// Counts the records that go out of a day's states, or lose the id of a post, and makes a version without them, with its rows.
    pub(crate) fn states(
        &self,
        day: Day,
        version: &Version,
        whom: &Whom,
        lease: Option<&Lease>,
    ) -> Result<Erased, Error> {
        let fate = |record: &Record<'_>| self.fate(record, whom);
        let mut erased = Erased::default();
        each_record(self.lake, version, |record| erased.records += u64::from(fate(record) != Fate::Stays))?;
        if erased.records > 0 {
            erased.closed_days.insert(day.to_string());
            if let Some(lease) = lease {
                rewrite(self.lake, lease, day, version, self.registry, &fate)?;
            }
        }
        Ok(erased)
    }

    /// A record of one of the accounts goes; what it keeps of others' posts stays, without the ids of those that are forgotten.
    fn fate(&self, record: &Record<'_>, whom: &Whom) -> Fate {
        if self.is_theirs(record, whom) {
            return Fate::Goes;
        }
        let metric = self.registry.metrics().iter().find(|one| one.name() == record.metric && !whom.posts.is_empty());
        let state = metric.and_then(|one| one.metric.without_posts(record.state, &|id| whom.posts.contains(id)));
        state.map_or(Fate::Stays, |state| Fate::Becomes { member: record.member.to_owned(), state })
    }

    /// Whether a record is of one of the accounts, which are its key or member.
    fn is_theirs(&self, record: &Record<'_>, whom: &Whom) -> bool {
        let is_one = |field: &&str| {
            let about = || self.about(|one| one.name() == record.metric);
            unescape(field).is_some_and(|field| whom.is_kept_as(&field, about))
        };
        [record.key, record.member].iter().any(is_one)
    }

    fn is_row_of_theirs(&self, row: &str, whom: &Whom) -> bool {
        let mut fields = row.split('\t');
        let (table, key) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let about = || self.about(|one| one.table.name == table);
        unescape(key).is_some_and(|key| whom.is_kept_as(&key, about))
    }

    /// What a metric says of itself, if it is linked.
    fn about(&self, is_it: impl Fn(&&Registered) -> bool) -> Option<About> {
        Some(self.registry.metrics().iter().find(is_it)?.metric.about())
    }
}

/// What is left of a line without them, if anything is; counts what goes whole and what is redacted.
fn taken_out(line: String, finder: &Finder<'_>, gone: &mut u64, redacted: &mut u64) -> Option<String> {
    match finder.left(&line) {
        Left::Same => Some(line),
        Left::Redacted(left) => {
            *redacted += 1;
            Some(left)
        }
        Left::Nothing => {
            *gone += 1;
            None
        }
    }
}
