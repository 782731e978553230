//! The lease of a lake: one writer at a time.

use std::{
    fmt,
    path::Path,
    process,
    sync::{Arc, Mutex, PoisonError},
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
    lock: Mutex<Box<dyn Lock>>,
}

/// Who holds a lease, for people to read.
#[derive(Debug, Deserialize, Serialize)]
struct Holder {
    what: String,
    host: String,
    process: u32,
}

impl Holder {
    /// Whether it was a process of this machine, and is no more.
    fn is_gone(&self) -> bool {
        let processes = Path::new("/proc");
        self.host == host() && processes.join("self").exists() && !processes.join(self.process.to_string()).exists()
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
        let (file, holder_file) = (format!("{root}/LEASE"), holder_file(root));
        let mut lock = storage.lock(&file)?;
        if lock.is_none() {
            let said = storage.read_text(&holder_file)?.and_then(|text| serde_json::from_str::<Holder>(&text).ok());
            if said.as_ref().is_some_and(Holder::is_gone) {
                storage.unlock(&file)?;
                lock = storage.lock(&file)?;
            }
            if lock.is_none() {
                let holder = said.map_or_else(|| "another process".into(), |holder| holder.to_string());
                return Err(Error::Held { lake: storage.address(root), holder });
            }
        }
        let Some(lock) = lock else { return Err(Error::LeaseLost(storage.address(root))) };
        let me = Holder { what: what.into(), host: host(), process: process::id() };
        let lease = Self { storage: Arc::clone(storage), root: root.into(), lock: Mutex::new(lock) };
        storage.write_text(&holder_file, &serde_json::to_string(&me).unwrap_or_default())?;
        Ok(lease)
    }

    /// An error where the lease was lost. Whoever commits asks just before.
    pub fn check(&self) -> Result<(), Error> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_held()? { Ok(()) } else { Err(Error::LeaseLost(self.storage.address(&self.root))) }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // It only says who held the lease last, so it may as well stay.
        let _ = self.storage.remove(&holder_file(&self.root));
    }
}

fn holder_file(root: &str) -> String {
    format!("{root}/LEASE.holder")
}

/// The name of this machine.
pub(crate) fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    name.map_or_else(|_| "an unknown host".into(), |name| name.trim().into())
}
