//! Catching up with a timeline: what is new, what came late, and instances that do not page as Mastodon does.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::instance::{Instance, Mill, Reply, all, answer, on, post, quick};
use proptest::prelude::*;
use serde_json::json;
use tootmill_collect::{Beginning, CatchUp, Cursor, Error, Kind, Limits, Lineage, OVERLAP, Observer, RawWriter};
use tootmill_mastodon::{Feed, Settings};
use tootmill_metric::{Instant, Status};

#[test]
fn what_is_new_is_collected_in_order_and_what_came_late_is_found() {
    let (instance, mill) = (Instance::plain(), Mill::new());
    assert!(matches!(mill.collect(&instance, on()), Err(Error::Mastodon(tootmill_mastodon::Error::Closed { .. }))));
    (1..=200).for_each(|number| instance.post(number * 10, number * 60));
    assert!(matches!(mill.collect(&instance, on()), Err(Error::NoBeginning { .. })));
    let told = mill.collect(&instance, all(1000)).unwrap();
    assert_eq!((told.posts, told.known), (200, 0));
    assert!(told.committed.files > 5, "{told:?}");
    assert_eq!(mill.ids(), (1..=200).map(|number| number * 10).collect::<Vec<_>>());

    // One new post, one that came late within the quarter of an hour, one that came later still.
    instance.post(2010, 201 * 60);
    instance.post(1905, 190 * 60 + 30);
    instance.post(1005, 100 * 60 + 30);
    // A post of the overlap has got a favourite since.
    instance
        .posts
        .lock()
        .unwrap()
        .insert(2000, json!({"favourites_count": 1, "id": "2000", "created_at": "2026-11-01T03:20:00Z"}));
    let told = mill.collect(&instance, on()).unwrap();
    assert_eq!((told.posts, told.known), (3, 14));
    assert_eq!(mill.ids()[200..], [1905, 2000, 2010]);
    let told = mill.collect(&instance, on()).unwrap();
    assert_eq!((told.posts, told.committed.files), (0, 0));
    // Further back, it is found.
    let overlap = Duration::from_hours(3);
    let told = mill.collect(&instance, CatchUp { overlap, ..on() }).unwrap();
    assert_eq!((told.posts, &mill.ids()[203..]), (1, &[1005, 2010][..]), "and the newest, which says how far it is");
}

#[test]
fn a_lineage_begins_at_a_time_or_with_so_many_posts() {
    let instance = Instance::plain();
    (1..=200).for_each(|number| instance.post(number, number * 60));
    let begin = |beginning| {
        let mill = Mill::new();
        mill.collect(&instance, CatchUp { beginning: Some(beginning), ..on() }).unwrap();
        mill.ids()
    };
    for last in [1, 39, 40, 41, 80, 199, 200] {
        assert_eq!(begin(Beginning::Last(last)), (201 - last..=200).collect::<Vec<_>>(), "{last}");
    }
    assert_eq!(begin(Beginning::Last(201)).len(), 200);
    let since = |text| Beginning::Since(Instant::parse(text).unwrap());
    assert_eq!(begin(since("2026-11-01T01:40:00Z")), (100..=200).collect::<Vec<_>>());
    assert_eq!(begin(since("2020-01-01")).len(), 200);
    assert_eq!(begin(since("2026-11-02")), [0; 0]);
}

#[test]
fn a_gap_that_is_left_is_recorded() {
    let (instance, mill) = (Instance::plain(), Mill::new());
    instance.post(1, 1);
    mill.collect(&instance, all(1000)).unwrap();
    (2..=100).for_each(|number| instance.post(number, number));
    let how = CatchUp { beginning: Some(Beginning::Last(10)), leave_gap: true, ..on() };
    mill.collect(&instance, how).unwrap();
    let raw = mill.raw();
    let gap = raw.iter().find_map(|line| line.get("gap")).unwrap();
    assert_eq!(
        (&gap["after"], &gap["before"], &gap["lineage"]),
        (&json!("1"), &json!("90"), &json!("public")),
        "{gap}"
    );
    assert_eq!(mill.ids()[1..], (91..=100).collect::<Vec<_>>());
}

