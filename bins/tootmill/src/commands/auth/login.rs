//! `tootmill auth login`: a token for an instance, a person's or the application's own.

use std::{
    io,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use clap::Args;
use secrecy::SecretString;
use serde_json::json;
use tootmill_mastodon::{AuthorizationServer, Change, Loopback, OUT_OF_BAND, Owner, Token, replace};

use super::{CodeArguments, GetArguments, clear, tell_left_over};
use crate::{commands::lake::OutcomeArguments, failure::Failure, output::say};

/// Get a token for an instance.
///
/// An application is registered at the instance, and a page is shown on which you permit it to read: statuses, and whose the
/// token is, the least that is needed. The token is kept in a file that only you may read. If there is one for the instance
/// already, the new one takes its place, and the old one is revoked.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    tootmill auth login --instance mastodon.example\n  \
    tootmill auth login --instance mastodon.example --loopback\n  \
    tootmill auth login --instance mastodon.example --app")]
pub(crate) struct Login {
    /// A token of the application's own, which nobody must permit; it cannot stream
    #[arg(long, conflicts_with = "loopback")]
    app: bool,
    #[command(flatten)]
    get: GetArguments,
}

impl Login {
    pub(super) fn run(self) -> Result<(), Failure> {
        let GetArguments { asked, code, kept, outcome } = self.get;
        let change = kept.open()?.change()?;
        let server = asked.server(outcome.quiet)?;
        clear(&server, &change)?;
        let new = if self.app { app_token(&server)? } else { user_token(&server, &code)? };
        put_into_use(&server, &change, new, None, outcome)
    }
}

/// Replaces the token in use, and tells by what.
pub(super) fn put_into_use(
    server: &AuthorizationServer,
    change: &Change,
    new: Token,
    expected: Option<&Owner>,
    outcome: OutcomeArguments,
) -> Result<(), Failure> {
    let scopes = new.scopes.to_string();
    let (owner, told) = replace(server, change, new, expected)?;
    tell_left_over(&told);
    let before = match told.revoked {
        0 => "",
        _ => "; the one before was revoked",
    };
    let sentence = format!("the token of {owner} at {} is kept, with the scopes {scopes}{before}", server.instance());
    let data = json!({"instance": server.instance(), "owner": owner, "scopes": scopes, "revoked": told.revoked});
    outcome.tell(&sentence, &data)
}

/// A token of the application's own.
pub(super) fn app_token(server: &AuthorizationServer) -> Result<Token, Failure> {
    let scopes = server.least(false);
    let app = server.register(OUT_OF_BAND, &scopes)?;
    Ok(server.app_token(app, &scopes)?)
}

/// A person's token, with the person's help.
pub(super) fn user_token(server: &AuthorizationServer, how: &CodeArguments) -> Result<Token, Failure> {
    let loopback = how.loopback.then(Loopback::bind).transpose()?;
    let redirect = loopback.as_ref().map_or(OUT_OF_BAND, Loopback::redirect);
    let scopes = server.least(true);
    let app = server.register(redirect, &scopes)?;
    let authorization = server.authorization(app, scopes)?;
    say(format!("Open this page, log in, and permit Tootmill to read:\n\n  {}\n", authorization.url));
    let minutes = how.timeout.as_secs().div_ceil(60);
    let code = if let Some(loopback) = loopback {
        say(format!("Waiting {minutes} min for the browser to come back to {} …", loopback.redirect()));
        loopback.code(&authorization.state, how.timeout, server.stop())?
    } else {
        say(format!("Then type the code that the page shows (waiting {minutes} min):"));
        typed(how.timeout)?
    };
    Ok(server.user_token(authorization, &code)?)
}

/// A line of standard input.
fn typed(timeout: Duration) -> Result<SecretString, Failure> {
    let (sender, receiver) = mpsc::channel();
    // Nothing else ends a read of standard input in time; the thread ends with the program.
    thread::spawn(move || {
        let mut line = String::new();
        let _ = sender.send(io::stdin().read_line(&mut line).map(|_| line.trim().to_string()));
    });
    match receiver.recv_timeout(timeout) {
        Ok(Ok(code)) if !code.is_empty() => Ok(code.into()),
        Err(RecvTimeoutError::Timeout) => {
            Err(Failure::permanent(format!("no code was typed within {} s: begin again", timeout.as_secs())))
        }
        _ => Err(Failure::permanent("standard input has no code: type it there, or use --loopback")),
    }
}
