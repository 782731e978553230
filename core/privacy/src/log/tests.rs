//! The chain holds, whoever appends and however it ends, and whatever is done to it is found.

use std::{fs, path::PathBuf, sync::OnceLock, thread};

use proptest::{prelude::*, sample::Index};
use tempfile::TempDir;

use super::*;

fn lake() -> (TempDir, Lake) {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
    (folder, lake)
}

fn done(number: u64) -> Done {
    let day = Day::parse("2026-11-24").unwrap();
    let done = Done::by_command("tootmill compact").count("posts", number).by("policy", "default");
    Done { days: vec![day], made: vec!["posts/date=2026-11-24/v=1".into()], ..done }
}

fn with_entries(count: u64) -> (TempDir, Lake) {
    let (folder, lake) = lake();
    (1..=count).for_each(|number| drop(append(&lake, &done(number), Instant::default()).unwrap()));
    (folder, lake)
}

/// As [`with_entries`] makes it, with four, of which a property wants many.
fn with_four() -> (TempDir, Lake) {
    static FILES: OnceLock<Vec<(String, String)>> = OnceLock::new();
    let files = FILES.get_or_init(|| {
        let (_folder, lake) = with_entries(4);
        let paths = (1..=4).map(|number| Log::of(&lake).path(number)).chain([Log::of(&lake).head()]);
        paths.map(|path| (lake.relative(&path).to_owned(), fs::read_to_string(&path).unwrap())).collect()
    });
    let (folder, lake) = lake();
    fs::create_dir_all(lake.log()).unwrap();
    files.iter().for_each(|(path, text)| fs::write(format!("{}/{path}", lake.root()), text).unwrap());
    (folder, lake)
}

/// The file of an entry.
fn file(lake: &Lake, number: u64) -> PathBuf {
    Log::of(lake).path(number).into()
}

/// What `HEAD` said when the entry of this number was the last.
fn head_of(lake: &Lake, number: u64) -> String {
    let entry = Entry::read(number, &Log::of(lake).read(number).unwrap()).unwrap();
    Head { number, hash: entry.text("hash").into() }.text()
}

fn verify(lake: &Lake, known: Option<&str>) -> Result<Result<Verified, Broken>, Error> {
    let (entries, broken) = entries(lake)?;
    Ok(broken.map_or_else(|| verified(&entries, known), Err))
}

fn broken(lake: &Lake) -> Option<Broken> {
    verify(lake, None).unwrap().err()
}

#[test]
fn entries_are_told_in_order_and_chained() {
    let (_folder, lake) = with_entries(0);
    assert_eq!(verify(&lake, None).unwrap(), Ok(Verified { entries: 0, head: None }));
    let (_folder, lake) = with_entries(3);
    let (told, wrong) = entries(&lake).unwrap();
    assert_eq!(wrong, None);
    let lines: Vec<String> = told.iter().map(Entry::line).collect();
    assert_eq!(lines[1], "    2  1970-01-01T00:00:00.000000Z  tootmill compact of 2026-11-24: policy default, posts 2");
    assert_eq!(told[0].text("before"), NO_HASH);
    assert_eq!(told[2].text("before"), told[1].text("hash"));
    let verified = verify(&lake, Some(told[0].text("hash"))).unwrap().unwrap();
    assert_eq!(verified, Verified { entries: 3, head: Some(told[2].text("hash").into()) });
    // The hash is what anybody computes of the line without it.
    let mut data = told[2].data();
    let hash = data.as_object_mut().unwrap().remove("hash").unwrap();
    assert_eq!(hash, hex::encode(Sha256::digest(data.to_string())));
}

#[test]
fn those_who_append_at_once_come_one_after_the_other() {
    let (_folder, lake) = lake();
    thread::scope(|scope| {
        for writer in 0..4 {
            let lake = &lake;
            scope.spawn(move || (0..5).for_each(|_| drop(append(lake, &done(writer), Instant::default()).unwrap())));
        }
    });
    assert_eq!(verify(&lake, None).unwrap().unwrap().entries, 20);
}

#[test]
fn a_writer_that_died_leaves_a_whole_chain() {
    let (_folder, lake) = with_entries(2);
    let head = fs::read(Log::of(&lake).head()).unwrap();
    append(&lake, &done(3), Instant::default()).unwrap();
    // It died before it named the entry that it had written, and another when it had written half of one aside.
    fs::write(Log::of(&lake).head(), head).unwrap();
    fs::write(file(&lake, 4).with_extension("json.new"), "{\"at").unwrap();
    assert_eq!(broken(&lake), None);
    append(&lake, &done(4), Instant::default()).unwrap();
    assert_eq!(verify(&lake, None).unwrap().unwrap().entries, 4);
}

