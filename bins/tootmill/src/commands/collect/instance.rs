//! Reaching an instance: who asks, how often, with which token, and whether its rules were accepted.

use std::{
    num::NonZeroU32,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use tootmill_collect::{Acceptance, Observer, accept, acceptance};
use tootmill_lake::Lake;
use tootmill_mastodon::{AuthorizationServer, Client, Instance, Rules, Settings, check_robots, is_on_this_machine};

use super::parse_duration;
use crate::{commands::auth::TokenArguments, failure::Failure, output::say, progress::CollectProgress};

/// Which instance, and how it is asked.
#[derive(Args, Debug)]
pub(super) struct InstanceArguments {
    /// Where the instance is [default: https:// and the instance's host]
    #[arg(long, value_name = "URL", env = "TOOTMILL_FROM")]
    from: Option<String>,
    /// Where its administrators can reach you: an address of mail or of a page, for the User-Agent
    #[arg(long, value_name = "ADDRESS", env = "TOOTMILL_CONTACT")]
    contact: Option<String>,
    #[command(flatten)]
    token: TokenArguments,
    /// Accept the instance's rules, terms of service and privacy policy as they are now
    #[arg(long)]
    accept_rules: bool,
    /// The most requests a minute, whatever the instance allows; 0 for no such limit
    #[arg(long, value_name = "N", default_value_t = 60)]
    requests_per_minute: u32,
    /// How long the instance may be silent
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    timeout: Duration,
    /// For how long a request that fails is made again
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_duration)]
    patience: Duration,
}

/// An instance from which may be collected.
#[derive(Debug)]
pub(super) struct Reached {
    pub(super) client: Client,
    pub(super) instance: Instance,
    pub(super) observer: Observer,
}

impl InstanceArguments {
    /// Reaches the instance of this name, if robots.txt lets us read the paths and its rules were accepted.
    pub(super) fn reach(
        &self,
        name: &str,
        lake: &Lake,
        paths: &[&str],
        stop: &Arc<AtomicBool>,
        progress: &Arc<CollectProgress>,
    ) -> Result<Reached, Failure> {
        let address = self.from.as_deref().unwrap_or(name);
        let found = self.token.find(address)?;
        let contact = contact(self.contact.as_deref(), address)?;
        let settings = |token| self.settings(token, &contact, stop);
        let secret = found.as_ref().map(|found| found.secret.clone());
        let client = Client::new(address, settings(secret), Box::new(Arc::clone(progress)))?;
        check_robots(&client, paths)?;
        self.check_rules(&client, lake)?;
        let instance = Instance::of(&client)?;
        let observer = match found {
            None => Observer::anonymous(),
            Some(found) => {
                let server = AuthorizationServer::of(address, settings(None), Box::new(Arc::clone(progress)))?;
                let owner = server.verify(&found.secret)?.owner;
                Observer::with_token(client.base().as_str(), &owner, &found.secret)
            }
        };
        Ok(Reached { client, instance, observer })
    }

    /// Whether there is another token now than that with which the instance was reached.
    pub(super) fn has_other_token(&self, name: &str, reached: &Reached) -> Result<bool, Failure> {
        let found = self.token.find(self.from.as_deref().unwrap_or(name))?.map(|found| found.secret);
        let now = found.as_ref().map(ExposeSecret::expose_secret);
        Ok(now != reached.client.settings().token.as_ref().map(ExposeSecret::expose_secret))
    }

    fn settings(&self, token: Option<SecretString>, contact: &str, stop: &Arc<AtomicBool>) -> Settings {
        Settings {
            contact: contact.into(),
            stop: Arc::clone(stop),
            token,
            requests_a_minute: NonZeroU32::new(self.requests_per_minute),
            timeout: self.timeout,
            patience: self.patience,
            ..Settings::default()
        }
    }

    /// Shows the rules and records that they were accepted, or fails where they were not.
    fn check_rules(&self, client: &Client, lake: &Lake) -> Result<(), Failure> {
        let rules = Rules::of(client)?;
        let state = acceptance(lake, &rules)?;
        if state == Acceptance::Given {
            return Ok(());
        }
        say(shown(&rules, client.base().as_str()));
        if self.accept_rules {
            return Ok(accept(lake, &rules)?);
        }
        let (instance, changed) = (client.base().to_string(), state == Acceptance::Changed);
        Err(tootmill_collect::Error::Rules { instance, changed }.into())
    }
}

/// Where administrators can reach whoever runs this: needed for every instance that is not on this machine.
pub(in crate::commands) fn contact(contact: Option<&str>, address: &str) -> Result<String, Failure> {
    let contact = contact.unwrap_or_default().trim();
    if contact.is_empty() && !is_on_this_machine(address)? {
        return Err(Failure::Usage(
            "--contact is needed: the instance's administrators must be able to reach whoever runs this".into(),
        ));
    }
    if contact.chars().any(|char| char != ' ' && !char.is_ascii_graphic()) {
        return Err(Failure::Usage(format!(
            "--contact {contact:?} cannot stand in a request: write it in plain ASCII"
        )));
    }
    Ok(contact.into())
}

/// The rules as a person reads them: what would steer a terminal is left out.
fn shown(rules: &Rules, instance: &str) -> String {
    let mut text = format!("The rules of {instance}:\n");
    if rules.rules.is_empty() {
        text += "  (it has none)\n";
    }
    for (number, rule) in rules.rules.iter().enumerate() {
        text += &format!("  {}. {rule}\n", number + 1);
    }
    for (name, page) in [("terms of service", &rules.terms), ("privacy policy", &rules.privacy)] {
        match page {
            Some(page) => text += &format!("\nIts {name}:\n{}\n", nanohtml2text::html2text(page).trim()),
            None => text += &format!("\nIt has no {name}.\n"),
        }
    }
    text.chars().filter(|char| *char == '\n' || !char.is_control()).collect()
}
