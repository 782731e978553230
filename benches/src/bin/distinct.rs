//! Posts of which every one has an account of its own, as JSON lines: what needs the most memory.
//!
//! `distinct POSTS FILE`

use std::{
    error::Error,
    fs::File,
    io::{BufWriter, Write},
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [posts, file] = &arguments[..] else { return Err("usage: distinct POSTS FILE".into()) };
    let mut output = BufWriter::with_capacity(1 << 20, File::create(file)?);
    for number in 0..posts.parse::<u64>()? {
        // In no order, as accounts are met in a timeline.
        let account = 100_000_000_000_000_000 + number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 900_000_000_000_000_000;
        let (hour, followers) = (number % 24, number % 1000);
        writeln!(
            output,
            r#"{{"id":"{}","created_at":"2026-11-24T{hour:02}:00:00.000Z","account":{{"id":"{account}","followers_count":{followers}}}}}"#,
            200_000_000_000_000_000 + number
        )?;
    }
    output.flush()?;
    Ok(())
}