#[test]
fn no_entry_is_written_over_where_head_was_removed_or_put_back() {
    let heads: [fn(&Lake); 3] = [
        |lake| fs::remove_file(Log::of(lake).head()).unwrap(),
        |lake| fs::write(Log::of(lake).head(), head_of(lake, 2)).unwrap(),
        |lake| fs::write(Log::of(lake).head(), head_of(lake, 1)).unwrap(),
    ];
    for put_back in heads {
        let (_folder, lake) = with_entries(4);
        let texts = || (1..=4).map(|number| fs::read(file(&lake, number)).unwrap()).collect::<Vec<_>>();
        let before = texts();
        put_back(&lake);
        assert!(matches!(can_follow(&lake), Err(Error::Log(_))));
        let error = append(&lake, &done(5), Instant::default()).unwrap_err().to_string();
        assert!(error.contains("is there already"), "{error}");
        assert!(texts() == before && !file(&lake, 5).exists());
        assert!(broken(&lake).is_some());
        // It is mended as the message says.
        fs::write(Log::of(&lake).head(), head_of(&lake, 4)).unwrap();
        append(&lake, &done(5), Instant::default()).unwrap();
        assert_eq!(broken(&lake), None);
    }
}

#[test]
fn who_appends_meanwhile_breaks_nothing() {
    let (_folder, lake) = lake();
    thread::scope(|scope| {
        let writer =
            scope.spawn(|| (0..60).for_each(|number| drop(append(&lake, &done(number), Instant::default()).unwrap())));
        while !writer.is_finished() {
            assert_eq!(broken(&lake), None);
        }
    });
}

#[test]
fn what_is_missing_at_the_end_stays_missing() {
    let (_folder, lake) = with_entries(3);
    fs::remove_file(file(&lake, 3)).unwrap();
    assert_eq!(broken(&lake).unwrap().number, 3);
    append(&lake, &done(4), Instant::default()).unwrap();
    assert_eq!(broken(&lake).unwrap().number, 3);
}

#[test]
fn who_cuts_the_log_and_says_so_in_head_is_found_by_a_hash_that_is_known_elsewhere() {
    let (_folder, lake) = with_entries(3);
    let (told, _) = entries(&lake).unwrap();
    fs::remove_file(file(&lake, 3)).unwrap();
    let head = Head { number: 2, hash: told[1].text("hash").into() };
    fs::write(Log::of(&lake).head(), head.text()).unwrap();
    assert_eq!(broken(&lake), None);
    assert_eq!(verify(&lake, Some(told[2].text("hash"))).unwrap().unwrap_err().number, 3);
}

#[test]
fn nothing_follows_on_an_entry_that_cannot_be_read() {
    let (_folder, lake) = with_entries(1);
    fs::write(file(&lake, 2), "{}\n").unwrap();
    assert!(matches!(append(&lake, &done(3), Instant::default()), Err(Error::Log(Broken { number: 2, .. }))));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_change_of_a_byte_is_found_where_it_is(which in 0..5_u64, at in any::<Index>(), byte in any::<u8>()) {
        let (_folder, lake) = with_four();
        let path = if which == 0 { Log::of(&lake).head().into() } else { file(&lake, which) };
        let mut bytes = fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        fs::write(&path, bytes).unwrap();
        let broken = broken(&lake);
        prop_assert!(broken.is_some());
        prop_assert!(which == 0 || broken.unwrap().number == which);
    }

    #[test]
    fn any_removal_is_found_where_it_is(first in 1..5_u64, more in 0..4_u64) {
        let (_folder, lake) = with_four();
        for number in first..=(first + more).min(4) {
            fs::remove_file(file(&lake, number)).unwrap();
        }
        prop_assert_eq!(broken(&lake).map(|broken| broken.number), Some(first));
    }

    #[test]
    fn any_swap_is_found_where_it_is(one in 1..5_u64, other in 1..5_u64) {
        prop_assume!(one < other);
        let (_folder, lake) = with_four();
        let (first, second) = (fs::read(file(&lake, one)).unwrap(), fs::read(file(&lake, other)).unwrap());
        fs::write(file(&lake, one), second).unwrap();
        fs::write(file(&lake, other), first).unwrap();
        prop_assert_eq!(broken(&lake).map(|broken| broken.number), Some(one));
    }

    #[test]
    fn an_entry_that_was_put_between_is_found(at in 1..5_u64) {
        let (_folder, lake) = with_four();
        for number in (at..=4).rev() {
            fs::rename(file(&lake, number), file(&lake, number + 1)).unwrap();
        }
        let forged = Entry::new(&lake, &done(9), Instant::default(), None);
        fs::write(file(&lake, at), forged.file()).unwrap();
        prop_assert!(broken(&lake).is_some());
    }
}
