//! The lease of a lake: one writer at a time.

use std::{
    fmt, fs, io,
    path::Path,
    process,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{error::Error, storage::Storage};

/// A lock that ends with the value, and with the process however that ends.
pub trait Lock: fmt::Debug + Send {
    /// Whether nobody took it over meanwhile.
    fn is_held(&mut self) -> Result<bool, Error>;
}

/// The right to change a lake. It ends with the value; on disk with the process at the same moment, in HDFS within a minute,
/// as soon as the NameNode misses the holder.
#[derive(Debug)]
pub struct Lease {
    storage: Arc<dyn Storage>,
    root: String,
    // It ends before the name goes: whose name is not there is not known to be gone if it is killed just then.
    lock: Mutex<Box<dyn Lock>>,
    name: Name,
}

/// The file that says who holds a lease, which goes with the value.
#[derive(Debug)]
struct Name {
    storage: Arc<dyn Storage>,
    path: String,
    holder: Holder,
}

/// Who holds a lease, for people to read.
#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
struct Holder {
    what: String,
    host: String,
    process: u32,
}

impl Holder {
    /// Whether it was a process of this machine, and is no more.
    fn is_gone(&self) -> bool {
        let processes = Path::new("/proc");
        if self.host != host() || !processes.join("self").exists() {
            return false;
        }
        // What has ended is there, as a zombie, until its parent has taken note.
        let stat = fs::read_to_string(processes.join(self.process.to_string()).join("stat"));
        stat.map_or_else(
            |error| error.kind() == io::ErrorKind::NotFound,
            |stat| stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with(['Z', 'X'])),
        )
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` (process {} on {})", self.what, self.process, self.host)
    }
}

impl Lease {
    /// Takes the lease of the lake in the folder, for what is to be done.
    pub(crate) fn take(storage: &Arc<dyn Storage>, root: &str, what: &str) -> Result<Self, Error> {
        let (file, path) = (format!("{root}/LEASE"), format!("{root}/LEASE.holder"));
        let said = || -> Result<Option<Holder>, Error> {
            Ok(storage.read_text(&path)?.and_then(|text| serde_json::from_str(&text).ok()))
        };
        let mut lock = storage.lock(&file)?;
        if lock.is_none() {
            let mut holder = said()?;
            if holder.as_ref().is_some_and(Holder::is_gone) {
                // Another one may have taken it this moment, and not have said so yet.
                thread::sleep(TO_SAY_SO);
                holder = said()?;
            }
            if holder.as_ref().is_some_and(Holder::is_gone) {
                storage.unlock(&file)?;
                lock = storage.lock(&file)?;
            }
            if lock.is_none() {
                let holder = holder.map_or_else(|| "another process".into(), |holder| holder.to_string());
                return Err(Error::Held { lake: storage.address(root), holder });
            }
        }
        let Some(lock) = lock else { return Err(Error::LeaseLost(storage.address(root))) };
        let holder = Holder { what: what.into(), host: host(), process: process::id() };
        let text = serde_json::to_string(&holder).unwrap_or_default();
        let name = Name { storage: Arc::clone(storage), path, holder };
        let lease = Self { storage: Arc::clone(storage), root: root.into(), lock: Mutex::new(lock), name };
        storage.write_text(&lease.name.path, &text)?;
        Ok(lease)
    }

    /// An error where the lease was lost. Whoever commits asks just before.
    pub fn check(&self) -> Result<(), Error> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_held()? { Ok(()) } else { Err(Error::LeaseLost(self.storage.address(&self.root))) }
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        // Whoever took the lease meanwhile has another name. Where this fails, it only says who held the lease last.
        let said = self.storage.read_text(&self.path).ok().flatten();
        if said.and_then(|text| serde_json::from_str(&text).ok()).is_some_and(|said: Holder| said == self.holder) {
            let _ = self.storage.remove(&self.path);
        }
    }
}

/// For how long the lease may be taken and not have a name.
const TO_SAY_SO: Duration = Duration::from_millis(500);

/// The name of this machine.
pub(crate) fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname");
    name.map_or_else(|_| "an unknown host".into(), |name| name.trim().into())
}
