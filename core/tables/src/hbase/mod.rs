//! The store in HBase, behind its Thrift servers.

mod address;
mod admin;
mod connection;
mod erase;
mod error;
mod frames;
mod http;
mod loads;
mod message;
mod mutations;
mod replace;
mod scan;
mod schema;
mod splits;
mod store;
mod thrift2;
mod writer;

pub use address::Address;
pub use admin::Making;
pub use error::Error;
pub use schema::{Created, Difference, Encoding, Family, Schema};
pub use store::Hbase;
