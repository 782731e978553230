//! What a user names as input: files, folders, globs, standard input.

use std::{
    fmt,
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tootmill_metric::Status;

/// Why posts cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An input cannot be opened or read.
    #[error("cannot read `{name}`: {source}")]
    Read {
        /// The input.
        name: String,
        /// The cause.
        source: io::Error,
    },
    /// A compressed input is damaged or not complete.
    #[error(
        "cannot decompress `{name}`: {source}; it is damaged, or was not written to its end: get it again, or leave it out"
    )]
    Decompress {
        /// The input.
        name: String,
        /// The cause.
        source: io::Error,
    },
    /// A folder or a glob has no files.
    #[error("there are no posts in `{0}`: no file is there, but for those whose names begin with `.` or `_`")]
    NoPosts(String),
    /// A pattern is no glob.
    #[error("`{pattern}` is no pattern of file names: {source}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// The cause.
        source: glob::PatternError,
    },
    /// An address that this program cannot read from.
    #[error(
        "cannot read `{0}`: posts are read from files, folders, patterns such as `posts/*.jsonl.gz`, and `-` for standard input"
    )]
    Address(String),
}

impl Error {
    /// Whether trying again may help.
    pub fn status(&self) -> Status {
        match self {
            Self::Read { source, .. }
                if matches!(
                    source.kind(),
                    io::ErrorKind::Interrupted | io::ErrorKind::TimedOut | io::ErrorKind::StaleNetworkFileHandle
                ) =>
            {
                Status::Temporary
            }
            _ => Status::Permanent,
        }
    }
}

/// A place of posts that is no file of this machine.
pub trait Source: fmt::Debug + Send + Sync {
    /// Its bytes from the first one on; called again, they are the same.
    fn open(&self) -> io::Result<Box<dyn Read + Send>>;
}

/// One input: a file, or standard input.
#[derive(Debug)]
pub struct Input {
    name: String,
    place: Place,
    bytes: u64,
}

#[derive(Debug)]
enum Place {
    File(PathBuf),
    /// Standard input, kept so that it can be read twice.
    Spooled(File),
    Elsewhere(Box<dyn Source>),
}

impl Input {
    /// An input of so many bytes, compressed as they are.
    pub fn elsewhere(name: String, bytes: u64, source: impl Source + 'static) -> Self {
        Self { name, place: Place::Elsewhere(Box::new(source)), bytes }
    }

    /// What to call it in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Read { name: self.name.clone(), source }
    }

    /// Opens it and undoes its compression, which its first bytes tell. The bytes that are read from it are counted in `read`.
    pub fn open(&self, read: Arc<AtomicU64>) -> Result<Box<dyn Read + Send>, Error> {
        // No more than there was at first: a file may grow while it is read, and is read twice.
        let stream: io::Result<Box<dyn Read + Send>> = match &self.place {
            Place::File(path) => File::open(path).map(|file| Box::new(file.take(self.bytes)) as _),
            Place::Spooled(file) => file.try_clone().and_then(|mut file| {
                io::Seek::rewind(&mut file)?;
                Ok(Box::new(file.take(self.bytes)) as _)
            }),
            Place::Elsewhere(source) => source.open(),
        };
        let mut stream = stream.map_err(|source| self.failed(source))?;
        let mut magic = Vec::with_capacity(4);
        stream.by_ref().take(4).read_to_end(&mut magic).map_err(|source| self.failed(source))?;
        let counted = Counted { stream: io::Cursor::new(magic.clone()).chain(stream), read };
        Ok(match *magic {
            [0x1f, 0x8b, ..] => {
                Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(1 << 17, counted)))
            }
            [0x28, 0xb5, 0x2f, 0xfd] => Box::new(zstd::Decoder::new(counted).map_err(|source| self.failed(source))?),
            _ => Box::new(counted),
        })
    }

    /// The error of reading on.
    pub(crate) fn broken(&self, source: io::Error) -> Error {
        let name = self.name.clone();
        match source.kind() {
            // What the decoders say of damaged data; the system never says the first two, and files are not cut short.
            io::ErrorKind::InvalidInput
            | io::ErrorKind::InvalidData
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::Other => Error::Decompress { name, source },
            _ => Error::Read { name, source },
        }
    }
}

