//! Collecting from instances that a test makes say what it wants, into a lake on disk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod catch_up;
mod follow;
mod instance;
mod policy;
mod refresh;
mod wrong_bodies;
