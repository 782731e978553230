//! `tootmill auth status`: whose the token is, and whether it may do what is needed.

use clap::Args;
use serde_json::{Value, json};
use tootmill_mastodon::{AuthorizationServer, Error, Found, Owner, Scopes};

use super::{AskedArguments, TokenArguments};
use crate::{commands::lake::OutcomeArguments, failure::Failure};

/// Show whose the token of an instance is, and what it may and must be able to do.
///
/// The token is that of --token-file, else of the environment (`TOOTMILL_TOKEN`), else the one that is kept. The exit code is
/// 1 where there is no token, or it does not work, or it may not do what is needed.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  tootmill auth status --instance mastodon.example --json")]
pub(crate) struct Status {
    #[command(flatten)]
    asked: AskedArguments,
    #[command(flatten)]
    token: TokenArguments,
    #[command(flatten)]
    outcome: OutcomeArguments,
}

/// What is known of a token that works.
struct Known {
    instance: String,
    source: String,
    owner: Owner,
    /// What it may do, and whether this is exactly known: of a token that is not ours only its application's scopes are.
    scopes: Option<(Scopes, bool)>,
    needed: Scopes,
}

impl Status {
    pub(super) fn run(self) -> Result<(), Failure> {
        let address = self.asked.address();
        let Some(found) = self.token.find(address)? else {
            let missing = format!("there is no token for {address}: `tootmill auth login` gets one");
            return self.fail(&missing, &json!({"instance": address, "problem": missing}));
        };
        let server = self.asked.server(self.outcome.quiet)?;
        let known = match known(&server, &found) {
            Ok(known) => known,
            Err(error) => {
                let problem = problem(&found, error)?;
                return self.fail(&problem, &json!({"instance": address, "problem": problem}));
            }
        };
        self.outcome.tell(&known.text(), &known.data())?;
        known.suffices()
    }

    /// Where the outcome is data, the problem is part of it.
    fn fail(&self, problem: &str, data: &Value) -> Result<(), Failure> {
        if self.outcome.json {
            self.outcome.tell("", data)?;
        }
        Err(Failure::permanent(problem))
    }
}

/// Whether a token works and may do what is needed; says whose it is.
pub(crate) fn check_token(server: &AuthorizationServer, found: &Found) -> Result<String, Failure> {
    let known = match known(server, found) {
        Ok(known) => known,
        Err(error) => return Err(Failure::permanent(problem(found, error)?)),
    };
    known.suffices()?;
    Ok(format!("the token from {} is that of {}", known.source, known.owner))
}

/// What is wrong with a token that the instance refuses; other errors are not about the token.
fn problem(found: &Found, error: Error) -> Result<String, Failure> {
    match error {
        Error::Refused { .. } | Error::Token => Ok(format!("the token from {} does not work: {error}", found.source)),
        error => Err(error.into()),
    }
}

fn known(server: &AuthorizationServer, found: &Found) -> Result<Known, Error> {
    let verified = server.verify(&found.secret)?;
    let granted = found.kept.as_ref().map(|token| (token.scopes.clone(), true));
    Ok(Known {
        instance: server.instance().into(),
        source: found.source.to_string(),
        needed: server.least(!matches!(verified.owner, Owner::App { .. })),
        scopes: granted.or(verified.at_most.map(|scopes| (scopes, false))),
        owner: verified.owner,
    })
}

impl Known {
    fn of_a_user(&self) -> bool {
        !matches!(self.owner, Owner::App { .. })
    }

    fn missing(&self) -> Scopes {
        self.scopes.as_ref().map(|(scopes, _)| scopes.lacks(&self.needed)).unwrap_or_default()
    }

    /// An error where it may not do what is needed.
    fn suffices(&self) -> Result<(), Failure> {
        match self.missing() {
            missing if missing.is_empty() => Ok(()),
            missing => Err(Failure::permanent(format!(
                "the token may not do what is needed: it lacks {missing}; `tootmill auth login` gets one that may"
            ))),
        }
    }

    fn too_much(&self) -> Scopes {
        self.scopes.as_ref().map(|(scopes, _)| scopes.exceeds(&self.needed)).unwrap_or_default()
    }

    fn data(&self) -> Value {
        json!({
            "instance": self.instance,
            "source": self.source,
            "owner": self.owner,
            "kind": if self.of_a_user() { "user" } else { "app" },
            "streams": self.of_a_user(),
            "scopes": self.scopes.as_ref().map(|(scopes, _)| scopes),
            "scopes_are_exact": self.scopes.as_ref().is_some_and(|(_, exact)| *exact),
            "needed": self.needed,
            "missing": self.missing(),
            "too_much": self.too_much(),
        })
    }

    fn text(&self) -> String {
        let scopes = match &self.scopes {
            Some((scopes, true)) => scopes.to_string(),
            Some((scopes, false)) => format!("at most {scopes}, those of its application"),
            None => "not known: the instance does not say it of a token that is not kept here".into(),
        };
        let or_nothing = |scopes: Scopes| if scopes.is_empty() { "nothing".into() } else { scopes.to_string() };
        let kind = if self.of_a_user() {
            "A user's token: it reads timelines, and streams."
        } else {
            "An application's own token: it reads what everybody may. It does not stream: since Mastodon 4.2.0 that needs a \
             user's token, which `tootmill auth login` gets."
        };
        format!(
            "instance  {}\nwhose     {}\nfrom      {}\nscopes    {scopes}\nneeded    {}\nmissing   {}\ntoo much  {}\n{kind}",
            self.instance,
            self.owner,
            self.source,
            self.needed,
            or_nothing(self.missing()),
            or_nothing(self.too_much()),
        )
    }
}
