//! Looking at a day's posts again: what people did with them since, what was deleted, and instances that say no.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::{
    instance::{Instance, Mill, Nobody, Posts, Reply, Request, all, post, quick},
    policy::{default_policy, forget, noted, says, strict_policy, that_forgets},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tootmill_collect::{Coverage, Due, Error, How, Lineage, Observer, Refresh, due, refresh};
use tootmill_lake::{Compressed, IDS, Place};
use tootmill_mastodon::{Client, Feed, Instance as Description, Owner, Settings, Statuses, Timeline};
use tootmill_metric::{Day, Status};

/// The day on which all posts of these tests were written, long before they are observed.
fn day() -> Day {
    Day::parse("2020-01-01").unwrap()
}

/// Puts the day's posts into the lake as a compaction does, as far as a refresh looks at them.
fn compacted(mill: &Mill, ids: impl IntoIterator<Item = u64>) {
    let lease = mill.lake.lease("a test").unwrap();
    let staged = mill.lake.versions(Place::Posts(day())).stage(&lease).unwrap();
    let mut file = Compressed::create(&**mill.lake.storage(), &format!("{}/{IDS}", staged.folder())).unwrap();
    for id in ids {
        file.write_line(id.to_string().as_bytes()).unwrap();
    }
    file.finish().unwrap();
    staged.commit(&json!({}), &lease).unwrap();
}

/// What Mastodon answers about statuses by their ids (`methods/statuses.md#index`, `#get`).
fn statuses(request: &Request, posts: &Posts) -> Option<Reply> {
    let posts = posts.lock().unwrap();
    if is_several(request) {
        let asked = asked(request);
        // Above 20 ids: PR 27871.
        if asked.len() > 20 {
            return Some(Reply::json(422, &json!({"error": "Too many"})));
        }
        let there = asked.iter().rev().filter_map(|id| posts.get(id));
        return Some(Reply::json(200, &there.cloned().collect()));
    }
    let post = posts.get(&alone(request)?);
    Some(post.map_or_else(|| no(404), |post| Reply::json(200, post)))
}

fn is_several(request: &Request) -> bool {
    request.path == Statuses::PATH
}

fn asked(request: &Request) -> Vec<u64> {
    request.query.iter().filter(|(name, _)| name == "id[]").map(|(_, id)| id.parse().unwrap()).collect()
}

/// The one status that is asked for.
fn alone(request: &Request) -> Option<u64> {
    request.path.strip_prefix(Statuses::PATH)?.strip_prefix('/')?.parse().ok()
}

fn no(status: u16) -> Reply {
    Reply::json(status, &json!({"error": "Record not found"}))
}

/// An instance like Mastodon, but where `instead` has another reply.
fn mastodon(mut instead: impl FnMut(&Request, &Posts) -> Option<Reply> + Send + 'static) -> Instance {
    Instance::start(move |request, posts| instead(request, posts).or_else(|| statuses(request, posts)))
}

fn look_again(mill: &Mill, instance: &Instance) -> Result<Coverage, Error> {
    look_again_as(Observer::anonymous(), mill, instance, &Refresh::default(), quick())
}

fn look_again_as(
    observer: Observer,
    mill: &Mill,
    instance: &Instance,
    how: &Refresh,
    settings: Settings,
) -> Result<Coverage, Error> {
    let client = Client::new(&instance.url, settings, Box::new(())).unwrap();
    let timeline = Timeline::open(&client, &Description::default(), Feed::default()).unwrap();
    let lineage = Lineage::refresh(&mill.lake, Feed::default(), observer, &mill.policy).unwrap();
    refresh(&timeline, &lineage, day(), how, &Nobody)
}

/// Posts 1 to 60, collected without a token and compacted.
fn collected(instance: &Instance) -> Mill {
    let mill = Mill::new();
    (1..=60).for_each(|id| instance.post(id, id));
    mill.collect(instance, all(1 << 20)).unwrap();
    compacted(&mill, 1..=60);
    instance.requests.lock().unwrap().clear();
    mill
}

fn remove(instance: &Instance, ids: &[u64]) {
    instance.posts.lock().unwrap().retain(|id, _| !ids.contains(id));
}

