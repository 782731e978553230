//! The lease of a lake: one writer at a time.

use std::{
    fmt, fs,
    path::Path,
    process,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
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
    /// When the process began, in what the system counts by: a number may be given again.
    #[serde(default)]
    began: String,
    /// What tells this lease from all others.
    #[serde(default)]
    id: String,
}

impl Holder {
    /// Whether it was a process of this machine, and is no more.
    fn is_gone(&self) -> bool {
        // Where the first process cannot be seen, others may be hidden as well.
        self.host == host() && Path::new("/proc/1").exists() && self.began != began(self.process)
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
        let (file, path) = (format!("{root}/LEASE"), path_of_name(root));
        let said = || read_holder(storage, &path);
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
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let (process, began) = (process::id(), began(process::id()));
        let id = format!("{now:x}-{process:x}");
        let holder = Holder { what: what.into(), host: host(), process, began, id };
        let text = serde_json::to_string(&holder).unwrap_or_default();
        let name = Name { storage: Arc::clone(storage), path, holder };
        let lease = Self { storage: Arc::clone(storage), root: root.into(), lock: Mutex::new(lock), name };
        storage.write_text(&lease.name.path, &text)?;
        Ok(lease)
    }

    /// A name that no other lease has, for what is made on the way to a commit.
    pub fn id(&self) -> &str {
        &self.name.holder.id
    }

    /// An error where the lease was lost. Whoever commits asks just before.
    pub fn check(&self) -> Result<(), Error> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_held()? { Ok(()) } else { Err(Error::LeaseLost(self.storage.address(&self.root))) }
    }
}

/// Who holds the lease of the lake in the folder, as far as they said: somebody on another machine may be gone by now.
pub(crate) fn holder(storage: &Arc<dyn Storage>, root: &str) -> Result<Option<String>, Error> {
    let holder = read_holder(storage, &path_of_name(root))?;
    Ok(holder.filter(|holder| !holder.is_gone()).map(|holder| holder.to_string()))
}

fn path_of_name(root: &str) -> String {
    format!("{root}/LEASE.holder")
}

fn read_holder(storage: &Arc<dyn Storage>, path: &str) -> Result<Option<Holder>, Error> {
    Ok(storage.read_text(path)?.and_then(|text| serde_json::from_str(&text).ok()))
}

impl Drop for Name {
    fn drop(&mut self) {
        // Whoever took the lease meanwhile has another name. Where this fails, it only says who held the lease last.
        if read_holder(&self.storage, &self.path).ok().flatten().is_some_and(|said| said == self.holder) {
            let _ = self.storage.remove(&self.path);
        }
    }
}

/// For how long the lease may be taken and not have a name.
const TO_SAY_SO: Duration = Duration::from_millis(500);

/// When a process began, and in which run of the system and group of processes; empty where there is none.
fn began(process: u32) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let stat = read(&format!("/proc/{process}/stat"));
    // The name of the program, in parentheses, may hold anything; the time is the twentieth field after it.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    // What has ended is there, as a zombie, until its parent has taken note.
    let is_over = fields.first().is_none_or(|state| ["Z", "X"].contains(state));
    let Some(time) = fields.get(19).filter(|_| !is_over) else { return String::new() };
    let namespace = fs::read_link("/proc/self/ns/pid").map(|name| name.display().to_string()).unwrap_or_default();
    format!("{time} {} {namespace}", read("/proc/sys/kernel/random/boot_id").trim())
}

/// The name of this machine.
pub(crate) fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname");
    name.map_or_else(|_| "an unknown host".into(), |name| name.trim().into())
}
