//! Storage in HDFS, by its own protocol.

use std::{
    collections::HashMap,
    fmt,
    io::{self, BufWriter, Read, Write},
    ops::Range,
    sync::{Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use bytes::{Buf, Bytes};
use hdfs_native::{
    HdfsError,
    client::WriteOptions,
    sync::{Client, ClientBuilder, FileReadStream, FileWriter},
};

use crate::{
    error::{Error, class, exists, is_missing},
    lease::Lock,
    storage::{Entry, FILE_MODE, FOLDER_MODE, Sink, Storage, parent},
};

/// A file system of HDFS.
#[derive(Clone)]
pub(crate) struct Hdfs {
    client: Client,
    /// What stands before a path in an address.
    prefix: String,
}

impl fmt::Debug for Hdfs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Hdfs").field(&self.prefix).finish()
    }
}

/// One client for each file system: each has threads and connections of its own.
static CLIENTS: Mutex<Option<HashMap<String, Hdfs>>> = Mutex::new(None);

impl Hdfs {
    /// Makes a client, or gives the one that there is; servers are asked when something is to be done.
    pub(crate) fn connect(scheme: &str, authority: &str) -> Result<Self, Error> {
        let prefix = format!("{scheme}://{authority}");
        let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
        let clients = clients.get_or_insert_default();
        if let Some(hdfs) = clients.get(&prefix) {
            return Ok(hdfs.clone());
        }
        let builder = ClientBuilder::new();
        let builder = if authority.is_empty() { builder } else { builder.with_url(&prefix) };
        // Of a name service one NameNode takes over from another, which is worth waiting for; at a host and port there is one
        // or none, and by default the client takes three minutes to find out.
        let single = [("dfs.client.failover.max.attempts", "3")];
        let builder = if authority.contains(':') { builder.with_config(single) } else { builder };
        let client = builder.build().map_err(|source| Error::Hdfs {
            action: "connect to",
            path: prefix.clone(),
            source: source.into(),
        })?;
        let hdfs = Self { client, prefix: prefix.clone() };
        clients.insert(prefix, hdfs.clone());
        Ok(hdfs)
    }

    /// A new file. The NameNode would give a folder that it makes on the way the rights of the one that it is in.
    fn create_private(&self, path: &str) -> hdfs_native::Result<FileWriter> {
        self.client.mkdirs(parent(path), FOLDER_MODE, true)?;
        self.client.create(path, WriteOptions::default().permission(FILE_MODE))
    }

    fn failed(&self, action: &'static str, path: &str) -> impl Fn(HdfsError) -> Error + use<> {
        let path = self.address(path);
        move |source| Error::Hdfs { action, path: path.clone(), source: source.into() }
    }
}

/// The value, or nothing where there is no such file.
fn unless_missing<T>(outcome: hdfs_native::Result<T>) -> hdfs_native::Result<Option<T>> {
    match outcome {
        Err(error) if is_missing(&error) => Ok(None),
        outcome => outcome.map(Some),
    }
}

fn entry(status: hdfs_native::client::FileStatus) -> Entry {
    Entry { path: status.path, bytes: status.length as u64, is_folder: status.isdir }
}