fn deletions(mill: &Mill) -> BTreeSet<u64> {
    let deleted = |line: &Value| line.get("deleted")?.as_str()?.parse().ok();
    mill.raw().iter().filter_map(deleted).collect()
}

fn asked_alone(instance: &Instance) -> BTreeSet<u64> {
    instance.requests.lock().unwrap().iter().filter_map(alone).collect()
}

#[test]
fn a_day_is_seen_again_in_twenties_and_the_coverage_stands_in_the_lake() {
    let (instance, mill) = (mastodon(|_, _| None), Mill::new());
    (1..=10_000).for_each(|id| instance.post(id, id));
    compacted(&mill, 1..=10_000);
    assert_eq!(due(&mill.lake, None, &Due::default()).unwrap(), [day()]);
    let mut liked = post(77, 77);
    liked["favourites_count"] = json!(5);
    instance.posts.lock().unwrap().insert(77, liked.clone());

    let coverage = look_again(&mill, &instance).unwrap();
    let expected = Coverage {
        at: coverage.at.clone(),
        how: How::Batches,
        of: 10_000,
        asked: 10_000,
        observed: 10_000,
        deleted: 0,
        withdrawn: 0,
        unexplained: 0,
        observer: "anonymous".into(),
    };
    assert_eq!(coverage, expected);
    assert_eq!(Coverage::read(&mill.lake, day()).unwrap(), Some(coverage));
    assert_eq!(instance.requests.lock().unwrap().len(), 500);
    let raw = mill.raw();
    assert_eq!(raw.len(), 10_000);
    assert!(raw.contains(&liked));
    assert_eq!(due(&mill.lake, None, &Due::default()).unwrap(), []);
    assert_eq!(due(&mill.lake, Some(day()), &Due::default()).unwrap(), []);
}

#[test]
fn a_day_must_have_posts_and_be_over_for_long_enough() {
    let mill = Mill::new();
    let error = due(&mill.lake, Some(day()), &Due::default()).unwrap_err();
    assert!(matches!(error, Error::NoPosts { .. }), "{error}");
    compacted(&mill, [1]);
    let century = Due { delay: Duration::from_hours(24 * 36_500), ..Due::default() };
    let error = due(&mill.lake, Some(day()), &century).unwrap_err();
    assert!(matches!(error, Error::NotYet { .. }) && error.status() == Status::Temporary, "{error}");
    assert_eq!(due(&mill.lake, None, &century).unwrap(), []);
}

#[test]
fn what_is_gone_is_deleted_and_what_only_the_list_leaves_out_is_observed() {
    for code in [404, 410] {
        let instance = mastodon(move |request, posts| {
            // Post 30 is on no list.
            if is_several(request) {
                let there = asked(request).into_iter().filter(|id| *id != 30);
                let posts = posts.lock().unwrap();
                return Some(Reply::json(200, &there.filter_map(|id| posts.get(&id).cloned()).collect()));
            }
            alone(request).filter(|id| !posts.lock().unwrap().contains_key(id)).map(|_| no(code))
        });
        let mill = collected(&instance);
        remove(&instance, &[3, 4, 59]);
        let coverage = look_again(&mill, &instance).unwrap();
        assert_eq!((coverage.asked, coverage.observed, coverage.deleted, coverage.unexplained), (60, 57, 3, 0));
        assert_eq!(deletions(&mill), BTreeSet::from([3, 4, 59]));
        // Asked alone: the four, and what is known to be good.
        assert_eq!(asked_alone(&instance), BTreeSet::from([3, 4, 30, 58, 59, 60]));
    }
}

type Instead = Box<dyn FnMut(&Request, &Posts) -> Option<Reply> + Send>;

