//! Forgetting a thousand accounts, beside a rewrite of the days they posted in: reading and writing the files of these days once.
//! Both in processor time of one run, step by step.

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
use tootmill_lake::{Compressed, Lake, find_inputs};
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
    writeln!(output, "posts,megabytes,accounts,rewrite,find,erase,look,count_again,without_counting,all")?;
    for posts in [20_000, 40_000] {
        for _ in 0..3 {
            writeln!(output, "{}", measure(posts)?)?;
        }
    }
    Ok(())
}

/// Makes a lake, rewrites its files, and forgets; gives the times in seconds, and their sums as multiples of the rewrite.
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
    compact(&lake, &lease, &options, &Silent)?;
    for (day, _) in lake.posts()? {
        count_day(&lake, &lease, day, false, &registry, &options, &Silent)?;
    }
    merge(&lake, &lease, &registry)?;

    let mut clock = Clock(cpu_seconds()?);
    rewrite(&lake)?;
    let rewritten = clock.lap()?;
    let erasing = Erasing { lake: &lake, registry: &registry, instance: INSTANCE };
    erasing.find(&mut whom, &Silent)?;
    let found = clock.lap()?;
    let erased = erasing.erase(&whom, &lease)?;
    let erased_in = clock.lap()?;
    erasing.recount(&lease, &options, &Silent)?;
    let counted = clock.lap()?;
    let traces = erasing.traces(&whom, &Silent)?;
    let looked = clock.lap()?;
    if erased.days.len() < 7 || !traces.is_empty() {
        return Err(format!("{erased:?}, left in {traces:?}").into());
    }
    let without_counting = found + erased_in + looked;
    Ok(format!(
        "{posts},{:.0},{},{rewritten:.2},{found:.2},{erased_in:.2},{looked:.2},{counted:.2},{:.2},{:.2}",
        f64::from(u32::try_from(counts.bytes)?) / 1e6,
        whom.accounts.len(),
        without_counting / rewritten,
        (without_counting + counted) / rewritten
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

/// Reads and writes each raw file and each file of posts once, line by line.
fn rewrite(lake: &Lake) -> Outcome {
    let mut files: Vec<String> = lake.raw_files()?.into_iter().map(|file| file.path).collect();
    for (_, version) in lake.posts()? {
        files.extend(version.files()?.into_iter().map(|file| file.path));
    }
    let (aside, mut line) = (lake.aside("rewrite"), Vec::new());
    for file in files {
        let mut lines = lines_of(find_inputs([file.as_str()])?);
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
