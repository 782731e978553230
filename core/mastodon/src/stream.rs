//! The posts of a public timeline as they come: server-sent events, or a WebSocket where the server has only that.

use std::time::{Duration, Instant as Moment};

use backon::{BackoffBuilder, ExponentialBackoff};
use tootmill_metric::Status;

mod address;
mod connection;
mod event;
mod sse;
mod websocket;

#[cfg(test)]
mod tests;

pub use event::Event;

use self::{
    address::Addresses,
    connection::{Connection, Plan},
    event::Read,
};
use crate::{
    client::{Client, backoff},
    error::Error,
    instance::Instance,
    timeline::Feed,
};

/// A connection that held so long was a good one: the next may be made at once.
const STEADY: Duration = Duration::from_secs(10);

/// A stream of a public timeline, over one connection at a time.
#[derive(Debug)]
pub struct Stream<'c> {
    client: &'c Client,
    plan: Plan,
    connection: Option<(Connection, Moment)>,
    /// Why the last connection ended.
    ended: Option<String>,
    pauses: ExponentialBackoff,
    passed_over: PassedOver,
}

/// How many events were none that count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassedOver {
    /// Of other kinds: notifications, announcements, and what else an instance may send.
    pub others: u64,
    /// Of posts, but not to be read as such.
    pub unreadable: u64,
}

impl<'c> Stream<'c> {
    /// The path of all public streams.
    pub const PATH: &'static str = "/api/v1/streaming/public";
    /// What is asked for, for robots.txt.
    pub const ADDRESSES: &'static [&'static str] = &[Self::PATH, "/api/v1/streaming?stream=public"];

    /// A stream of an instance, not yet opened. When nothing at all came for so long, not even a heartbeat, it has ended.
    pub fn new(client: &'c Client, instance: &Instance, feed: Feed, silence: Duration) -> Result<Self, Error> {
        let addresses = Addresses::of(client.base(), instance, feed)?;
        let plan = Plan::new(client, addresses, silence);
        let (pauses, passed_over) = (backoff(client.settings().pause).build(), PassedOver::default());
        Ok(Self { client, plan, connection: None, ended: None, pauses, passed_over })
    }

    /// Connects, and returns when the server has begun to stream: whatever is posted from then on will come.
    ///
    /// What fails in a way that may pass is tried again, without an end and with longer and longer pauses; so it is
    /// after a stream that ended soon.
    pub fn open(&mut self) -> Result<(), Error> {
        if self.connection.take().is_some_and(|(_, since)| since.elapsed() >= STEADY) {
            self.pauses = backoff(self.client.settings().pause).build();
        }
        loop {
            if let Some(reason) = self.ended.take() {
                let pause = self.pauses.next().unwrap_or(STEADY);
                self.client.sleep(&format!("another try: {reason}"), pause)?;
            }
            let stop = &self.client.settings().stop;
            match Connection::open(&self.plan, stop) {
                Ok(connection) => {
                    self.connection = Some((connection, Moment::now()));
                    return Ok(());
                }
                Err(error) if error.status() == Status::Temporary => self.ended = Some(error.to_string()),
                Err(error) => return Err(error),
            }
        }
    }

    /// What comes next, if it comes within a time. The error of a stream that ended is worth opening it again.
    pub fn next(&mut self, wait: Duration) -> Result<Option<Event>, Error> {
        let until = Moment::now() + wait;
        loop {
            let Some((connection, _)) = &self.connection else { return Err(self.plan.ended("it was not opened")) };
            match connection.next(&self.plan, until.saturating_duration_since(Moment::now())) {
                Ok(Some(Read::Event(event))) => return Ok(Some(event)),
                Ok(Some(Read::Other)) => self.passed_over.others += 1,
                Ok(Some(Read::Unreadable)) => self.passed_over.unreadable += 1,
                Ok(None) => return Ok(None),
                Err(error) => {
                    self.ended = Some(error.to_string());
                    return Err(error);
                }
            }
        }
    }

    /// What came and is no event of a post.
    pub fn passed_over(&self) -> PassedOver {
        self.passed_over
    }
}
