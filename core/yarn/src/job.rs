//! A job, and how it is told to Hadoop Streaming.

use std::path::Path;

use crate::error::Error;

/// What the ResourceManager takes as a tag.
const LONGEST_TAG: usize = 100;

/// What Hadoop cannot read in a file's path, as it is or with an escape: it resolves escapes, and reads the path once more.
const UNREADABLE: [char; 11] = [',', '%', '?', '"', '<', '>', '\\', '^', '`', '{', '}'];

/// How a job's inputs become its map tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A task for each block; the mapper gets the block's lines.
    Text,
    /// A task for so many lines; the mapper gets these.
    Lines(u32),
}

/// A Hadoop Streaming job over records: `metric TAB key TAB member TAB state`.
///
/// Records are partitioned by metric and key, and sorted by the bytes of metric, key and member. A line that the mapper, the
/// combiner or the reducer writes is therefore one with three TABs; Hadoop ends one with fewer with a TAB of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    name: String,
    purpose: String,
    group: Option<String>,
    input: Input,
    inputs: Vec<String>,
    output: String,
    mapper: String,
    combiner: Option<String>,
    reducer: Option<String>,
    reducers: u32,
    files: Vec<String>,
    archives: Vec<String>,
    environment: Vec<(String, String)>,
    settings: Vec<(String, String)>,
}

impl Job {
    /// A job that maps.
    ///
    /// The name is for people. The purpose is what later tries of the same work have in common, and nothing else that runs on
    /// the cluster: they kill what they find there with it. Commands are split at spaces where there are no quotes; there is
    /// no shell.
    pub fn new(name: &str, purpose: &str, mapper: &str, output: &str) -> Self {
        Self {
            name: name.to_owned(),
            purpose: purpose.to_ascii_lowercase(),
            group: None,
            input: Input::Text,
            inputs: Vec::new(),
            output: output.to_owned(),
            mapper: mapper.to_owned(),
            combiner: None,
            reducer: None,
            reducers: 0,
            files: Vec::new(),
            archives: Vec::new(),
            environment: Vec::new(),
            settings: Vec::new(),
        }
    }

    /// Adds a tag by which it is found among others, whatever their purposes: see `Cluster::running`.
    pub fn among(mut self, group: &str) -> Self {
        self.group = Some(group.to_ascii_lowercase());
        self
    }

    /// Adds a file, a folder or a pattern of input.
    pub fn read(mut self, input: &str) -> Self {
        self.inputs.push(input.to_owned());
        self
    }

    /// Sets how inputs become map tasks, which is by blocks otherwise.
    pub fn cut(mut self, input: Input) -> Self {
        self.input = input;
        self
    }

    /// Sets what combines a map task's records before they travel.
    pub fn combine(mut self, combiner: &str) -> Self {
        self.combiner = Some(combiner.to_owned());
        self
    }

    /// Sets what reduces, and in how many tasks.
    pub fn reduce(mut self, reducer: &str, tasks: u32) -> Self {
        self.reducer = Some(reducer.to_owned());
        self.reducers = tasks;
        self
    }

    /// Ships a file of this machine, which the tasks see in their folder under a name.
    pub fn ship(mut self, file: &Path, name: &str) -> Self {
        self.files.push(shipped(file, name));
        self
    }

    /// Ships a file that the cluster has already, by its address; nodes keep it from job to job.
    pub fn ship_from(mut self, address: &str, name: &str) -> Self {
        self.files.push(format!("{address}#{name}"));
        self
    }

    /// Ships an archive of this machine, which the tasks see unpacked, in a folder of that name.
    pub fn ship_archive(mut self, archive: &Path, name: &str) -> Self {
        self.archives.push(shipped(archive, name));
        self
    }

    /// Sets a variable in the environment of mapper, combiner and reducer.
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets a property of Hadoop's. The last of several for the same property counts, and a job's own are the first.
    pub fn set(mut self, property: &str, value: &str) -> Self {
        self.settings.push((property.to_owned(), value.to_owned()));
        self
    }

    /// Makes a small job quick: its tasks run one after another in the process that leads it, if they are few and small enough
    /// by Hadoop's limits (9 map tasks, 1 reduce task, one block of input). Otherwise the job runs as any.
    pub fn small(self) -> Self {
        self.set("mapreduce.job.ubertask.enable", "true")
    }

    /// The name, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tag that says what the job is for.
    pub(crate) fn purpose(&self) -> &str {
        &self.purpose
    }

    /// All tags of a try.
    fn tags(&self, tag: &str) -> String {
        let tags = [Some(&*self.purpose), self.group.as_deref(), Some(tag)];
        tags.into_iter().flatten().collect::<Vec<_>>().join(",")
    }