#[test]
fn feeds_are_lineages_of_their_own_and_stay_what_they_are() {
    let (instance, mill) = (Instance::plain(), Mill::new());
    (1..=100).for_each(|number| instance.post(number, number));
    let local = Feed { local: true, ..Feed::default() };
    mill.collect(&instance, all(1000)).unwrap();
    instance.requests.lock().unwrap().clear();
    mill.collect_feed(&instance, all(1000), quick(), local).unwrap();
    assert_eq!(mill.ids().len(), 200);
    // The links of this instance drop the parameter.
    let timelines = instance.timelines();
    assert!(
        timelines.len() > 5 && timelines.iter().all(|request| request.get("local") == Some("true")),
        "{timelines:?}"
    );
}

#[test]
fn links_that_lead_away_are_not_followed() {
    let (stranger, mill) = (Instance::plain(), Mill::new());
    let elsewhere = stranger.url.clone();
    let instance = Instance::start(move |request, posts| {
        let link = format!("<{elsewhere}/api/v1/timelines/public?min_id=1>; rel=\"prev\"");
        request.is_timeline().then(|| match answer(request, posts, "") {
            Reply::Answer { status, body, .. } => Reply::bytes(status, body).with("Link", &link),
            other => other,
        })
    });
    (1..=100).for_each(|number| instance.post(number, number));
    assert_eq!(mill.collect(&instance, all(1000)).unwrap().posts, 100);
    assert!(stranger.timelines().is_empty());
}

#[test]
fn an_instance_that_does_not_heed_min_id_is_noticed() {
    // As `since_id` does: the newest page above the bound (api/guidelines.md#pagination); and not at all.
    for heeds_the_bound in [true, false] {
        let instance = Instance::start(move |request, posts| {
            let bound: u64 = request.get("min_id")?.parse().ok()?;
            let newest = posts.lock().unwrap().iter().rev().map(|(id, post)| (*id, post.clone())).collect::<Vec<_>>();
            let limit: usize = request.get("limit")?.parse().ok()?;
            let page = newest.into_iter().filter(|(id, _)| !heeds_the_bound || *id > bound).take(limit);
            Some(Reply::json(200, &page.map(|(_, post)| post).collect()))
        });
        let mill = Mill::new();
        (1..=30).for_each(|number| instance.post(number, number * 3600));
        mill.collect(&instance, CatchUp { beginning: Some(Beginning::Last(100)), ..on() }).unwrap();
        (31..=100).for_each(|number| instance.post(number, number * 3600));
        let error = mill.collect(&instance, on()).unwrap_err();
        assert!(error.to_string().contains("min_id"), "{error}");
        assert_eq!(error.status(), Status::Permanent);
        assert_eq!(mill.ids().len(), 30, "nothing was taken");
    }
}

#[test]
fn an_instance_that_says_nothing_is_asked_again() {
    let mut hangs = true;
    let instance = Instance::start(move |request, _| {
        (request.is_timeline() && std::mem::take(&mut hangs)).then(|| Reply::Hang(Duration::from_secs(1)))
    });
    let mill = Mill::new();
    instance.post(1, 1);
    assert_eq!(mill.collect(&instance, all(1000)).unwrap().posts, 1);
}

