//! Addresses, the words of a refusal, and that a token is not shown.

use super::*;

#[test]
fn an_address_is_encrypted_or_on_this_machine() {
    for (text, expected) in [
        ("mill.example", Some("https://mill.example/")),
        ("https://mill.example:8443", Some("https://mill.example:8443/")),
        ("http://127.0.0.1:3000", Some("http://127.0.0.1:3000/")),
        ("http://[::1]:3000", Some("http://[::1]:3000/")),
        ("http://mill.example", None),
        ("ftp://mill.example", None),
        ("https://user:secret@mill.example", None),
        ("https://mill.example/?token=1", None),
        ("", None),
        ("mill example", None),
    ] {
        assert_eq!(address(text).ok().as_ref().map(Url::as_str), expected, "{text}");
    }
}

#[test]
fn the_words_of_a_refusal_are_those_of_the_instance() {
    assert_eq!(words(br#"{"error": "The access token is invalid"}"#), "The access token is invalid");
    assert_eq!(words(br#"{"error": "a", "error_description": "b"}"#), "a: b");
    assert_eq!(words(b"<html>"), "");
    assert_eq!(words(b"no\nway"), "no way");
    assert_eq!(words(&[b'a'; 10_000]).len(), SAID);
}

#[test]
fn a_token_is_not_shown() {
    let token = authorization(&SecretString::from("s3cret")).unwrap();
    assert!(!format!("{token:?}").contains("s3cret"));
    assert!(authorization(&SecretString::from("two\nlines")).is_err());
    assert!(authorization(&SecretString::from(" ")).is_err());
}