#[test]
fn an_instance_that_gives_nothing_has_deleted_nothing() {
    // It says 404 to everything, at once or in the middle; or its timeline is empty; or what it says is about something else.
    let in_the_middle = Arc::new(AtomicUsize::new(0));
    let everything = |request: &Request, _: &Posts| {
        if is_several(request) { Some(Reply::json(200, &json!([]))) } else { alone(request).map(|_| no(404)) }
    };
    let middle = move |request: &Request, posts: &Posts| {
        // Two known good ones are given, and then nothing any more.
        let is_over = alone(request).is_some() && in_the_middle.fetch_add(1, Ordering::Relaxed) >= 2;
        if is_over { everything(request, posts) } else { None }
    };
    let empty = |request: &Request, _: &Posts| {
        let instead = || Reply::json(200, &json!([]));
        (request.is_timeline() && request.get("min_id").is_none() && request.get("limit") == Some("40")).then(instead)
    };
    let elsewhere = |request: &Request, posts: &Posts| {
        let is_gone = alone(request).is_some_and(|id| !posts.lock().unwrap().contains_key(&id));
        is_gone.then(|| Reply::bytes(200, "<!DOCTYPE html><p>Log in"))
    };
    let cases: [(&str, Instead, bool); 4] = [
        ("everything", Box::new(everything), true),
        ("in the middle", Box::new(middle), true),
        ("an empty timeline", Box::new(empty), true),
        ("something else", Box::new(elsewhere), false),
    ];
    for (name, mut instead, in_trouble) in cases {
        let ready = Arc::new(AtomicBool::new(false));
        let is_ready = Arc::clone(&ready);
        let instance = mastodon(
            move |request, posts| {
                if is_ready.load(Ordering::Relaxed) { instead(request, posts) } else { None }
            },
        );
        let mill = collected(&instance);
        remove(&instance, &[3, 4]);
        ready.store(true, Ordering::Relaxed);
        match look_again(&mill, &instance) {
            // It is not taken for done.
            Err(error) if in_trouble => {
                assert_eq!(error.status(), Status::Temporary, "{name}: {error}");
                assert!(Coverage::read(&mill.lake, day()).unwrap().is_none(), "{name}");
            }
            Ok(coverage) if !in_trouble => assert_eq!((coverage.deleted, coverage.unexplained), (0, 2), "{name}"),
            other => panic!("{name}: {other:?}"),
        }
        assert_eq!(deletions(&mill), BTreeSet::new(), "{name}");
        // A healthy instance is believed the next time.
        ready.store(false, Ordering::Relaxed);
        assert_eq!(look_again(&mill, &instance).unwrap().deleted, 2, "{name}");
    }
}

#[test]
fn who_could_not_see_a_post_before_cannot_miss_it() {
    let instance = mastodon(|_, _| None);
    let mill = collected(&instance);
    remove(&instance, &[3, 4]);
    let (how, somebody) = (Refresh::default(), Observer::with_token("x", &Owner::Hidden, &SecretString::from("x")));
    let coverage = look_again_as(somebody.clone(), &mill, &instance, &how, quick()).unwrap();
    assert_eq!((coverage.observed, coverage.deleted, coverage.unexplained), (58, 0, 2));
    assert_eq!(coverage.observer, somebody.to_string());
    assert_eq!(asked_alone(&instance), BTreeSet::new());
    // What this one has seen now, it can miss.
    remove(&instance, &[5]);
    let coverage = look_again_as(somebody, &mill, &instance, &how, quick()).unwrap();
    assert_eq!((coverage.deleted, coverage.unexplained), (1, 2));
    assert_eq!(deletions(&mill), BTreeSet::from([5]));
}

/// An instance may hide what comes from elsewhere, and give its own.
#[test]
fn who_wants_no_part_in_it_any_more_counts_no_more() {
    let instance = mastodon(|_, _| None);
    let mill = Mill::under(default_policy());
    (1..=60).for_each(|id| instance.post(id, id));
    mill.collect(&instance, all(1 << 20)).unwrap();
    compacted(&mill, 1..=60);
    for id in [5, 50] {
        instance.posts.lock().unwrap().insert(id, says(post(id, id), "noindex"));
    }
    remove(&instance, &[40]);
    let coverage = look_again(&mill, &instance).unwrap();
    let counted = (coverage.asked, coverage.observed, coverage.deleted, coverage.withdrawn, coverage.unexplained);
    assert_eq!(counted, (60, 57, 1, 2, 0));
    assert_eq!(deletions(&mill), BTreeSet::from([5, 40, 50]));
    assert_eq!(noted(&mill).left_out, 0, "what is noted as deleted is counted there");
}

