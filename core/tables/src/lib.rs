//! The tables that hold the result: what a store does, the store in SQLite, and the store in HBase.

mod changes;
mod destination;
mod error;
mod export;
pub mod hbase;
mod load;
mod rows;
mod sqlite;
mod store;
mod verify;

pub use destination::Destination;
pub use error::Error;
pub use export::{Exported, Format, export, export_csv};
pub use load::{DayRows, Load};
pub use rows::{Row, Rows, Stream};
pub use sqlite::Sqlite;
pub use store::{Each, LoadOptions, Loaded, Part, Run, Store, Watch, Written};
