//! The tables that hold the result: what a store does, and the store in SQLite.

mod load;
mod sqlite;
mod store;

pub use load::{Load, digest};
pub use sqlite::Sqlite;
pub use store::{Destination, Error, Loaded, Run, Store, StoredRow};