#[test]
fn of_a_post_that_was_forgotten_nothing_is_noted() {
    let (instance, mill) = (mastodon(|_, _| None), that_forgets());
    (1..=60).for_each(|id| instance.post(id, id));
    mill.collect(&instance, all(1 << 20)).unwrap();
    compacted(&mill, 1..=60);
    forget(&mill, "5");
    let coverage = look_again(&mill, &instance).unwrap();
    assert_eq!((coverage.observed, coverage.withdrawn, coverage.unexplained), (59, 0, 1));
    assert_eq!(deletions(&mill), BTreeSet::new());
}

#[test]
fn posts_of_the_instances_own_do_not_speak_for_those_of_others() {
    // Where names are not kept, it is noted whose a post is.
    for mill in [Mill::new(), Mill::under(default_policy()), Mill::under(strict_policy())] {
        posts_of_the_instances_own_do_not_speak_for_those_of_others_in(&mill);
    }
}

fn posts_of_the_instances_own_do_not_speak_for_those_of_others_in(mill: &Mill) {
    let instance = mastodon(|_, _| None);
    let acct = |id: u64, acct: &str| {
        let mut post = post(id, id);
        post["account"]["acct"] = json!(acct);
        instance.posts.lock().unwrap().insert(id, post);
    };
    (1..=10).for_each(|id| acct(id, if id % 2 == 0 { "ada" } else { "cy@remote.example" }));
    mill.collect(&instance, all(1 << 20)).unwrap();
    compacted(mill, 1..=10);
    remove(&instance, &[1, 2, 3, 5, 7, 9]);
    let coverage = look_again(mill, &instance).unwrap();
    assert_eq!((coverage.deleted, coverage.unexplained), (1, 5));
    acct(11, "gus@remote.example");
    assert_eq!(look_again(mill, &instance).unwrap().deleted, 6);
    assert_eq!(deletions(mill), BTreeSet::from([1, 2, 3, 5, 7, 9]));
}

#[test]
fn without_batches_a_sample_is_asked_one_by_one_and_always_the_same() {
    let how = Refresh { sample: 25, ..Refresh::default() };
    let mut samples = BTreeSet::new();
    let says: [fn() -> Reply; 6] = [
        || no(404),
        || no(405),
        || no(422),
        || Reply::json(200, &json!({"statuses": []})),
        // The parameter is not known: nothing is listed, or something.
        || Reply::json(200, &json!([])),
        || Reply::json(200, &json!([post(1000, 1)])),
    ];
    for says in says {
        let instance = mastodon(move |request, _| is_several(request).then(says));
        let mill = collected(&instance);
        let coverage = look_again_as(Observer::anonymous(), &mill, &instance, &how, quick()).unwrap();
        assert_eq!((coverage.how, coverage.of, coverage.asked, coverage.observed), (How::Sample, 60, 25, 25));
        assert_eq!(Coverage::read(&mill.lake, day()).unwrap(), Some(coverage));
        samples.insert(asked_alone(&instance));

        let gone = *samples.first().unwrap().first().unwrap();
        remove(&instance, &[gone]);
        let coverage = look_again_as(Observer::anonymous(), &mill, &instance, &how, quick()).unwrap();
        assert_eq!((coverage.observed, coverage.deleted, coverage.unexplained), (24, 1, 0));
        assert_eq!(deletions(&mill), BTreeSet::from([gone]));
    }
    assert_eq!(samples.len(), 1, "{samples:?}");
}

#[test]
fn a_refusal_ends_it_without_a_deletion_and_what_was_observed_is_kept() {
    let lock = Arc::new(AtomicBool::new(true));
    let is_locked = Arc::clone(&lock);
    let instance = mastodon(move |request, _| {
        // The second post that is missing is asked for when the token has been revoked.
        (is_locked.load(Ordering::Relaxed) && alone(request) == Some(4)).then(|| no(401))
    });
    let mill = collected(&instance);
    remove(&instance, &[3, 4]);
    let error = look_again(&mill, &instance).unwrap_err();
    assert!(error.to_string().contains("401") && error.status() == Status::Permanent, "{error}");
    assert_eq!(mill.ids().len(), 60 + 58);
    assert_eq!((deletions(&mill), Coverage::read(&mill.lake, day()).unwrap()), (BTreeSet::new(), None));
    assert_eq!(due(&mill.lake, None, &Due::default()).unwrap(), [day()]);
    lock.store(false, Ordering::Relaxed);
    assert_eq!(look_again(&mill, &instance).unwrap().deleted, 2);
}

