//! Ctrl-C and SIGTERM: while a job runs on a cluster they end the job, and what would go on for ever comes to its end;
//! otherwise, or at a second Ctrl-C, they end this program.

use std::{
    io,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
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
                flag::register_conditional_default(signal, Arc::clone(&signals.end_us))
                    .map_err(|error| unheard(&error))?;
            }
            set(&signals.came)?;
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

/// Lets the first signal set a flag; a second Ctrl-C ends this program.
///
/// A second SIGTERM does not: whoever runs us may send one to us and another when they end themselves, and what we do at the
/// first, such as ending a job on the cluster, is to come to its end.
pub(crate) fn set(stop: &Arc<AtomicBool>) -> Result<(), Failure> {
    // In this order: the first signal sets the flag, which the second finds set.
    flag::register_conditional_shutdown(SIGINT, INTERRUPTED, Arc::clone(stop)).map_err(|error| unheard(&error))?;
    for signal in [SIGINT, SIGTERM] {
        flag::register(signal, Arc::clone(stop)).map_err(|error| unheard(&error))?;
    }
    Ok(())
}

fn unheard(error: &io::Error) -> Failure {
    Failure::permanent(format!("cannot take care of Ctrl-C: {error}"))
}

/// An error where a signal came while a job was ending, so that what it made was kept: nothing more is begun.
pub(crate) fn check() -> Result<(), Failure> {
    if SIGNALS.get().is_some_and(|signals| signals.came.load(Ordering::SeqCst)) {
        return Err(Failure::permanent("interrupted; what was done until then is kept"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use signal_hook::low_level;

    use super::*;

    #[test]
    fn a_second_sigterm_lets_us_come_to_our_end() {
        let stop = Arc::new(AtomicBool::new(false));
        assert!(set(&stop).is_ok());
        for _ in 0..2 {
            assert!(low_level::raise(SIGTERM).is_ok());
            assert!(stop.load(Ordering::SeqCst));
        }
    }
}
