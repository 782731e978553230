//! The metric crate and the plugins do no input or output.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::{File, assert_kept, repository};

/// What of the standard library leads out of the process, or onto another thread.
const OUTSIDE: [&str; 9] =
    ["std::env", "std::fs", "std::io", "std::net", "std::os", "std::process", "std::thread", "std::time", "tokio"];
const HARMLESS: [&str; 1] = ["std::time::Duration"];
const MACROS: [&str; 5] = ["dbg!", "eprint!", "eprintln!", "print!", "println!"];

#[test]
fn metric_and_plugins_do_no_io() {
    let files = repository();
    let sources: Vec<&File> = files.iter().filter(|file| is_pure(file)).collect();
    for folder in PURE {
        assert!(sources.iter().any(|file| file.path.starts_with(folder)), "there is no source in {folder}");
    }
    let uses = |file: &File| outside(&file.text).into_iter().map(|path| format!("{} uses {path}", file.path)).collect();
    let violations: Vec<String> = sources.into_iter().flat_map(|file| -> Vec<String> { uses(file) }).collect();
    assert_kept("core/metric and the plugins do no I/O, outside their tests", &violations);
}

/// The crate of links as well: the metric crate stands on it.
const PURE: [&str; 3] = ["core/links/src/", "core/metric/src/", "plugins/"];

/// Build scripts and tests don't run when a metric does.
fn is_pure(file: &File) -> bool {
    let is_test = file.name() == "tests.rs" || file.path.contains("/tests/");
    PURE.iter().any(|folder| file.path.starts_with(folder)) && file.is("rs") && !is_test && file.name() != "build.rs"
}

#[test]
fn io_is_found_in_every_spelling_but_not_in_tests_and_comments() {
    for (source, found) in [
        ("use std::fs;", "std::fs"),
        ("use std::{fmt, io::{self, Read}};", "std::io::self std::io::Read"),
        ("use std::*;", "std::*"),
        ("use std as other;", "std"),
        ("use std::time::{Duration, Instant};", "std::time::Instant"),
        ("fn f(path: &::std::path::Path) { let _ = Vec::<u8>::from(std::fs::read(path)); }", "std::fs::read"),
        ("macro_rules! m { () => { $crate::m(std::env::var(\"A\")) } }", "std::env::var"),
        ("fn f() { eprintln!(\"{}\", 1); std::println!() }", "eprintln! std::println!"),
        ("async fn f() { tokio::task::yield_now().await }", "tokio::task::yield_now"),
        ("//! std::fs\n/// std::fs\nfn f() { /* std::fs */ let _ = \"std::fs\"; }", ""),
        ("use std::{fmt, time::Duration}; use crate::Instant; const A: &str = env!(\"A\");", ""),
        ("#[cfg(test)]\nmod tests { use std::fs; }\n#[cfg(test)]\nuse std::fs;\n#[cfg(test)] fn f() { dbg!(1) }", ""),
        ("#[cfg(test)] mod tests;\nuse std::fs;", "std::fs"),
        ("mod inner { #[cfg(test)] fn f() { dbg!(1) } fn g() { dbg!(2) } }", "dbg!"),
    ] {
        assert_eq!(outside(source).join(" "), found, "{source}");
    }
}

/// The paths of a source that lead outside.
fn outside(source: &str) -> Vec<String> {
    let Ok(tokens) = source.parse::<TokenStream>() else { return vec!["what is no Rust".to_owned()] };
    let mut paths = Vec::new();
    collect(tokens, "", &mut paths);
    paths.retain(|path| {
        let within =
            |outer: &&str| path.strip_prefix(*outer).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
        // `std` itself, under another name or whole, could be anything.
        ["std", "std::*"].contains(&path.as_str())
            || MACROS.contains(&path.trim_start_matches("std::"))
            || OUTSIDE.iter().any(within) && !HARMLESS.iter().any(within)
    });
    paths
}

/// Every path in the tokens, those in braces after a `::` in full, and a macro's with its `!`. Tests are left out.
/// Comments aren't tokens; what a macro is given is.
fn collect(tokens: TokenStream, prefix: &str, paths: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut rest = tokens.as_slice();
    while let [token, after @ ..] = rest {
        rest = match token {
            TokenTree::Group(group) if is_cfg_test(group) => after_item(after),
            TokenTree::Group(group) => {
                collect(group.stream(), "", paths);
                after
            }
            TokenTree::Ident(ident) => collect_path(format!("{prefix}{ident}"), after, paths),
            TokenTree::Punct(punct) if punct.as_char() == '*' && !prefix.is_empty() => {
                paths.push(format!("{prefix}*"));
                after
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => after,
        }
    }
}

/// The paths that begin with `path`; returns what comes after them.
fn collect_path<'a>(path: String, rest: &'a [TokenTree], paths: &mut Vec<String>) -> &'a [TokenTree] {
    let is = |token: &TokenTree, sign| matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign);
    match rest {
        [first, second, TokenTree::Ident(ident), after @ ..] if is(first, ':') && is(second, ':') => {
            collect_path(format!("{path}::{ident}"), after, paths)
        }
        [first, second, TokenTree::Group(group), after @ ..] if is(first, ':') && is(second, ':') => {
            collect(group.stream(), &format!("{path}::"), paths);
            after
        }
        [first, second, third, after @ ..] if is(first, ':') && is(second, ':') && is(third, '*') => {
            paths.push(format!("{path}::*"));
            after
        }
        [first, ..] if is(first, '!') => {
            paths.push(format!("{path}!"));
            rest
        }
        _ => {
            paths.push(path);
            rest
        }
    }
}

fn is_cfg_test(group: &Group) -> bool {
    group.delimiter() == Delimiter::Bracket && group.to_string().replace(' ', "") == "[cfg(test)]"
}

/// An item ends with its body or its semicolon.
fn after_item(tokens: &[TokenTree]) -> &[TokenTree] {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    };
    tokens.iter().position(ends).and_then(|end| tokens.get(end + 1..)).unwrap_or_default()
}
