//! Tests of reading inputs in every form.

use std::{fs, io::Write, path::Path};

use super::*;

/// The records of a file with this content, as text, with their offsets.
fn records(name: &str, content: &[u8]) -> Result<Vec<(u64, String)>, Error> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), content).unwrap();
    read(&[folder.path()])
}

fn read(paths: &[&Path]) -> Result<Vec<(u64, String)>, Error> {
    let inputs = Inputs::find(paths.iter().map(|path| path.to_str().unwrap()))?;
    let count = Arc::new(AtomicU64::new(0));
    let mut reader = Reader::new(&inputs, Arc::clone(&count));
    let mut chunk = Chunk::default();
    let mut records = Vec::new();
    while reader.next_chunk(&mut chunk)? {
        records.extend(
            chunk.records().map(|(offset, record)| (offset, String::from_utf8_lossy(record).trim().to_string())),
        );
    }
    assert!(count.load(std::sync::atomic::Ordering::Relaxed) >= inputs.bytes());
    Ok(records)
}

fn texts(content: &str) -> Vec<String> {
    records("posts.json", content.as_bytes()).unwrap().into_iter().map(|record| record.1).collect()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(content).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn lines_with_their_offsets() {
    let expected =
        [(0, "{\"id\":1}".to_string()), (10, "{\"id\":2}".into()), (20, "x".into()), (22, "{\"id\":3}".into())];
    assert_eq!(records("a.jsonl", b"{\"id\":1}\r\n{\"id\":2}\n\nx\n{\"id\":3}").unwrap(), expected);
    assert_eq!(records("a.jsonl", b"\xef\xbb\xbf{\"id\":1}\n").unwrap(), [(3, "{\"id\":1}".into())]);
}

#[test]
fn every_form_gives_the_same_records() {
    let expected = ["{\"id\":1}", "{\"id\":2}"];
    assert_eq!(texts("{\"id\":1}\n{\"id\":2}\n"), expected);
    assert_eq!(texts("[{\"id\":1},{\"id\":2}]"), expected);
    assert_eq!(texts("\u{feff}[\r\n  {\"id\":1},\r\n  {\"id\":2}\r\n]\r\n"), expected);
    assert_eq!(texts("[{\"id\":1}]\n[{\"id\":2}]\n"), expected);
    let pretty = texts("{\n  \"id\": 1\n}\n{\n  \"id\": 2\n}\n");
    assert_eq!(pretty, ["{\n  \"id\": 1\n}", "{\n  \"id\": 2\n}"]);
    assert_eq!(texts("[\n{\n\"id\": 1,\n\"a\": [\n{\n\"b\": 1\n},\n{}\n]\n},\n{\n\"id\": 2\n}\n]").len(), 2);
}

#[test]
fn a_broken_first_line_does_not_hide_the_others() {
    assert_eq!(texts("{\"id\":1,\"a\n{\"id\":2}\n"), ["{\"id\":1,\"a", "{\"id\":2}"]);
    assert_eq!(texts("not json\n{\"id\":2}\n"), ["not json", "{\"id\":2}"]);
}

#[test]
fn concatenated_on_one_line() {
    assert_eq!(texts("{\"id\":1}{\"id\":2}"), ["{\"id\":1}{\"id\":2}"]);
}

#[test]
fn compressed_files_by_their_content() {
    let content = b"{\"id\":1}\n{\"id\":2}\n";
    let two_members = [gzip(&content[..5]), gzip(&content[5..])].concat();
    for compressed in [gzip(content), two_members, zstd::encode_all(&content[..], 1).unwrap()] {
        assert_eq!(records("posts.jsonl.gz", &compressed).unwrap().len(), 2);
    }
}

#[test]
fn a_truncated_archive_is_an_error() {
    let content = "{\"id\":1}\n".repeat(10_000);
    let gzip = gzip(content.as_bytes());
    let zstd = zstd::encode_all(content.as_bytes(), 1).unwrap();
    for (name, whole) in [("a.jsonl.gz", gzip), ("a.jsonl.zst", zstd)] {
        let error = records(name, &whole[..whole.len() - 9]).unwrap_err();
        assert!(matches!(error, Error::Decompress { .. }), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn folders_have_their_files_in_order() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("date=2026-11-24")).unwrap();
    for (name, content) in [
        ("b.ndjson", "{\"id\":2}"),
        ("a.json", "{\"id\":1}"),
        ("date=2026-11-24/c.jsonl", "{\"id\":3}"),
        ("_SUCCESS", "x"),
        (".a.json", "x"),
    ] {
        fs::write(folder.path().join(name), content).unwrap();
    }
    let texts: Vec<String> = read(&[folder.path()]).unwrap().into_iter().map(|record| record.1).collect();
    assert_eq!(texts, ["{\"id\":1}", "{\"id\":2}", "{\"id\":3}"]);
    assert_eq!(read(&[&folder.path().join("*.[nj]*son")]).unwrap().len(), 2);
}

#[test]
fn what_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    assert!(read(&[folder.path()]).unwrap_err().to_string().contains("there are no posts in"));
    assert!(read(&[&folder.path().join("*.json")]).unwrap_err().to_string().contains("there are no posts in"));
    assert!(read(&[&folder.path().join("missing.json")]).unwrap_err().to_string().contains("missing.json"));
    assert!(read(&[Path::new("ftp://a.example/b")]).unwrap_err().to_string().contains("ftp://a.example/b"));
}

#[test]
fn empty_files_have_no_records() {
    assert_eq!(texts(""), [""; 0]);
    assert_eq!(texts(" \r\n\n"), [""; 0]);
    assert_eq!(texts("[]"), [""; 0]);
}

#[test]
fn records_longer_than_a_chunk_and_a_record_at_every_boundary() {
    let long = format!("{{\"id\":0,\"content\":\"{}\"}}", "x".repeat(3 * CHUNK));
    let short = "{\"id\":1}";
    let lines = format!("{short}\n{long}\n{}", format!("{short}\n").repeat(300_000));
    let found = texts(&lines);
    assert_eq!((found.len(), found[1].len()), (300_002, long.len()));
    let array = format!("[{}]", lines.trim().replace('\n', ","));
    assert_eq!(texts(&array), found);
}

#[test]
fn a_long_first_line_does_not_hide_that_they_are_lines() {
    let long = format!("{{\"id\":0,\"content\":\"{}\"}}", "x".repeat(2 * CHUNK));
    let found = texts(&format!("{long}\n{{\"id\":1,\"content\":\"cut\n{}", "{\"id\":2}\n".repeat(10)));
    assert_eq!(found.len(), 12);
}
