//! Collecting under a policy: what is kept, what is counted, and that nothing is read or counted twice because it was not kept.

use serde_json::{Value, json};
use tootmill_metric::{Line, PolicyCounts, Registry};
use tootmill_plugins as _;
use tootmill_policy::{Forgotten, Hashed, Key, Level, Policy, Tally};

use crate::instance::{Instance as Server, Mill, Reply, all, on, post};

pub fn default_policy() -> Policy {
    policy(Level::Default)
}

pub fn strict_policy() -> Policy {
    policy(Level::Strict)
}

fn policy(level: Level) -> Policy {
    Policy::new(level, "mill.test", &Registry::linked().unwrap())
}

/// An empty list of whom a lake has forgotten.
fn nobody() -> Forgotten {
    Forgotten::new(Some(Key::new(&[7; Key::BYTES])))
}

/// Where posts can be forgotten.
pub fn that_forgets() -> Mill {
    Mill::under(default_policy().forgetting(nobody()))
}

/// Forgets a post, as far as a collector sees it.
pub fn forget(mill: &Mill, post: &str) {
    let list = nobody().with([Hashed::Post(post)]).unwrap();
    mill.lake.storage().write_text(&mill.lake.forgotten(), &list).unwrap();
}

/// The post, of an account that says this of itself.
pub fn says(mut post: Value, what: &str) -> Value {
    post["account"][what] = json!(true);
    post
}

/// Puts a post into the timeline, a minute after the one before.
fn put(server: &Server, id: u64, what: &str) {
    server.posts.lock().unwrap().insert(id, says(post(id, id * 60), what));
}

/// What the notes in the lake count.
pub(crate) fn noted(mill: &Mill) -> PolicyCounts {
    let mut counts = PolicyCounts::default();
    for line in mill.raw() {
        if let Ok(Line::Policy(more)) = Line::parse(&line.to_string()) {
            counts.left_out += more.left_out;
            counts.reduced += more.reduced;
        }
    }
    counts
}

#[test]
fn what_is_kept_is_collected_and_what_is_not_is_counted_once() {
    let (server, mill) = (Server::plain(), Mill::under(default_policy()));
    for id in 1..=90 {
        let what = ["noindex", "indexable", "locked"][usize::try_from(id % 3).unwrap()];
        put(&server, id, what);
    }
    let told = mill.collect(&server, all(1000)).unwrap();
    assert_eq!((told.posts, told.left_out), (60, 30));
    let policy = Tally { left_out: 30, noindex: 30, reduced: 30, ..Tally::default() };
    assert!(told.committed.files > 2 && told.committed.policy == policy, "{told:?}");
    assert_eq!(noted(&mill), PolicyCounts { left_out: 30, reduced: 30 });
    let raw = mill.raw();
    let with_text = raw.iter().filter(|line| line["content"] == "<p>grain</p>").count();
    assert_eq!((with_text, raw.iter().filter(|line| line["content"] == "").count()), (30, 30));
    assert!(!raw.iter().any(|line| line.to_string().contains("noindex\":true")), "{raw:?}");

    // What comes again is known as it was kept, and what was left out was counted.
    let told = mill.collect(&server, on()).unwrap();
    assert_eq!((told.posts, told.left_out, told.committed.files), (0, 0, 0));
    assert!(told.known > 5, "{told:?}");
    put(&server, 91, "indexable");
    put(&server, 92, "noindex");
    let told = mill.collect(&server, on()).unwrap();
    assert_eq!((told.posts, told.left_out), (1, 1));
    // The newest of all is not kept, and is read each time.
    for _ in 0..3 {
        let told = mill.collect(&server, on()).unwrap();
        assert_eq!((told.posts, told.left_out, told.committed.files), (0, 0, 0));
    }
    put(&server, 93, "noindex");
    let told = mill.collect(&server, on()).unwrap();
    assert_eq!((told.posts, told.left_out, told.committed.files), (0, 1, 1), "a note alone");
    assert_eq!(mill.collect(&server, on()).unwrap().left_out, 0);
    assert_eq!(noted(&mill), PolicyCounts { left_out: 32, reduced: 30 });
}

/// The ids that are noted as deleted.
pub fn deleted(mill: &Mill) -> Vec<Value> {
    mill.raw().into_iter().filter_map(|line| line.get("deleted").cloned()).collect()
}

