//! Storage on the disks of this machine.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
    ops::Range,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
};

use crate::{
    error::Error,
    lease::Lock,
    storage::{Entry, FILE_MODE, FOLDER_MODE, Sink, Storage, parent},
};

/// The files of this machine.
#[derive(Debug)]
pub(crate) struct Local;

fn failed(action: &'static str, path: &str) -> impl Fn(io::Error) -> Error {
    move |source| Error::Disk { action, path: path.into(), source }
}

/// The value, or nothing where there is no such file.
fn unless_missing<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        outcome => outcome.map(Some),
    }
}

/// Makes the folder that a path is in, and those above it, unless they are there.
fn create_parent(path: &str) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(parent(path))
}

impl Storage for Local {
    fn address(&self, path: &str) -> String {
        path.into()
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, Error> {
        let failed = failed("list", folder);
        let Some(found) = unless_missing(fs::read_dir(folder)).map_err(&failed)? else { return Ok(Vec::new()) };
        let mut entries = Vec::new();
        for entry in found {
            let entry = entry.map_err(&failed)?;
            // What was removed in between is not there.
            let Some(metadata) = unless_missing(entry.metadata()).map_err(&failed)? else { continue };
            let path = format!("{}/{}", folder.trim_end_matches('/'), entry.file_name().to_string_lossy());
            entries.push(Entry { path, bytes: metadata.len(), is_folder: metadata.is_dir() });
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    fn find(&self, path: &str) -> Result<Option<Entry>, Error> {
        let metadata = unless_missing(fs::metadata(path)).map_err(failed("look at", path))?;
        Ok(metadata.map(|metadata| Entry { path: path.into(), bytes: metadata.len(), is_folder: metadata.is_dir() }))
    }

    fn mode(&self, path: &str) -> Result<Option<u32>, Error> {
        let metadata = unless_missing(fs::metadata(path)).map_err(failed("look at", path))?;
        Ok(metadata.map(|metadata| metadata.permissions().mode() & 0o7777))
    }

    fn read(&self, path: &str, range: Range<u64>) -> Result<Box<dyn Read + Send>, Error> {
        let open = || {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(range.start))?;
            Ok(Box::new(file.take(range.end - range.start)) as _)
        };
        open().map_err(failed("read", path))
    }

    fn create(&self, path: &str) -> Result<Box<dyn Sink>, Error> {
        let create = || {
            create_parent(path)?;
            let file = File::options().write(true).create_new(true).mode(FILE_MODE).open(path)?;
            Ok(BufWriter::with_capacity(1 << 17, file))
        };
        Ok(Box::new(LocalSink { file: create().map_err(failed("create", path))?, path: path.into() }))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        let rename = || {
            create_parent(to)?;
            fs::rename(from, to)?;
            // Without this the name may be the old one again after a loss of power.
            File::open(parent(to))?.sync_all()
        };
        rename().map_err(failed("move a file to", to))
    }

    fn remove(&self, path: &str) -> Result<(), Error> {
        let remove = || match unless_missing(fs::symlink_metadata(path))? {
            Some(metadata) if metadata.is_dir() => unless_missing(fs::remove_dir_all(path)).map(drop),
            Some(_) => unless_missing(fs::remove_file(path)).map(drop),
            None => Ok(()),
        };
        remove().map_err(failed("remove", path))
    }

    fn lock(&self, path: &str) -> Result<Option<Box<dyn Lock>>, Error> {
        let failed = failed("lock", path);
        create_parent(path).map_err(&failed)?;
        let mut options = File::options();
        let file = options.write(true).create(true).truncate(false).mode(FILE_MODE).open(path).map_err(&failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(Locked { file, path: path.into() }))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    fn unlock(&self, _path: &str) -> Result<(), Error> {
        Ok(())
    }
}

struct LocalSink {
    file: BufWriter<File>,
    path: String,
}

impl Write for LocalSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Sink for LocalSink {
    fn finish(mut self: Box<Self>) -> Result<(), Error> {
        let synced = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        // Its name must last, too.
        let synced = synced.and_then(|()| File::open(parent(&self.path))?.sync_all());
        synced.map_err(failed("write", &self.path))
    }
}

/// The system's lock of a file, which ends with the process at the latest.
#[derive(Debug)]
struct Locked {
    file: File,
    path: String,
}

impl Lock for Locked {
    /// Whoever removes the file makes room for another one, and another lock.
    fn is_held(&mut self) -> Result<bool, Error> {
        let is_ours = || {
            let (ours, there) = (self.file.metadata()?, unless_missing(fs::metadata(&self.path))?);
            Ok(there.is_some_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())))
        };
        is_ours().map_err(failed("look at", &self.path))
    }
}
