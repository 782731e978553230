//! Getting, checking and ending tokens at a server that answers as Mastodon does.

use super::*;
use crate::fake::Fake;

/// A user's token by the code flow, with these scopes.
fn user_token(fake: &Fake, server: &AuthorizationServer, scopes: Scopes) -> Token {
    let app = server.register(OUT_OF_BAND, &scopes).unwrap();
    let authorization = server.authorization(app, scopes).unwrap();
    let code = fake.permit(&authorization.url).into();
    server.user_token(authorization, &code).unwrap()
}

fn miller() -> Owner {
    Owner::Account { acct: "miller".into(), id: "7".into() }
}

#[test]
fn the_code_flow_gives_a_users_token_with_pkce_where_it_is_offered() {
    for (fake, scopes, pkce) in [
        (Fake::start(), "profile read:statuses", true),
        // Before 4.3.0 there is neither PKCE nor the scope `profile` (methods/oauth.md#authorize, api/oauth-scopes.md).
        (Fake::old(), "read:accounts read:statuses", false),
    ] {
        let server = fake.server();
        let token = user_token(&fake, &server, server.least(true));
        assert_eq!(token.scopes.to_string(), scopes);
        assert_eq!(server.verify(&token.secret).unwrap().owner, miller());
        let asked = fake.asked();
        let (_, _, form) = asked.iter().find(|(_, path, _)| path == "/oauth/token").unwrap();
        assert_eq!(form.contains("code_verifier="), pkce, "{form}");
        let app = server.register(OUT_OF_BAND, &token.scopes).unwrap();
        let page = server.authorization(app, token.scopes).unwrap().url;
        assert_eq!(page.query().unwrap().contains("code_challenge_method=S256"), pkce, "{page}");
    }
}

#[test]
fn the_challenge_is_that_of_the_standard() {
    // RFC 7636, appendix B.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let (one, other) = (random().unwrap(), random().unwrap());
    assert!(one != other && one.len() == 43, "{one} {other}");
}

#[test]
fn whose_a_token_is_and_what_it_may_do() {
    let fake = Fake::start();
    let server = fake.server();
    let app = server.register(OUT_OF_BAND, &"read:statuses".into()).unwrap();
    let token = server.app_token(app, &"read:statuses".into()).unwrap();
    let verified = server.verify(&token.secret).unwrap();
    assert_eq!(verified.owner, Owner::App { name: "Tootmill".into() }, "403 for its scope, then 422 for markers");
    assert_eq!(verified.at_most, Some("read:statuses".into()));
    let app = server.register(OUT_OF_BAND, &"read".into()).unwrap();
    let wide = server.app_token(app, &"read".into()).unwrap();
    assert_eq!(server.verify(&wide.secret).unwrap().owner, verified.owner, "422");
    let nameless = user_token(&fake, &server, "read:statuses".into());
    assert_eq!(server.verify(&nameless.secret).unwrap().owner, Owner::Hidden);
    let unknown = server.verify(&"unkn0wn".into()).unwrap_err();
    assert!(matches!(unknown, Error::Refused { code: 401, .. }), "{unknown}");
    let push = user_token(&fake, &server, "push".into());
    assert!(matches!(server.verify(&push.secret).unwrap_err(), Error::Refused { code: 403, .. }));
}

#[test]
fn a_token_ends_once_and_again_and_another_ones_does_not() {
    let fake = Fake::start();
    let server = fake.server();
    let token = user_token(&fake, &server, server.least(true));
    let other = user_token(&fake, &server, server.least(true));
    let theirs = Token { secret: other.secret.clone(), ..token.clone() };
    let refused = server.revoke(&theirs).unwrap_err().to_string();
    assert!(refused.contains("unauthorized_client") && refused.contains("account's settings"), "{refused}");
    server.revoke(&token).unwrap();
    server.revoke(&token).unwrap();
    assert!(server.verify(&token.secret).is_err());
    assert!(server.verify(&other.secret).is_ok());
}

#[test]
fn a_code_works_once_and_no_scope_is_given_that_the_application_has_not() {
    let fake = Fake::start();
    let server = fake.server();
    let scopes = server.least(true);
    let app = server.register(OUT_OF_BAND, &scopes).unwrap();
    let authorization = server.authorization(app.clone(), scopes.clone()).unwrap();
    let code = fake.permit(&authorization.url).into();
    server.user_token(authorization, &code).unwrap();
    let again = server.authorization(app.clone(), scopes).unwrap();
    let refused = server.user_token(again, &code).unwrap_err().to_string();
    assert!(refused.contains("invalid_grant") && refused.contains("a code works once"), "{refused}");
    let refused = server.app_token(app, &"write".into()).unwrap_err().to_string();
    assert!(refused.contains("invalid_scope"), "{refused}");
}

#[test]
fn no_secret_is_in_any_error_or_debug_output() {
    let fake = Fake::start();
    fake.echo();
    let server = fake.server();
    let token = user_token(&fake, &server, server.least(true));
    let other = user_token(&fake, &server, server.least(true));
    let app = token.app.clone();
    let wrong = App { client_secret: "wr0ngsecret".into(), ..app.clone() };
    let authorization = server.authorization(wrong, server.least(true)).unwrap();
    let mut said = format!("{token:?} {app:?} {authorization:?} {server:?}");
    let errors = [
        server.user_token(authorization, &"wr0ngcode".into()).unwrap_err(),
        server.revoke(&Token { secret: other.secret.clone(), ..token.clone() }).unwrap_err(),
        server.verify(&"unkn0wn".into()).unwrap_err(),
        server.verify(&"two\nlines".into()).unwrap_err(),
    ];
    said += &errors.map(|error| format!("{error} {error:?}")).join("\n");
    assert!(said.contains("invalid_client") && said.contains('…'), "the instance's words are there: {said}");
    let secrets = [&token.secret, &other.secret, &app.client_secret].map(ExposeSecret::expose_secret);
    for secret in secrets.into_iter().chain(["wr0ngsecret", "wr0ngcode", "unkn0wn", "two\nlines"]) {
        assert!(!said.contains(secret), "{secret} is in: {said}");
    }
}
