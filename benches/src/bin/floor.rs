//! The floor as a program: reads a file of JSON lines, and parses each.
//!
//! `floor sonic-rs FILE` or `floor serde-json FILE`, in one thread; `floor both FILE` says whether the two read the same.

use std::{
    error::Error,
    fs::File,
    io::{BufRead, BufReader},
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [library, file] = &arguments[..] else { return Err("usage: floor sonic-rs|serde-json|both FILE".into()) };
    let parses: fn(&[u8]) -> bool = match &**library {
        "sonic-rs" => tootmill_benches::sonic_rs,
        "serde-json" => tootmill_benches::serde_json,
        "both" => tootmill_benches::both_alike,
        other => return Err(format!("there is no library `{other}`").into()),
    };
    let mut reader = BufReader::with_capacity(1 << 20, File::open(file)?);
    let mut line = Vec::new();
    let (mut lines, mut posts) = (0_u64, 0_u64);
    while reader.read_until(b'\n', &mut line)? > 0 {
        lines += 1;
        posts += u64::from(parses(&line));
        line.clear();
    }
    eprintln!("{posts} of {lines} lines are posts");
    Ok(())
}
