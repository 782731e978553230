//! `tootmill reducer`: sorted records to merged ones or to rows, as Hadoop Streaming runs it.

use std::io::{BufReader, Write};

use clap::Parser;
use tootmill_engine::{Counters, Counts, Error, Family, Lines, Merged, RowsWriter, reduce, write_records};
use tootmill_lake::{Lake, open_storage};
use tootmill_metric::Registry;
use tootmill_stages::{reduce_by_day, reduce_observations};

use crate::{
    failure::Failure,
    output::{say, with_stdout},
};

/// Merge sorted records on standard input, and write merged records or rows to standard output.
///
/// Without `--rows` it is a combiner: its output is input for another reducer. Counters go to standard error, as Hadoop
/// Streaming reads them.
#[derive(Debug, Parser)]
#[command(
    after_help = "Example:\n  tootmill compact --stdout posts/ | tootmill mapper | LC_ALL=C sort | tootmill reducer --rows"
)]
pub(crate) struct Reducer {
    /// Write rows, `table TAB row key TAB data:column TAB value`, instead of records
    #[arg(long)]
    rows: bool,
    /// Merge a part of the records, before they travel: nothing is counted
    #[arg(long, conflicts_with = "rows")]
    combine: bool,
    /// Records have their day in front: merge each day's into a file of its own, in the task's folder of output
    #[arg(long, conflicts_with_all = ["rows", "combine", "posts_of"])]
    by_day: bool,
    /// Make posts of observations, as those of the lake at this address, in the task's folder of output
    #[arg(long, value_name = "LAKE", requires = "instance", conflicts_with_all = ["rows", "combine"])]
    posts_of: Option<String>,
    /// With --posts-of: the instance
    #[arg(long, value_name = "HOST")]
    instance: Option<String>,
}

impl Reducer {
    pub(crate) fn run(self) -> Result<(), Failure> {
        if let (Some(lake), Some(instance)) = (&self.posts_of, &self.instance) {
            return make_posts(&Lake::open(lake, instance)?);
        }
        let registry = Registry::linked()?;
        if self.by_day {
            let (folder, task) = (of_task("mapreduce_task_output_dir")?, of_task("mapreduce_task_partition")?);
            let number =
                task.parse::<u32>().map_err(|_| Failure::permanent(format!("`{task}` is no task's number")))?;
            let task = format!("{number:05}");
            let records = BufReader::with_capacity(1 << 18, std::io::stdin());
            let counts =
                with_stdout(|output| Ok::<_, Failure>(reduce_by_day(records, &registry, &folder, &task, output)?))
                    .map_err(Failure::or_output_needed)?;
            tell(counts, 0);
            return Ok(());
        }
        let records = Lines::new(BufReader::with_capacity(1 << 18, std::io::stdin()));
        let written = with_stdout(|output| {
            let mut merged = Merged::new([Box::new(records) as _], &registry)?;
            let mut rows = 0_u64;
            if self.rows {
                let mut writer = RowsWriter::new(output, Family::Data);
                reduce(&mut merged, &registry, |table, key, row| {
                    rows += 1;
                    writer.write(table, key, row)
                })?;
            } else {
                write_records(&mut merged, output)?;
                output.flush().map_err(Error::Write)?;
            }
            Ok((merged.counts(), rows))
        });
        let (counts, rows) = written.map_err(|error: Error| Failure::from(error).or_output_needed())?;
        // What a combiner merges is counted by the reducer.
        if !self.combine {
            tell(counts, rows);
        }
        Ok(())
    }
}

/// Tells what was counted, as Hadoop Streaming reads it.
fn tell(Counts { records, merged }: Counts, rows: u64) {
    for (counter, count) in [("records", records), ("merged_records", merged), ("rows", rows)] {
        say(format!("reporter:counter:tootmill,{counter},{count}"));
    }
}

/// A variable that Hadoop Streaming sets for a task.
fn of_task(variable: &str) -> Result<String, Failure> {
    std::env::var(variable)
        .map_err(|_| Failure::Usage(format!("{variable} is not set: this runs as a reducer of a job on the cluster")))
}

/// Makes posts of the observations on standard input.
fn make_posts(lake: &Lake) -> Result<(), Failure> {
    let folder = of_task("mapreduce_task_output_dir")?;
    let (_, folder) = open_storage(&folder)?;
    let records = BufReader::with_capacity(1 << 18, std::io::stdin());
    let counters: Counters =
        with_stdout(|output| Ok::<_, Failure>(reduce_observations(lake, records, &folder, output)?))
            .map_err(Failure::or_output_needed)?;
    counters.report(&mut std::io::stderr().lock())?;
    Ok(())
}
