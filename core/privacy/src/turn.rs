//! Taking turns: a lease that others hold no longer than it takes to note something.

use std::{
    thread,
    time::{Duration, Instant},
};

use tootmill_lake::Lease;

use crate::error::Error;

/// For how long others may hold it: HDFS misses a writer that died within a minute.
const PATIENCE: Duration = Duration::from_secs(90);
const STEP: Duration = Duration::from_millis(50);

/// Takes a lease as soon as nobody else has it.
pub(crate) fn when_free(take: impl Fn() -> Result<Lease, tootmill_lake::Error>) -> Result<Lease, Error> {
    let began = Instant::now();
    loop {
        match take() {
            Err(tootmill_lake::Error::Held { .. }) if began.elapsed() < PATIENCE => thread::sleep(STEP),
            lease => return Ok(lease?),
        }
    }
}