/// A cache, or a copy of the database, may answer once with another page than was asked for.
#[test]
fn a_page_that_does_not_begin_where_it_should_is_read_again() {
    let stale = Arc::new(AtomicBool::new(false));
    let is_stale = Arc::clone(&stale);
    let instance = Instance::start(move |request, posts| {
        let is_page = request.get("min_id").is_some() && request.get("limit") == Some("40");
        (is_page && is_stale.swap(false, Ordering::Relaxed)).then(|| {
            let newest = posts.lock().unwrap().values().rev().take(40).cloned().collect::<serde_json::Value>();
            Reply::json(200, &newest)
        })
    });
    let mill = Mill::new();
    instance.post(1, 0);
    mill.collect(&instance, all(1000)).unwrap();
    (2..=300).for_each(|number| instance.post(number, number * 60));
    stale.store(true, Ordering::Relaxed);
    mill.collect(&instance, on()).unwrap();
    assert_eq!(mill.ids(), (1..=300).collect::<Vec<_>>());
    // So may posts go between two requests.
    (301..=310).for_each(|number| instance.post(number, number * 60));
    let posts = Arc::clone(&instance.posts);
    let removing = Instance::start(move |request, ours| {
        *ours.lock().unwrap() = posts.lock().unwrap().clone();
        if request.get("limit") == Some("1") && request.get("min_id").is_some() {
            posts.lock().unwrap().remove(&301);
            ours.lock().unwrap().remove(&301);
        }
        None
    });
    mill.collect(&removing, CatchUp { overlap: Duration::ZERO, ..on() }).unwrap();
    assert_eq!(mill.ids()[300..], (302..=310).collect::<Vec<_>>());
}

/// Edits, and posts that come late, are in files of their own where a timeline is quiet: they do not put the cursor back.
#[test]
fn a_file_of_old_posts_alone_puts_nothing_back() {
    let (instance, mill) = (Instance::plain(), Mill::new());
    (1..=200).for_each(|number| instance.post(number, number * 3600));
    mill.collect(&instance, all(1000)).unwrap();
    for (kind, id) in [(Kind::Stream, 2), (Kind::Stream, 50), (Kind::Pages, 3), (Kind::Stream, 4)] {
        let lineage = Lineage::begin(&mill.lake, Feed::default(), Observer::anonymous(), &mill.policy).unwrap();
        let mut writer = RawWriter::new(&lineage, kind, Limits::default());
        writer.write(&json!({"edited_at": "2026-11-20T00:00:00Z", "id": id.to_string(), "created_at": "2026-11-01T02:00:00Z"}).to_string()).unwrap();
        if kind == Kind::Pages {
            writer.write(&post(200, 200 * 3600).to_string()).unwrap();
        }
        writer.commit().unwrap();
        for overlap in [Duration::ZERO, OVERLAP] {
            let cursor = Cursor::read(&lineage, overlap, usize::MAX).unwrap().cursor.unwrap();
            assert_eq!(
                (cursor.newest.as_str(), cursor.start.as_str()),
                ("200", if overlap.is_zero() { "200" } else { "199" }),
                "{kind:?} {id}"
            );
        }
    }
    instance.post(201, 201 * 3600);
    assert_eq!(mill.collect(&instance, on()).unwrap().posts, 1);
}

#[test]
fn an_overlap_has_so_many_posts_at_most() {
    let (instance, mill) = (Instance::plain(), Mill::new());
    (1..=200).for_each(|number| instance.post(number, number));
    mill.collect(&instance, all(1000)).unwrap();
    let told = mill.collect(&instance, CatchUp { overlap_posts: 30, ..on() }).unwrap();
    assert_eq!((told.posts, told.known), (0, 30));
}

#[test]
fn a_timeline_that_shows_nothing_any_more_may_show_its_posts_again_soon() {
    let (instance, mill) = (Instance::plain(), Mill::new());
    instance.post(1, 1);
    mill.collect(&instance, all(1000)).unwrap();
    instance.posts.lock().unwrap().clear();
    assert_eq!(mill.collect(&instance, on()).unwrap_err().status(), Status::Temporary);
}

#[test]
fn a_page_that_comes_again_is_noticed() {
    let instance = Instance::start(move |request, posts| {
        let bound: u64 = request.get("min_id")?.parse().ok()?;
        (bound > 80).then(|| Reply::json(200, &(41..=80).map(|id| posts.lock().unwrap()[&id].clone()).collect()))
    });
    let mill = Mill::new();
    (1..=200).for_each(|number| instance.post(number, number));
    let error = mill.collect(&instance, all(1000)).unwrap_err();
    assert!(error.to_string().contains("no newer ones"), "{error}");
}

