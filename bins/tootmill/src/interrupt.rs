//! Ctrl-C and SIGTERM: while a job runs on a cluster they end the job, and what would go on for ever comes to its end;
//! otherwise, or the second time, they end this program.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};
use tootmill_yarn::Cancel;

use crate::failure::Failure;

/// The exit code of a program that a Ctrl-C ended, as shells have it.
const INTERRUPTED: i32 = 130;

/// What the signals do now.
#[derive(Debug, Default)]
struct Signals {
    /// Whether they end this program, because there is no job to end.
    end_us: Arc<AtomicBool>,
    /// Whether one came while a job ran.
    came: Arc<AtomicBool>,
}

static SIGNALS: OnceLock<Signals> = OnceLock::new();

/// Lets the signals end a job, as long as this value lives.
#[derive(Debug)]
pub(crate) struct JobRuns {
    signals: &'static Signals,
}

impl JobRuns {
    pub(crate) fn new() -> Result<Self, Failure> {
        if SIGNALS.get().is_none() {
            let signals = Signals::default();
            for signal in [SIGINT, SIGTERM] {
                // In this order: the first one sets the flag, which the second finds set.
                flag::register_conditional_default(signal, Arc::clone(&signals.end_us))
                    .and_then(|_| flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&signals.came)))
                    .and_then(|_| flag::register(signal, Arc::clone(&signals.came)))
                    .map_err(|error| Failure::permanent(format!("cannot take care of Ctrl-C: {error}")))?;
            }
            let _ = SIGNALS.set(signals);
        }
        let signals = SIGNALS.get_or_init(Signals::default);
        signals.end_us.store(false, Ordering::SeqCst);
        Ok(Self { signals })
    }

    /// Ends the job when a signal comes.
    pub(crate) fn cancel(&self) -> Cancel {
        Arc::clone(&self.signals.came).into()
    }
}

impl Drop for JobRuns {
    fn drop(&mut self) {
        self.signals.end_us.store(true, Ordering::SeqCst);
    }
}

/// Lets the first signal set a flag, for what goes on until it is stopped; the second one ends this program.
pub(crate) fn set(stop: &Arc<AtomicBool>) -> Result<(), Failure> {
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal sets the flag, which the second finds set.
        flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(stop))
            .and_then(|_| flag::register(signal, Arc::clone(stop)))
            .map_err(|error| Failure::permanent(format!("cannot take care of Ctrl-C: {error}")))?;
    }
    Ok(())
}

/// An error where a signal came while a job was ending, so that what it made was kept: nothing more is begun.
pub(crate) fn check() -> Result<(), Failure> {
    if SIGNALS.get().is_some_and(|signals| signals.came.load(Ordering::SeqCst)) {
        return Err(Failure::permanent("interrupted; what was done until then is kept"));
    }
    Ok(())
}