#[test]
fn a_refresh_that_breaks_off_is_simply_done_again() {
    let answers = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&answers);
    // The third batch fails for long.
    let instance = mastodon(move |request, _| {
        (is_several(request) && counted.fetch_add(1, Ordering::Relaxed) == 2).then(|| no(503))
    });
    let mill = collected(&instance);
    let hasty = Settings { patience: Duration::ZERO, ..quick() };
    let how = Refresh::default();
    let error = look_again_as(Observer::anonymous(), &mill, &instance, &how, hasty).unwrap_err();
    assert_eq!(error.status(), Status::Temporary, "{error}");
    assert_eq!(mill.ids().len(), 60 + 40);
    assert_eq!(look_again(&mill, &instance).unwrap().observed, 60);
}

#[test]
fn limits_and_broken_answers_are_waited_out() {
    let answers = AtomicUsize::new(0);
    let instance = mastodon(move |request, _| {
        if !is_several(request) && alone(request).is_none() {
            return None;
        }
        match answers.fetch_add(1, Ordering::Relaxed) {
            0 => Some(Reply::bytes(200, r#"[{"id": "1", "cont"#)),
            1 => Some(no(429).with("Retry-After", "1")),
            2 => Some(no(500)),
            4 => Some(Reply::Cut(b"[]".to_vec())),
            6 => Some(Reply::Reset),
            8 => Some(Reply::bytes(200, r#"{"error": "truncated"#)),
            _ => None,
        }
    });
    let mill = collected(&instance);
    remove(&instance, &[3]);
    let coverage = look_again(&mill, &instance).unwrap();
    assert_eq!((coverage.how, coverage.observed, coverage.deleted), (How::Batches, 59, 1));
}

#[test]
fn batches_that_end_in_the_middle_are_worth_another_try() {
    let answers = AtomicUsize::new(0);
    let instance = mastodon(move |request, _| {
        (is_several(request) && answers.fetch_add(1, Ordering::Relaxed) == 1).then(|| no(404))
    });
    let mill = collected(&instance);
    let error = look_again(&mill, &instance).unwrap_err();
    assert!(matches!(error, Error::NoLongerSeveral) && error.status() == Status::Temporary, "{error}");
    assert_eq!(look_again(&mill, &instance).unwrap().observed, 60);
}

/// Mastodon shows a post to everybody but those whom its author has blocked (`app/policies/status_policy.rb`).
#[test]
fn a_post_that_is_there_without_the_token_is_not_deleted() {
    let instance = mastodon(|request, _| (request.has_token && alone(request) == Some(3)).then(|| no(404)));
    let mill = collected(&instance);
    let settings = || Settings { token: Some(SecretString::from("secret")), ..quick() };
    let me = || Observer::with_token("x", &Owner::Hidden, &SecretString::from("secret"));
    let how = Refresh::default();
    look_again_as(me(), &mill, &instance, &how, settings()).unwrap();
    // The author of one has blocked this account; another post is deleted, and both are left out of the batch.
    remove(&instance, &[4]);
    let posts = Arc::clone(&instance.posts);
    let blocked = mastodon(move |request, ours| {
        *ours.lock().unwrap() = posts.lock().unwrap().clone();
        let is_left_out = request.has_token && is_several(request) && asked(request).contains(&3);
        if is_left_out {
            let given = asked(request)
                .into_iter()
                .filter(|id| *id != 3)
                .filter_map(|id| ours.lock().unwrap().get(&id).cloned());
            return Some(Reply::json(200, &given.collect()));
        }
        (request.has_token && alone(request) == Some(3)).then(|| no(404))
    });
    let coverage = look_again_as(me(), &mill, &blocked, &how, settings()).unwrap();
    assert_eq!((coverage.deleted, coverage.unexplained), (1, 1));
    assert_eq!(deletions(&mill), BTreeSet::from([4]));
}

#[test]
fn a_day_whose_first_posts_were_all_deleted_is_asked_for_whole() {
    let instance = mastodon(|_, _| None);
    let mill = collected(&instance);
    remove(&instance, &(1..=20).collect::<Vec<_>>());
    let coverage = look_again(&mill, &instance).unwrap();
    assert_eq!((coverage.how, coverage.asked, coverage.observed, coverage.deleted), (How::Batches, 60, 40, 20));
}