#[test]
fn a_page_without_posts_is_not_the_end_where_there_are_newer_ones() {
    let (down, mill) = (Arc::new(AtomicBool::new(true)), Mill::new());
    let is_down = Arc::clone(&down);
    let instance = Instance::start(move |request, _| {
        let bound: u64 = request.get("min_id")?.parse().ok()?;
        (bound >= 80 && is_down.load(Ordering::Relaxed)).then(|| Reply::json(200, &json!([])))
    });
    (1..=200).for_each(|number| instance.post(number, number));
    let error = mill.collect(&instance, all(1000)).unwrap_err();
    assert_eq!(error.status(), Status::Temporary, "{error}");
    down.store(false, Ordering::Relaxed);
    mill.collect(&instance, on()).unwrap();
    assert_eq!(mill.ids().into_iter().collect::<BTreeSet<_>>().len(), 200);
}

#[test]
fn a_fence_that_is_deleted_is_no_error() {
    let mill = Mill::new();
    let instance = Instance::start(move |request, posts| {
        if request.get("min_id").is_some() {
            posts.lock().unwrap().remove(&100);
        }
        None
    });
    (1..=100).for_each(|number| instance.post(number, number));
    let how = CatchUp { beginning: Some(Beginning::Last(60)), ..on() };
    assert_eq!(mill.collect(&instance, how).unwrap().posts, 59);
}

#[test]
fn an_endless_page_is_refused() {
    let instance = Instance::start(|request, _| request.is_timeline().then(|| Reply::bytes(200, vec![b' '; 200_000])));
    let error = Mill::new().collect_with(&instance, on(), Settings { largest: 100_000, ..quick() }).unwrap_err();
    assert!(error.to_string().contains("100000 bytes"), "{error}");
}

/// Whatever comes when, and wherever a run is cut off: each post that the timeline showed is collected, but those that came
/// later than the overlap.
#[derive(Clone, Debug)]
enum Step {
    Post { late: u64 },
    Run { requests: Option<usize> },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let post = (0..300_u64).prop_map(|late| Step::Post { late });
    let run = proptest::option::weighted(0.7, 1..8_usize).prop_map(|requests| Step::Run { requests });
    proptest::collection::vec(prop_oneof![40 => post, 1 => run], 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn no_post_is_missed_wherever_a_run_is_cut_off(steps in steps()) {
        let stop = Arc::new(AtomicBool::new(false));
        let left = Arc::new(std::sync::Mutex::new(None));
        let (stopping, counting) = (Arc::clone(&stop), Arc::clone(&left));
        let instance = Instance::start(move |_, _| {
            if let Some(left) = &mut *counting.lock().unwrap() {
                *left -= 1;
                stopping.store(*left == 0, Ordering::Relaxed);
            }
            None
        });
        let mill = Mill::new();
        instance.post(1, 0);
        mill.collect(&instance, all(3000)).unwrap();
        let mut posted = BTreeSet::from([1]);
        // Ten seconds between posts; one that is late has the place of its time.
        let mut seconds = 0;
        for step in steps.into_iter().chain([Step::Run { requests: None }]) {
            match step {
                Step::Post { late } => {
                    seconds += 10;
                    let written = u64::saturating_sub(seconds, late);
                    let id = written * 1000 + posted.len() as u64 + 2;
                    instance.posts.lock().unwrap().insert(id, post(id, written));
                    posted.insert(id);
                }
                Step::Run { requests } => {
                    *left.lock().unwrap() = requests.map(|requests| requests + 1);
                    let settings = Settings { stop: Arc::clone(&stop), ..quick() };
                    let done = mill.collect_with(&instance, CatchUp { overlap: OVERLAP, ..all(3000) }, settings);
                    prop_assert!(done.is_ok() || stop.load(Ordering::Relaxed), "{:?}", done);
                    stop.store(false, Ordering::Relaxed);
                }
            }
        }
        prop_assert_eq!(mill.ids().into_iter().collect::<BTreeSet<_>>(), posted);
    }
}
