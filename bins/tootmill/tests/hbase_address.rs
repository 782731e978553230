//! An address of HBase at which nobody is, or that is wrong: said within seconds, and never with its password.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    thread,
    time::{Duration, Instant},
};

use common::{Ran, tootmill, with_posts};

/// Every command that takes tables.
const COMMANDS: [&[&str]; 8] = [
    &["run", "posts.jsonl"],
    &["load", "--lake", "lake", "--instance", "mill.example"],
    &["daily", "--date", "2026-11-24", "--lake", "lake", "--instance", "mill.example"],
    &["tables", "dump"],
    &["tables", "create", "--json"],
    &["tables", "describe"],
    &["tables", "drop", "--yes"],
    &["check", "--lake", "lake", "--instance", "mill.example", "--from", "http://127.0.0.1:1", "--patience", "0s"],
];

#[test]
fn a_server_that_is_not_there_is_missed_within_seconds() {
    let folder = with_posts(10);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for command in [COMMANDS[0], COMMANDS[3], COMMANDS[4]] {
        let start = Instant::now();
        let ran = common::run(folder.path(), &[command, &["--tables", &format!("hbase://{nobody}")]].concat());
        assert_eq!(ran.code, 75, "{}", ran.stderr);
        let says = format!("no Thrift server of HBase answers at {nobody}");
        assert!(ran.stderr.contains(&says) && ran.stderr.contains("is it running"), "{}", ran.stderr);
        assert!(start.elapsed() < Duration::from_secs(15), "it took {:?}", start.elapsed());
    }
}

/// Takes connections, and sends each the same bytes, whatever it is asked.
fn says(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer);
        }
    });
    address
}

#[test]
fn a_server_that_is_none_of_hbase_is_an_error() {
    let folder = with_posts(10);
    let answers = [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"\x80\x01\x00\x02\0\0\0\x04", &[0xff; 64], &[0; 64]];
    let options = ["", "?transport=framed", "?protocol=compact", "?transport=framed&protocol=compact"];
    // Side by side: each is tried for some seconds.
    thread::scope(|scope| {
        for (answer, options) in answers.into_iter().flat_map(|answer| options.map(|options| (answer, options))) {
            let folder = folder.path();
            scope.spawn(move || {
                let (server, start) = (says(answer), Instant::now());
                let tables = format!("hbase://{server}{options}");
                let ran = common::run(folder, &["tables", "dump", "--tables", &tables]);
                assert!([1, 75].contains(&ran.code), "{tables}: {} {}", ran.code, ran.stderr);
                assert!(ran.stderr.contains(&server.to_string()), "{tables}: {}", ran.stderr);
                assert!(start.elapsed() < Duration::from_secs(30), "it took {:?}", start.elapsed());
            });
        }
    });
}

#[test]
fn a_password_is_never_said() {
    let folder = with_posts(10);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let http = says(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n");
    // Where nobody is or lets us in, which takes a while to find out.
    for address in [format!("hbase+http://ada:tremie@{nobody}/"), format!("hbase+http://ada:tremie@{http}/")] {
        for command in [COMMANDS[0], COMMANDS[7], &["tables", "create", "--json"]] {
            is_not_said(
                &tootmill(folder.path(), &[command, &["--tables", &address]].concat()).output().unwrap().into(),
            );
        }
    }
    // Each wrong in its own way.
    let wrong = [
        "hbase+http://ada:tremie@mill.example:99999",
        "hbase+ftp://ada:tremie@mill.example",
        "htpp://ada:tremie@mill.example:9090",
        "hbase+http://ada:tremie@mill.example?conections=2",
        "hbase+http://ada:12?tremie@mill.example",
        "hbase+http://ada:tremie@",
    ];
    for command in COMMANDS {
        for address in wrong {
            is_not_said(&common::run(folder.path(), &[command, &["--tables", address]].concat()));
        }
        let mut help = tootmill(folder.path(), &[command, &["--help"]].concat());
        let ran: Ran = help.env("TOOTMILL_TABLES", wrong[0]).output().unwrap().into();
        assert!(!ran.stdout.contains("tremie"), "{}", ran.stdout);
    }
    let ran: Ran = tootmill(folder.path(), COMMANDS[3]).env("TOOTMILL_TABLES", wrong[0]).output().unwrap().into();
    is_not_said(&ran);
}

#[track_caller]
fn is_not_said(ran: &Ran) {
    assert_ne!(ran.code, 0, "{}", ran.stderr);
    assert!(!ran.stdout.contains("tremie") && !ran.stderr.contains("tremie"), "{}{}", ran.stdout, ran.stderr);
}
