//! Several small pieces of work at once: closing a small file in HDFS takes its time, in which there is nothing to do.

use std::thread;

use crate::error::Error;

/// How many pieces of work are done at once.
const AT_ONCE: usize = 16;

/// Does each piece of work, several at once, and gives what came of them in their order; or the first error.
pub(crate) fn several_at_once<T: Send, R: Send>(
    pieces: Vec<T>,
    work: impl Fn(T) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    let each = pieces.len().div_ceil(AT_ONCE).max(1);
    let mut pieces = pieces.into_iter();
    let work = &work;
    thread::scope(|scope| {
        let mut threads = Vec::new();
        loop {
            let part: Vec<T> = pieces.by_ref().take(each).collect();
            if part.is_empty() {
                break;
            }
            threads.push(scope.spawn(move || part.into_iter().map(work).collect::<Result<Vec<R>, Error>>()));
        }
        let mut done = Vec::new();
        for thread in threads {
            done.extend(thread.join().unwrap_or(Err(tootmill_engine::Error::Panicked.into()))?);
        }
        Ok(done)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_stays_and_an_error_is_told() {
        let numbers: Vec<u64> = (0..100).collect();
        assert_eq!(several_at_once(numbers.clone(), Ok).unwrap(), numbers);
        let fails = |number| if number == 63 { Err(Error::NoTotals(String::new())) } else { Ok(number) };
        assert!(matches!(several_at_once(numbers, fails), Err(Error::NoTotals(_))));
        assert_eq!(several_at_once(Vec::<u64>::new(), Ok).unwrap(), Vec::<u64>::new());
    }
}