    /// The arguments after the launcher, for a try with a tag of its own.
    pub(crate) fn arguments(&self, tag: &str) -> Result<Vec<String>, Error> {
        self.check()?;
        let mut settings = vec![
            ("mapreduce.job.name", self.name.clone()),
            ("mapreduce.job.tags", self.tags(tag)),
            ("mapreduce.job.reduces", self.reducers.to_string()),
            ("stream.num.map.output.key.fields", "3".to_owned()),
            // With a combiner, its output is cut by this one: without it, order and grouping are wrong and nothing says so.
            ("stream.num.reduce.output.key.fields", "3".to_owned()),
            ("mapreduce.partition.keypartitioner.options", "-k1,2".to_owned()),
        ];
        if let Input::Lines(lines) = self.input {
            settings.push(("mapreduce.input.lineinputformat.linespermap", lines.to_string()));
            // Otherwise each line has its offset in front.
            settings.push(("stream.map.input.ignoreKey", "true".to_owned()));
        }
        settings.extend(self.settings.iter().map(|(property, value)| (&**property, value.clone())));
        let mut arguments = Vec::new();
        let mut add = |option: &str, value: String| arguments.extend([option.to_owned(), value]);
        for (property, value) in settings {
            add("-D", format!("{property}={value}"));
        }
        for (option, shipped) in [("-files", &self.files), ("-archives", &self.archives)] {
            if !shipped.is_empty() {
                add(option, shipped.join(","));
            }
        }
        if let Input::Lines(_) = self.input {
            add("-inputformat", "org.apache.hadoop.mapred.lib.NLineInputFormat".to_owned());
        }
        for input in &self.inputs {
            add("-input", input.clone());
        }
        add("-output", self.output.clone());
        add("-mapper", self.mapper.clone());
        if let Some(combiner) = &self.combiner {
            add("-combiner", combiner.clone());
        }
        if let Some(reducer) = &self.reducer {
            add("-reducer", reducer.clone());
            add("-partitioner", "org.apache.hadoop.mapred.lib.KeyFieldBasedPartitioner".to_owned());
        }
        for (name, value) in &self.environment {
            add("-cmdenv", format!("{name}={value}"));
        }
        // The launcher isn't needed once the job is submitted.
        arguments.push("-background".to_owned());
        Ok(arguments)
    }

    /// What Hadoop would misread in silence, or refuse in words that name no cause.
    fn check(&self) -> Result<(), Error> {
        let wrong = |reason: String| Err(Error::Job { job: self.name.clone(), reason });
        let is_tag = |tag: &&String| !tag.is_empty() && tag.len() <= LONGEST_TAG && tag.bytes().all(is_of_tag);
        if let Some(tag) = [&self.purpose].into_iter().chain(&self.group).find(|tag| !is_tag(tag)) {
            return wrong(format!(
                "its purpose or group `{tag}` must be 1 to {LONGEST_TAG} printable ASCII characters without commas and spaces"
            ));
        }
        if self.inputs.is_empty() {
            return wrong("it has no input".to_owned());
        }
        let unreadable = |file: &&String| file.contains(|c: char| c.is_whitespace() || UNREADABLE.contains(&c));
        if let Some(file) = self.files.iter().chain(&self.archives).find(unreadable) {
            return wrong(format!("Hadoop takes no file with a space or one of {UNREADABLE:?} in its path: `{file}`"));
        }
        let unusable = self.environment.iter().find(|(name, value)| {
            name.is_empty() || name.contains('=') || format!("{name}{value}").contains(char::is_whitespace)
        });
        if let Some((name, value)) = unusable {
            return wrong(format!("Hadoop cuts environment variables at white space: `{name}={value}`"));
        }
        Ok(())
    }
}

fn is_of_tag(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b','
}

/// A file as Hadoop reads it.
fn shipped(file: &Path, name: &str) -> String {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    format!("file://{}#{name}", file.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> Job {
        Job::new("the job", "Lake-Map", "mapper -x 'a b'", "/out").read("/in")
    }

    fn refusal(job: &Job) -> String {
        job.arguments("try-1").unwrap_err().to_string()
    }

    #[test]
    fn a_job_is_told_in_hadoops_words() {
        let job = job()
            .cut(Input::Lines(2))
            .combine("combiner")
            .reduce("reducer", 3)
            .ship(Path::new("/a/x"), "y")
            .ship(Path::new("/z"), "z")
            .ship_archive(Path::new("/t.zip"), "t")
            .environment("NAME", "value=1")
            .among("Lake")
            .set("some.property", "a b");
        let expected = "\
            -D mapreduce.job.name=the job|-D mapreduce.job.tags=lake-map,lake,try-1|-D mapreduce.job.reduces=3|\
            -D stream.num.map.output.key.fields=3|-D stream.num.reduce.output.key.fields=3|\
            -D mapreduce.partition.keypartitioner.options=-k1,2|-D mapreduce.input.lineinputformat.linespermap=2|\
            -D stream.map.input.ignoreKey=true|-D some.property=a b|-files file:///a/x#y,file:///z#z|\
            -archives file:///t.zip#t|-inputformat org.apache.hadoop.mapred.lib.NLineInputFormat|-input /in|-output /out|\
            -mapper mapper -x 'a b'|-combiner combiner|-reducer reducer|\
            -partitioner org.apache.hadoop.mapred.lib.KeyFieldBasedPartitioner|-cmdenv NAME=value=1";
        let mut arguments = job.arguments("try-1").unwrap();
        assert_eq!(arguments.pop().as_deref(), Some("-background"));
        let pairs: Vec<String> = arguments.chunks(2).map(|pair| pair.join(" ")).collect();
        assert_eq!(pairs.join("|"), expected);
    }

    #[test]
    fn what_hadoop_would_misread_is_refused() {
        assert!(refusal(&Job::new("n", "p", "cat", "/out")).contains("no input"));
        assert!(refusal(&job().among("a b")).contains("group `a b`"));
        for purpose in ["", "a,b", "a b", "é", &"x".repeat(101)] {
            assert!(refusal(&Job::new("n", purpose, "cat", "/out").read("/in")).contains("its purpose"), "{purpose}");
        }
        assert!(refusal(&job().environment("A", "b c")).contains("`A=b c`"));
        for path in ["/a,b", "/a b", "/a%20b"] {
            assert!(refusal(&job().ship(Path::new(path), "x")).contains(path), "{path}");
        }
    }
}
