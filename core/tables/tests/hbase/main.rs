//! The store in HBase on a real one, that of a development cluster: `. cluster.env` first.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod loading;
mod schema;
mod support;
mod transports;
