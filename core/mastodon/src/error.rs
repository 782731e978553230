//! What can go wrong when an instance is asked.

use std::time::Duration;

use tootmill_metric::Status;

/// Why an instance did not give what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client cannot be made.
    #[error("cannot set up HTTP: {0}")]
    Http(#[source] reqwest::Error),
    /// That is no address of an instance.
    #[error("`{address}` is no address of an instance: {reason}; give a host, as in mastodon.example, or https://HOST")]
    Address {
        /// The address.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The address is not encrypted and leads off this machine.
    #[error("`{0}` is not encrypted: https is needed for every instance that is not on this machine")]
    NotEncrypted(String),
    /// A token that cannot stand in a header.
    #[error("the token has characters that no token has: was the file or the variable read that holds it?")]
    Token,
    /// The instance cannot be reached, or answers in a way that may pass.
    #[error("cannot get {url}: {reason}; tried {tries} times in {} s", .within.as_secs())]
    Failing {
        /// What was asked for.
        url: String,
        /// What happened the last time.
        reason: String,
        /// How often it was tried.
        tries: u32,
        /// In how long a time.
        within: Duration,
    },
    /// The answer is whole, and another one each time than what was asked for.
    #[error("{url} answers something else than Mastodon does: {reason}; is this the address of an instance?")]
    OtherKind {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The instance says no.
    #[error("{url} was refused ({code}){}; {advice}", said(.answer))]
    Refused {
        /// What was asked for.
        url: String,
        /// The status of HTTP.
        code: u16,
        /// What the instance says of it, shortened; may be empty.
        answer: String,
        /// What can be done.
        advice: &'static str,
    },
    /// The answer leads to another server.
    #[error("{url} leads to another server, {to}, which is not followed: give the instance's own address")]
    Redirected {
        /// What was asked for.
        url: String,
        /// Where it leads.
        to: String,
    },
    /// An answer is larger than any that makes sense.
    #[error("the answer of {url} has more than {limit} bytes, and was not read to its end")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// How many bytes are allowed.
        limit: u64,
    },
    /// A timeline gives no posts to whoever asks like this.
    #[error("the {feed} timeline of {instance} cannot be read: {reason}; {advice}")]
    Closed {
        /// Which timeline.
        feed: String,
        /// The instance.
        instance: String,
        /// Why.
        reason: String,
        /// What can be done.
        advice: &'static str,
    },
    /// The pages do not follow each other.
    #[error("{url} does not page as Mastodon does: {reason}; nothing after the last committed post was taken from it")]
    Paging {
        /// The page.
        url: String,
        /// What it does.
        reason: &'static str,
        /// Whether it may be otherwise soon.
        status: Status,
    },
    /// A stream ended, or was ended because it was of no use any more.
    #[error("the stream {url} ended: {reason}")]
    Stream {
        /// Where it was.
        url: String,
        /// Why.
        reason: String,
    },
    /// The instance asks robots not to go there.
    #[error("robots.txt of {instance} asks programs like this not to read {path}: ask its administrators")]
    Robots {
        /// The instance.
        instance: String,
        /// The path.
        path: String,
    },
    /// There is nowhere to keep tokens.
    #[error("there is no place for tokens: set HOME, or XDG_CONFIG_HOME to an absolute path, or give --tokens FILE")]
    NoPlace,
    /// A file with tokens cannot be read or written.
    #[error("cannot use the tokens in {file}: {reason}")]
    Tokens {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Others may read the tokens.
    #[error(
        "others may read the tokens in {file} (mode {mode:04o}): revoke those that they may have seen, and `chmod 600 {file}`"
    )]
    Exposed {
        /// The file.
        file: String,
        /// Its permissions.
        mode: u32,
    },
    /// Somebody else is about to change the tokens.
    #[error("another `tootmill auth` is about to change the tokens in {file}: wait until it ends")]
    TokensInUse {
        /// The file.
        file: String,
    },
    /// The instance gave no token, or one of no use.
    #[error("no token from {instance}: {reason}; {advice}")]
    NoToken {
        /// The instance.
        instance: String,
        /// What went wrong.
        reason: String,
        /// What can be done.
        advice: &'static str,
    },
    /// Nobody brought the code that a token is given for.
    #[error("no code came: {0}; begin again")]
    NoCode(String),
    /// The system has no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(#[source] getrandom::Error),
    /// It was asked to stop.
    #[error("interrupted; what was committed until then is kept")]
    Interrupted,
}

impl Error {
    /// Whether trying again may help.
    pub fn status(&self) -> Status {
        match self {
            Self::Failing { .. } | Self::Stream { .. } | Self::TokensInUse { .. } => Status::Temporary,
            Self::Paging { status, .. } => *status,
            Self::Http(_)
            | Self::Address { .. }
            | Self::NotEncrypted(_)
            | Self::Token
            | Self::OtherKind { .. }
            | Self::Refused { .. }
            | Self::Redirected { .. }
            | Self::TooLarge { .. }
            | Self::Closed { .. }
            | Self::Robots { .. }
            | Self::NoPlace
            | Self::Tokens { .. }
            | Self::Exposed { .. }
            | Self::NoToken { .. }
            | Self::NoCode(_)
            | Self::Random(_)
            | Self::Interrupted => Status::Permanent,
        }
    }
}

fn said(answer: &str) -> String {
    if answer.is_empty() { String::new() } else { format!(": {answer}") }
}