#[test]
fn a_post_that_comes_again_and_is_left_out_now_is_deleted_once() {
    let (server, mill) = (Server::plain(), Mill::under(default_policy()));
    (1..=9).for_each(|id| drop(server.posts.lock().unwrap().insert(id, says(post(id, id), "indexable"))));
    assert_eq!(mill.collect(&server, all(1 << 20)).unwrap().posts, 9);
    // The first of all, above which is read again, is not.
    for id in [5, 9] {
        server.posts.lock().unwrap().insert(id, says(post(id, id), "noindex"));
    }
    let told = mill.collect(&server, on()).unwrap();
    assert_eq!((told.withdrawn, told.left_out, told.posts), (2, 0, 0), "{told:?}");
    assert_eq!(deleted(&mill), ["5", "9"]);
    let told = mill.collect(&server, on()).unwrap();
    assert_eq!((told.withdrawn, told.left_out, told.committed.files), (0, 0, 0), "{told:?}");
    assert_eq!(deleted(&mill), ["5", "9"]);
}

#[test]
fn that_a_post_was_forgotten_is_no_deletion_which_would_tell_its_id() {
    let (server, mill) = (Server::plain(), that_forgets());
    (1..=9).for_each(|id| drop(server.posts.lock().unwrap().insert(id, says(post(id, id), "indexable"))));
    assert_eq!(mill.collect(&server, all(1 << 20)).unwrap().posts, 9);
    forget(&mill, "5");
    let told = mill.collect(&server, on()).unwrap();
    assert_eq!((told.withdrawn, told.posts), (0, 0), "{told:?}");
    assert_eq!(deleted(&mill), [""; 0]);
}

#[test]
fn where_nothing_is_kept_nothing_is_broken() {
    let (server, mill) = (Server::plain(), Mill::under(default_policy()));
    (1..=50).for_each(|id| drop(server.posts.lock().unwrap().insert(id, says(post(id, id), "noindex"))));
    let told = mill.collect(&server, all(1000)).unwrap();
    assert_eq!((told.posts, told.left_out, told.committed.lines), (0, 50, 0));
    assert_eq!(noted(&mill).left_out, 50);
    // It goes on where it was, although no post says where.
    for how in [on(), all(1000)] {
        let told = mill.collect(&server, how).unwrap();
        assert_eq!((told.posts, told.left_out, told.committed.files), (0, 0, 0), "{told:?}");
    }
    server.posts.lock().unwrap().insert(60, says(post(60, 60), "noindex"));
    assert_eq!(mill.collect(&server, on()).unwrap().left_out, 1);
    assert_eq!(noted(&mill).left_out, 51);
}

#[test]
fn what_is_left_out_of_a_backlog_is_counted_once_though_it_breaks_off_between_two_files() {
    let broken = std::sync::atomic::AtomicBool::new(true);
    let server = Server::start(move |request, _| {
        let is_late = request.get("min_id").and_then(|id| id.parse::<u64>().ok()).is_some_and(|id| id >= 100);
        (is_late && broken.swap(false, std::sync::atomic::Ordering::Relaxed)).then(|| Reply::json(404, &json!({})))
    });
    let mill = Mill::under(default_policy());
    for id in 1..=300 {
        let what = ["noindex", "indexable"][usize::try_from(id % 2).unwrap()];
        server.posts.lock().unwrap().insert(id, says(post(id, id * 10), what));
    }
    let broken = mill.collect(&server, all(1000));
    assert!(broken.is_err(), "{broken:?}");
    let before = noted(&mill).left_out;
    assert!((10..100).contains(&before), "{before}");
    assert_eq!(mill.collect(&server, on()).unwrap().left_out, 150 - before);
    assert_eq!(noted(&mill).left_out, 150);
}

#[test]
fn what_is_written_while_files_are_committed_is_counted_when_it_is_read() {
    let (server, mill) = (Server::plain(), Mill::under(default_policy()));
    for id in 1..=9 {
        server
            .posts
            .lock()
            .unwrap()
            .insert(id, says(post(id, id), ["noindex", "indexable"][usize::try_from(id % 2).unwrap()]));
    }
    assert_eq!(mill.collect(&server, all(1 << 20)).unwrap().left_out, 4);
    // Written before the note was, and above what was read.
    server.posts.lock().unwrap().insert(10, says(post(10, 60), "noindex"));
    assert_eq!(mill.collect(&server, on()).unwrap().left_out, 1);
    assert_eq!(mill.collect(&server, on()).unwrap().left_out, 0);
}
