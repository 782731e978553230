//! `tootmill auth`: tokens for an instance, and what all that deals with them has in common.

mod login;
mod rotate;
mod status;

use std::{path::PathBuf, sync::Arc, time::Duration};

use clap::{Args, Subcommand};
use serde_json::json;
use tootmill_mastodon::{AuthorizationServer, Change, Found, LeftOver, Settings, Tokens, revoke, revoke_left_over};

pub(crate) use self::status::check_token;
use super::{
    collect::{contact, parse_duration},
    lake::OutcomeArguments,
};
use crate::{failure::Failure, output::say, progress::CollectProgress};

/// Get, look at, replace and end the tokens with which instances are asked.
#[derive(Debug, Subcommand)]
pub(crate) enum Auth {
    Login(login::Login),
    Status(status::Status),
    Rotate(rotate::Rotate),
    Revoke(Revoke),
}

impl Auth {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Login(login) => login.run(),
            Self::Status(status) => status.run(),
            Self::Rotate(rotate) => rotate.run(),
            Self::Revoke(revoke) => revoke.run(),
        }
    }
}

/// Where the token is with which an instance is asked: in a file of its own, else in the variable `TOOTMILL_TOKEN`, else
/// among those that are kept.
#[derive(Args, Clone, Debug)]
pub(crate) struct TokenArguments {
    /// A file that holds a token and nothing else, as secret stores mount it
    #[arg(long, value_name = "FILE", env = "TOOTMILL_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    kept: KeptArguments,
}

impl TokenArguments {
    /// The token for the instance at an address, if there is one.
    pub(crate) fn find(&self, address: &str) -> Result<Option<Found>, Failure> {
        Ok(Tokens::find(address, self.token_file.as_deref(), self.kept.tokens.as_deref())?)
    }
}

/// Where tokens are kept.
#[derive(Args, Clone, Debug)]
struct KeptArguments {
    /// Where tokens are kept [default: tootmill/tokens.json in your folder for configuration]
    #[arg(long, value_name = "FILE", env = "TOOTMILL_TOKENS")]
    tokens: Option<PathBuf>,
}

impl KeptArguments {
    fn open(&self) -> Result<Tokens, Failure> {
        Ok(Tokens::at(self.tokens.as_deref())?)
    }
}

/// Which instance, and how it is asked.
#[derive(Args, Clone, Debug)]
struct AskedArguments {
    /// The instance, by its host
    #[arg(long, value_name = "HOST", env = "TOOTMILL_INSTANCE")]
    instance: String,
    #[command(flatten)]
    how: HowAskedArguments,
}

impl AskedArguments {
    fn address(&self) -> &str {
        self.how.address(&self.instance)
    }

    fn server(&self, quiet: bool) -> Result<AuthorizationServer, Failure> {
        let settings = self.how.settings(&self.instance)?;
        Ok(AuthorizationServer::of(self.address(), settings, Box::new(Arc::new(CollectProgress::new(quiet))))?)
    }
}

/// Where an instance is, and how it is asked.
#[derive(Args, Clone, Debug)]
pub(crate) struct HowAskedArguments {
    /// Where the instance is [default: https:// and the instance's host]
    #[arg(long, value_name = "URL", env = "TOOTMILL_FROM")]
    from: Option<String>,
    /// Where its administrators can reach you: an address of mail or of a page, for the User-Agent
    #[arg(long, value_name = "ADDRESS", env = "TOOTMILL_CONTACT")]
    contact: Option<String>,
    /// For how long a request that fails is made again
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    patience: Duration,
}

impl HowAskedArguments {
    /// The address of the instance of this name.
    pub(crate) fn address<'a>(&'a self, instance: &'a str) -> &'a str {
        self.from.as_deref().unwrap_or(instance)
    }

    /// How the instance of this name is asked, without a token.
    pub(crate) fn settings(&self, instance: &str) -> Result<Settings, Failure> {
        let contact = contact(self.contact.as_deref(), self.address(instance))?;
        Ok(Settings { contact, patience: self.patience, ..Settings::default() })
    }
}

/// How a person's permission is got.
#[derive(Args, Clone, Debug)]
struct CodeArguments {
    /// Have the browser bring the code to a port of this machine, instead of typing it
    #[arg(long)]
    loopback: bool,
    /// How long to wait for the code; instances take one for ten minutes
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_duration)]
    timeout: Duration,
}

/// What a command needs that gets a token.
#[derive(Args, Clone, Debug)]
struct GetArguments {
    #[command(flatten)]
    asked: AskedArguments,
    #[command(flatten)]
    code: CodeArguments,
    #[command(flatten)]
    kept: KeptArguments,
    #[command(flatten)]
    outcome: OutcomeArguments,
}

/// End the token of an instance, and forget it.
///
/// It stops working at once. Of tokens that a rotation left over, too, none is left. Again it does nothing.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  tootmill auth revoke --instance mastodon.example")]
pub(crate) struct Revoke {
    #[command(flatten)]
    asked: AskedArguments,
    #[command(flatten)]
    kept: KeptArguments,
    #[command(flatten)]
    outcome: OutcomeArguments,
}

impl Revoke {
    fn run(self) -> Result<(), Failure> {
        let change = self.kept.open()?.change()?;
        let server = self.asked.server(self.outcome.quiet)?;
        let told = revoke(&server, &change)?;
        tell_left_over(&told);
        if let Some(error) = told.waiting.into_iter().next() {
            return Err(error.into());
        }
        if let Some(error) = told.given_up.into_iter().next() {
            return Err(error.into());
        }
        let sentence = format!("{} tokens of {} were revoked, none is kept", told.revoked, server.instance());
        self.outcome.tell(&sentence, &json!({"instance": server.instance(), "revoked": told.revoked}))
    }
}

/// Revokes what an earlier command left over.
fn clear(server: &AuthorizationServer, change: &Change) -> Result<(), Failure> {
    let told = revoke_left_over(server, change)?;
    if told.revoked > 0 {
        say(format!("{} tokens that an earlier command left over were revoked", told.revoked));
    }
    tell_left_over(&told);
    Ok(())
}

/// Says which tokens still work, perhaps.
fn tell_left_over(told: &LeftOver) {
    for error in &told.given_up {
        say(format!("a token was not revoked, and is forgotten: {error}"));
    }
    for error in &told.waiting {
        say(format!("a token is still to be revoked, by the next `tootmill auth` that changes tokens: {error}"));
    }
}
