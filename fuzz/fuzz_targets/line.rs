//! Any line is what serde_json reads in it, whether its bytes come from the fuzzer or are made by its choices.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tootmill_fuzz::{Choices, line, oracle};

fuzz_target!(|bytes: &[u8]| {
    oracle::check(bytes);
    oracle::check(&line(&mut Choices(bytes)));
});
