//! Following a stream: what comes before it, between two connections, and without its telling.

use std::{
    collections::BTreeSet,
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use crate::{
    instance::{Instance, Mill, Nobody, Posts, Reply, Request, all, on, post, quick},
    policy::{default_policy, deleted, says},
};
use serde_json::{Value, json};
use tootmill_collect::{CatchUp, Error, Follow, Followed, Limits, Lineage, Observer, follow};
use tootmill_mastodon::{Client, Feed, Instance as Description, Settings, Stream};
use tootmill_metric::Status;

const AT_ONCE: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_mins(1);

/// A post as it is streamed.
fn update(id: u64) -> String {
    format!("event: update\ndata: {}\n\n", post(id, id))
}

/// Files that are committed soon.
fn soon(catch_up: CatchUp) -> Follow {
    let limits = Limits { time: Duration::from_millis(50), ..Limits::default() };
    Follow { catch_up: CatchUp { limits, ..catch_up }, silence: LONG, check: LONG, ..Follow::default() }
}

/// Follows until the lake is as it should be, or it ends by itself.
fn follow_until(
    mill: &Mill,
    instance: &Instance,
    how: &Follow,
    is_enough: impl Fn(&Mill) -> bool + Send,
) -> Result<Followed, Error> {
    let settings = Settings { timeout: LONG, ..quick() };
    let client = Client::new(&instance.url, settings, Box::new(())).unwrap();
    let lineage = Lineage::begin(&mill.lake, Feed::default(), Observer::anonymous(), &mill.policy).unwrap();
    let stop = &client.settings().stop.clone();
    let (is_over, since) = (&std::sync::atomic::AtomicBool::new(false), Instant::now());
    thread::scope(|scope| {
        scope.spawn(move || {
            while !is_enough(mill) && since.elapsed() < LONG && !is_over.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(20));
            }
            stop.store(true, Ordering::Relaxed);
        });
        let told = follow(&client, &Description::default(), &lineage, how, &Nobody);
        is_over.store(true, Ordering::Relaxed);
        told
    })
}

/// An instance that streams so, one connection after the other, and does something before each; then its stream is away.
fn streams(
    mut connections: Vec<Vec<(Duration, String)>>,
    mut before: impl FnMut(usize, &Posts) + Send + 'static,
) -> Instance {
    connections.reverse();
    let mut number = 0;
    Instance::start(move |request: &Request, posts: &Posts| {
        if request.path != Stream::PATH {
            return None;
        }
        before(number, posts);
        number += 1;
        Some(connections.pop().map_or(Reply::bytes(503, ""), Reply::Stream))
    })
}

fn put(posts: &Posts, ids: impl IntoIterator<Item = u64>) {
    posts.lock().unwrap().extend(ids.into_iter().map(|id| (id, post(id, id))));
}

#[test]
fn what_came_before_a_stream_is_read_by_pages_and_committed_before_it() {
    let stays = (LONG, String::new());
    let instance = streams(
        vec![
            vec![(AT_ONCE, update(1_001) + &update(1_002)), (Duration::from_secs(1), update(1_003))],
            // The first of these is on a page as well.
            vec![(AT_ONCE, update(2_200) + "event: delete\ndata: 1002\n\n" + &update(2_201)), stays],
        ],
        |number, posts| match number {
            0 => put(posts, 1..=1_000),
            1 => put(posts, (1_001..=1_003).chain(2_001..=2_200)),
            _ => {}
        },
    );
    let mill = Mill::new();
    let told = follow_until(&mill, &instance, &soon(all(64 << 20)), |mill| mill.ids().contains(&2_201)).unwrap();
    let ids = mill.ids();
    let expected: Vec<u64> = (1..=1_003).chain(2_001..=2_200).chain([2_200, 2_201]).collect();
    // What stood on both ways is there twice; what is committed is never ahead of what comes before it.
    let mut newest = 0;
    for id in &ids {
        assert!(*id <= newest + 1 || *id == 2_001, "{id} after {newest}");
        newest = newest.max(*id);
    }
    assert_eq!(ids.iter().collect::<BTreeSet<_>>(), expected.iter().collect());
    assert_eq!((told.posts, told.deletions, told.connections), (5, 1, 2), "{told:?}");
    assert!(told.by_pages >= 1_200, "{told:?}");
    let deletion = mill.raw().into_iter().find(|line| line.get("deleted").is_some()).unwrap();
    assert_eq!(deletion["deleted"], "1002");
    assert!(tootmill_metric::Instant::parse(deletion["observed"].as_str().unwrap()).is_some());
}

/// The lines of gaps, as posts between two.
fn gaps(mill: &Mill) -> Vec<Value> {
    let gaps = mill.raw().into_iter().filter_map(|line| line.get("gap").cloned());
    gaps.map(|gap| json!([gap["after"], gap["before"]])).collect()
}