impl Storage for Hdfs {
    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, Error> {
        let found = unless_missing(self.client.list_status(folder, false)).map_err(self.failed("list", folder))?;
        let mut entries: Vec<Entry> = found.unwrap_or_default().into_iter().map(entry).collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    fn find(&self, path: &str) -> Result<Option<Entry>, Error> {
        let found = unless_missing(self.client.get_file_info(path)).map_err(self.failed("look at", path))?;
        Ok(found.map(entry))
    }

    fn mode(&self, path: &str) -> Result<Option<u32>, Error> {
        let found = unless_missing(self.client.get_file_info(path)).map_err(self.failed("look at", path))?;
        Ok(found.map(|status| status.permission.into()))
    }

    fn read(&self, path: &str, range: Range<u64>) -> Result<Box<dyn Read + Send>, Error> {
        let failed = self.failed("read", path);
        let file = self.client.read(path).map_err(&failed)?;
        let bounds = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
        let Some((start, end)) = bounds.filter(|(start, end)| start <= end && *end <= file.file_length()) else {
            let length = file.file_length();
            return Err(failed(HdfsError::InvalidArgument(format!("it has {length} bytes, {range:?} were asked for"))));
        };
        Ok(Box::new(ReadAhead::new(file.read_range_stream(start, end - start), range.end - range.start, failed)))
    }

    fn create(&self, path: &str) -> Result<Box<dyn Sink>, Error> {
        let file = self.create_private(path).map_err(self.failed("create", path))?;
        let failed = self.failed("write", path);
        Ok(Box::new(HdfsSink { file: BufWriter::with_capacity(1 << 20, Writer { file, failed: Box::new(failed) }) }))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        let failed = self.failed("move a file to", to);
        self.client.mkdirs(parent(to), FOLDER_MODE, true).map_err(&failed)?;
        self.client.rename(from, to, true).map_err(failed)
    }

    fn remove(&self, path: &str) -> Result<(), Error> {
        self.client.delete(path, true).map(drop).map_err(self.failed("remove", path))
    }

    /// The file is held open for writing, which the NameNode allows to one client at a time, as long as it shows itself.
    fn lock(&self, path: &str) -> Result<Option<Box<dyn Lock>>, Error> {
        let failed = self.failed("lock", path);
        let mut opened = self.create_private(path);
        if opened.as_ref().is_err_and(exists) {
            opened = self.client.append(path);
        }
        for _ in 0..RECOVERY_TRIES {
            match opened {
                Ok(file) => return Ok(Some(Box::new(HeldOpen { file, failed: Box::new(failed) }))),
                // Somebody writes to it: this is what the client makes of an AlreadyBeingCreatedException.
                Err(error) if exists(&error) => return Ok(None),
                // Its holder is gone: the NameNode closes the file, which takes a moment.
                Err(error) if class(&error) == Some("RecoveryInProgressException") => thread::sleep(RECOVERY_STEP),
                Err(error) => return Err(failed(error)),
            }
            opened = self.client.append(path);
        }
        Ok(None)
    }

    fn unlock(&self, path: &str) -> Result<(), Error> {
        for _ in 0..RECOVERY_TRIES {
            if self.client.recover_lease(path).map_err(self.failed("unlock", path))? {
                break;
            }
            thread::sleep(RECOVERY_STEP);
        }
        Ok(())
    }
}

const RECOVERY_TRIES: u32 = 20;
const RECOVERY_STEP: Duration = Duration::from_millis(250);

type Failed = Box<dyn Fn(HdfsError) -> Error + Send>;

/// How many packets, of 64 KiB each, are read ahead.
const AHEAD: usize = 64;

/// Reads ahead in a thread of its own, so that the network does not wait for the work nor the work for the network.
struct ReadAhead {
    packets: mpsc::Receiver<Result<Bytes, Error>>,
    packet: Bytes,
    /// How many bytes are still to come.
    missing: u64,
}

impl ReadAhead {
    fn new(stream: FileReadStream, length: u64, failed: impl Fn(HdfsError) -> Error + Send + 'static) -> Self {
        let (send, packets) = mpsc::sync_channel(AHEAD);
        thread::spawn(move || {
            for packet in stream {
                let is_last = packet.is_err();
                // Nobody listens any more where what was read sufficed.
                if send.send(packet.map_err(&failed)).is_err() || is_last {
                    break;
                }
            }
        });
        Self { packets, packet: Bytes::new(), missing: length }
    }
}

impl Read for ReadAhead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.packet.is_empty() {
            match self.packets.recv() {
                Ok(packet) => self.packet = packet.map_err(Error::into_io)?,
                Err(mpsc::RecvError) if self.missing == 0 => return Ok(0),
                // The thread ended early: what comes short is no whole file.
                Err(mpsc::RecvError) => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
            self.missing = self.missing.saturating_sub(self.packet.len() as u64);
        }
        let length = self.packet.len().min(buffer.len());
        if let Some(buffer) = buffer.get_mut(..length) {
            self.packet.copy_to_slice(buffer);
        }
        Ok(length)
    }
}

struct Writer {
    file: FileWriter,
    failed: Failed,
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_bytes(Bytes::copy_from_slice(bytes)).map_err(|error| (self.failed)(error).into_io())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct HdfsSink {
    file: BufWriter<Writer>,
}

impl Write for HdfsSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Sink for HdfsSink {
    fn finish(mut self: Box<Self>) -> Result<(), Error> {
        let written = self.file.flush();
        let Writer { file, failed } = self.file.get_mut();
        written.map_err(|error| match error.downcast::<Error>() {
            Ok(error) => error,
            Err(error) => failed(HdfsError::IOError(error)),
        })?;
        file.close().map_err(failed)
    }
}

/// A file that is held open, and stays empty.
struct HeldOpen {
    file: FileWriter,
    failed: Failed,
}

impl fmt::Debug for HeldOpen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HeldOpen")
    }
}

impl Lock for HeldOpen {
    fn is_held(&mut self) -> Result<bool, Error> {
        match self.file.hsync() {
            Ok(()) => Ok(true),
            Err(error) if is_missing(&error) || class(&error) == Some("LeaseExpiredException") => Ok(false),
            Err(error) => Err((self.failed)(error)),
        }
    }
}

impl Drop for HeldOpen {
    fn drop(&mut self) {
        // Where this fails the NameNode closes it within a minute.
        let _ = self.file.close();
    }
}