struct Counted<R> {
    stream: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.stream.read(buffer)?;
        self.read.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

/// All inputs of a run, in the order in which they were named; the files of a folder in the order of their paths.
#[derive(Debug, Default)]
pub struct Inputs(Vec<Input>);

impl FromIterator<Input> for Inputs {
    fn from_iter<I: IntoIterator<Item = Input>>(inputs: I) -> Self {
        Self(inputs.into_iter().collect())
    }
}

impl IntoIterator for Inputs {
    type Item = Input;
    type IntoIter = std::vec::IntoIter<Input>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Inputs {
    /// Finds what is named: files, folders and globs (with all files below them but those whose names begin with `.` or `_`), and `-` for standard input, which is
    /// read to its end at once.
    pub fn find<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let mut inputs = Vec::new();
        for name in names {
            let path = Path::new(name);
            if name == "-" {
                inputs.push(spool("standard input", io::stdin().lock())?);
            } else if path.is_dir() {
                let before = inputs.len();
                add_folder(path, &mut inputs)?;
                if inputs.len() == before {
                    return Err(Error::NoPosts(name.into()));
                }
            } else if !path.exists() && name.contains("://") {
                return Err(Error::Address(name.into()));
            } else if !path.exists() && name.contains(['*', '?', '[']) {
                let before = inputs.len();
                let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
                let matches =
                    glob::glob_with(name, options).map_err(|source| Error::Pattern { pattern: name.into(), source })?;
                for path in matches {
                    let path = path.map_err(|error| Error::Read { name: name.into(), source: error.into() })?;
                    if is_no_input(&path) && !is_no_input(Path::new(name)) {
                        continue;
                    }
                    if path.is_dir() { add_folder(&path, &mut inputs)? } else { inputs.push(file(path)?) }
                }
                if inputs.len() == before {
                    return Err(Error::NoPosts(name.into()));
                }
            } else {
                inputs.push(file(path.to_path_buf())?);
            }
        }
        Ok(Self(inputs))
    }

    /// Adds the other inputs behind these.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Input>) {
        self.0.extend(others);
    }

    /// The inputs.
    pub fn inputs(&self) -> &[Input] {
        &self.0
    }

    /// How many bytes they have, compressed as they are.
    pub fn bytes(&self) -> u64 {
        self.0.iter().map(|input| input.bytes).sum()
    }
}

fn file(path: PathBuf) -> Result<Input, Error> {
    let name = path.display().to_string();
    let metadata = path.metadata().map_err(|source| Error::Read { name: name.clone(), source })?;
    if !metadata.is_file() {
        // A pipe cannot be read twice.
        let stream = File::open(&path).map_err(|source| Error::Read { name: name.clone(), source })?;
        return spool(&name, stream);
    }
    Ok(Input { name, place: Place::File(path), bytes: metadata.len() })
}

/// Keeps a stream in a temporary file, so that it can be read twice.
fn spool(name: &str, mut stream: impl Read) -> Result<Input, Error> {
    let failed = |source| Error::Read { name: name.into(), source };
    let mut file = tempfile::tempfile().map_err(failed)?;
    let bytes = io::copy(&mut stream, &mut file).map_err(failed)?;
    Ok(Input { name: name.into(), place: Place::Spooled(file), bytes })
}

/// Whether a name says that there are no posts: an editor's file, Hadoop's `_SUCCESS`.
fn is_no_input(path: &Path) -> bool {
    path.file_name().unwrap_or_default().to_string_lossy().starts_with(['.', '_'])
}

fn add_folder(folder: &Path, inputs: &mut Vec<Input>) -> Result<(), Error> {
    let failed = |source| Error::Read { name: folder.display().to_string(), source };
    let entries: io::Result<Vec<_>> = folder.read_dir().map_err(failed)?.collect();
    let mut paths: Vec<PathBuf> = entries.map_err(failed)?.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if is_no_input(&path) {
            continue;
        }
        if path.is_dir() {
            add_folder(&path, inputs)?;
        } else {
            inputs.push(file(path)?);
        }
    }
    Ok(())
}