#[test]
fn where_pages_are_closed_a_gap_is_recorded() {
    let streams = vec![
        vec![(AT_ONCE, update(10) + &update(11)), (Duration::from_millis(500), String::new())],
        vec![(AT_ONCE, "event: delete\ndata: 10\n\n".to_string() + &update(20) + &update(21)), (LONG, String::new())],
    ];
    let mut streams = streams.into_iter();
    let instance = Instance::start(move |request: &Request, _: &Posts| {
        let reply = if request.path == Stream::PATH {
            streams.next().map_or(Reply::bytes(503, ""), Reply::Stream)
        } else {
            Reply::json(401, &json!({"error": "The access token is invalid"}))
        };
        Some(reply)
    });
    let mill = Mill::new();
    let told = follow_until(&mill, &instance, &soon(on()), |mill| mill.ids().contains(&21)).unwrap();
    assert_eq!(mill.ids(), [10, 11, 20, 21]);
    // There is none before the first post of all.
    assert_eq!(gaps(&mill), [json!(["11", "20"])]);
    assert_eq!((told.gaps, told.by_pages), (1, 0));
}

#[test]
fn it_begins_with_the_stream_where_nothing_says_where_to_begin() {
    let instance = streams(vec![vec![(AT_ONCE, update(10)), (LONG, String::new())]], |_, posts| put(posts, 1..=9));
    let mill = Mill::new();
    let told = follow_until(&mill, &instance, &soon(on()), |mill| !mill.ids().is_empty()).unwrap();
    assert_eq!((mill.ids(), gaps(&mill)), (vec![10], Vec::new()));
    assert_eq!((told.by_pages, told.gaps), (0, 0));
}

#[test]
fn posts_that_a_stream_does_not_bring_are_found() {
    let beats = (0..200).map(|_| (Duration::from_millis(100), ":thump\n".to_string()));
    let instance = streams(vec![beats.collect()], |_, posts| put(posts, 1..=9));
    let late = instance.posts.clone();
    let posting = thread::spawn(move || {
        thread::sleep(Duration::from_secs(2));
        put(&late, [10]);
    });
    let mill = Mill::new();
    let how = Follow { check: Duration::from_millis(300), ..soon(all(64 << 20)) };
    let told = follow_until(&mill, &instance, &how, |mill| mill.ids().contains(&10)).unwrap();
    assert_eq!(mill.ids(), (1..=10).collect::<Vec<_>>());
    assert_eq!((told.posts, told.by_pages, told.connections), (0, 10, 1));
    posting.join().unwrap();
}

#[test]
fn a_stream_that_is_refused_ends_it_and_keeps_what_came() {
    let mut first = true;
    let instance = Instance::start(move |request: &Request, posts: &Posts| {
        let is_first = std::mem::take(&mut first);
        (request.path == Stream::PATH).then(|| {
            put(posts, [1]);
            // A token that is revoked ends the stream, and opens no other.
            let refused = Reply::json(401, &json!({"error": "Invalid access token"}));
            if is_first { Reply::Stream(vec![(AT_ONCE, update(2))]) } else { refused }
        })
    });
    let mill = Mill::new();
    let error = follow_until(&mill, &instance, &soon(all(64 << 20)), |_| false).unwrap_err();
    assert_eq!(error.status(), Status::Permanent);
    assert!(error.to_string().contains("Invalid access token"), "{error}");
    assert_eq!(mill.ids(), [1, 2]);
}

#[test]
fn what_is_streamed_is_kept_as_the_policy_says() {
    let (mill, updates) = (
        Mill::under(default_policy()),
        (1..=30).map(|id| match id % 3 {
            0 => format!("event: update\ndata: {}\n\n", says(post(id, id), "noindex")),
            1 => format!("event: update\ndata: {}\n\n", says(post(id, id), "indexable")),
            _ => update(id),
        }),
    );
    let instance = streams(vec![updates.map(|update| (Duration::ZERO, update)).collect()], |_, _| {});
    let told = follow_until(&mill, &instance, &soon(CatchUp::default()), |mill| mill.ids().len() == 20).unwrap();
    assert_eq!((told.posts, told.left_out, told.committed.policy.reduced), (20, 10, 10));
    assert!(mill.ids().iter().all(|id| id % 3 != 0));
}

#[test]
fn an_edit_that_is_left_out_withdraws_what_came_before() {
    let event = |name: &str, id: u64, what: &str| format!("event: {name}\ndata: {}\n\n", says(post(id, id), what));
    let events = [
        event("update", 1, "indexable"),
        event("update", 2, "noindex"),
        event("status.update", 1, "noindex"),
        // What is not kept is not deleted: its id is in no file.
        event("status.update", 2, "noindex"),
        event("status.update", 1, "noindex"),
        event("update", 3, "indexable"),
    ];
    let instance = streams(vec![events.map(|event| (AT_ONCE, event)).into()], |_, _| {});
    let mill = Mill::under(default_policy());
    let told = follow_until(&mill, &instance, &soon(CatchUp::default()), |mill| mill.ids().contains(&3)).unwrap();
    assert_eq!((told.posts, told.withdrawn, told.left_out), (2, 1, 3), "{told:?}");
    assert_eq!(deleted(&mill), ["1"]);
}
