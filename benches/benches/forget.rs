//! Forgetting a thousand accounts, beside a copy of the days they posted in, reading and writing their files once, and beside a rewrite
//! of these days: their raw files written once, and all that is made from them made again. In processor time of one run.

use std::{
    collections::BTreeSet,
    error::Error,
    fs,
    io::{self, BufRead, Write},
    num::NonZeroUsize,
};

use tootmill_benches::cpu_seconds;
use tootmill_engine::{Options, Silent};
use tootmill_input::lines_of;
use tootmill_lake::{Compressed, Entry, Lake, find_inputs};
use tootmill_metric::{Instant, Line, Registry};
use tootmill_plugins as _;
use tootmill_policy::{Named, Policy, Whom};
use tootmill_stages::{Erasing, begin, compact, count_day, import, merge};
use tootmill_synth::Timeline;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const ACCOUNTS: usize = 1_000;
const INSTANCE: &str = "mill.example";

fn main() -> Outcome {
    let mut output = io::stderr();
    writeln!(output, "posts,megabytes,accounts,copy,rewrite,find,erase,count_again,look,all,in_copies,in_rewrites")?;
    for posts in [20_000, 40_000] {
        for _ in 0..3 {
            writeln!(output, "{}", measure(posts)?)?;
        }
    }
    Ok(())
}

/// Makes a lake, copies its files, makes it again, and forgets; gives the times in seconds, and their sum as multiples.
fn measure(posts: u64) -> Outcome<String> {
    let (folder, registry) = (tempfile::tempdir()?, Registry::linked()?);
    let options = Options { threads: NonZeroUsize::MIN, ..Options::default() };
    let file = folder.path().join("posts.jsonl");
    let counts = Timeline { posts, oddities: false, ..Timeline::default() }.write_to(&mut fs::File::create(&file)?)?;
    let file = file.to_str().ok_or("an odd folder")?;
    let mut whom = accounts(file)?;
    let lake = Lake::open(folder.path().join("lake").to_str().ok_or("an odd folder")?, INSTANCE)?;
    let lease = begin(&lake, "a benchmark")?;
    import(&lake, &lease, &find_inputs([file])?, Instant::from_micros(0), &Policy::as_sent(), &Silent)?;
    let mut clock = Clock(cpu_seconds()?);
    compact(&lake, &lease, &options, &Silent)?;
    for (day, _) in lake.posts()? {
        count_day(&lake, &lease, day, false, &registry, &options, &Silent)?;
    }
    merge(&lake, &lease, &registry)?;
    let made = clock.lap()?;
    copy(&lake, lake.raw_files()?)?;
    let raw_copied = clock.lap()?;
    for (_, version) in lake.posts()? {
        copy(&lake, version.files()?)?;
    }
    let (copied, rewritten) = (raw_copied + clock.lap()?, raw_copied + made);
    let erasing = Erasing { lake: &lake, registry: &registry, instance: INSTANCE };
    erasing.find(&mut whom, &Silent)?;
    let found = clock.lap()?;
    let finder = whom.finder(INSTANCE)?;
    let erased = erasing.erase(&finder, &lease)?;
    let erased_in = clock.lap()?;
    erasing.recount(&lease, &options, &Silent)?;
    let counted = clock.lap()?;
    let traces = erasing.traces(&finder, &Silent)?;
    let looked = clock.lap()?;
    if erased.days.len() < 7 || !traces.is_empty() {
        return Err(format!("{erased:?}, left in {traces:?}").into());
    }
    let all = found + erased_in + counted + looked;
    Ok(format!(
        "{posts},{:.0},{},{copied:.2},{rewritten:.2},{found:.2},{erased_in:.2},{counted:.2},{looked:.2},{all:.2},{:.2},{:.2}",
        f64::from(u32::try_from(counts.bytes)?) / 1e6,
        whom.accounts.len(),
        all / copied,
        all / rewritten
    ))
}

/// Accounts that posted, whoever comes first.
fn accounts(file: &str) -> Outcome<Whom> {
    let mut ids = BTreeSet::new();
    for line in lines_of(find_inputs([file])?).lines() {
        if let Line::Post(post) = Line::parse(&line?).map_err(|error| format!("{error:?}"))? {
            ids.extend(post.account.map(|account| account.id().to_owned()));
        }
        if ids.len() == ACCOUNTS {
            break;
        }
    }
    let mut whom = Whom::default();
    ids.into_iter().for_each(|id| whom.add_account(Named::Id(id)));
    Ok(whom)
}

/// Reads and writes each file once, line by line.
fn copy(lake: &Lake, files: Vec<Entry>) -> Outcome {
    let (aside, mut line) = (lake.aside("copy"), Vec::new());
    for file in files {
        let mut lines = lines_of(find_inputs([file.path.as_str()])?);
        let mut output = Compressed::create(&**lake.storage(), &aside)?;
        while lines.read_until(b'\n', &mut line)? > 0 {
            output.write_line(line.strip_suffix(b"\n").unwrap_or(&line))?;
            line.clear();
        }
        output.finish()?;
        lake.storage().remove(&format!("{aside}.zst"))?;
    }
    Ok(())
}

/// Processor time, step by step.
struct Clock(f64);

impl Clock {
    /// The seconds since the last step.
    fn lap(&mut self) -> Outcome<f64> {
        let now = cpu_seconds()?;
        Ok(now - std::mem::replace(&mut self.0, now))
    }
}
