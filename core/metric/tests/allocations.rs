//! Invariant: reading a post allocates at most four times on the usual path, however long the post is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use tootmill_metric::{Line, Post};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// Counts what the system's allocator is asked for.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[allow(unsafe_code, reason = "an allocator cannot be written without; it only counts and passes on")]
// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn allocations_of(line: &str) -> u64 {
    let before = ALLOCATIONS.get();
    let line = Line::parse(line).unwrap();
    let after = ALLOCATIONS.get();
    drop(line);
    after - before
}

#[test]
fn reading_a_post_allocates_at_most_four_times() {
    let mut timeline = Vec::new();
    tootmill_synth::Timeline { posts: 2_000, oddities: false, ..Default::default() }.write_to(&mut timeline).unwrap();
    let timeline = String::from_utf8(timeline).unwrap();
    let counts: Vec<u64> = timeline.lines().filter(|line| Post::parse(line).is_ok()).map(allocations_of).collect();
    assert!(counts.len() > 1_900);
    #[allow(clippy::cast_precision_loss, reason = "a mean to be shown")]
    let mean = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    assert!(mean <= 4.0, "{mean} allocations a post");
    let plain =
        r#"{"id":"1","created_at":"2026-11-24","content":"<p>words</p>","account":{"id":"2"},"tags":[],"emojis":[]}"#;
    assert!(allocations_of(plain) <= 1, "a post without escapes and lists: {}", allocations_of(plain));
}
