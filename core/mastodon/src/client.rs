//! Asking one instance over HTTP: one request at a time, within its limits, again where that may help.

use std::{
    cell::RefCell,
    env, error, fmt,
    fs::{File, OpenOptions},
    io::Read,
    iter,
    num::NonZeroU32,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant as Moment},
};

use backon::{BackoffBuilder, ExponentialBuilder};
use reqwest::{
    StatusCode,
    blocking::{RequestBuilder, Response},
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
    redirect,
};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use url::{Host, Url};

use crate::{
    error::Error,
    pace::{Pace, Reason},
};

/// The name by which robots.txt may speak of this program.
pub(crate) const AGENT: &str = "tootmill";
pub(crate) const CONNECT: Duration = Duration::from_secs(10);
/// How many redirects on the instance itself are followed.
const REDIRECTS: usize = 5;
/// Waits are cut into pieces of this length, so that an interruption is noticed.
const NAP: Duration = Duration::from_millis(50);
/// How many times as long as the server may be silent a whole answer may take.
const SLOWEST: u32 = 10;
/// How many whole answers of another kind are taken for a failure that passes.
const OTHERS: u32 = 4;
/// How much of a refusal's words is repeated.
const SAID: usize = 300;

/// How an instance is asked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the people who run this can be reached, for the User-Agent: an address of mail or of a page.
    pub contact: String,
    /// The token that stands in every request.
    pub token: Option<SecretString>,
    /// The most requests a minute, whatever the instance allows; no such limit without.
    pub requests_a_minute: Option<NonZeroU32>,
    /// How long a server may be silent.
    pub timeout: Duration,
    /// For how long a request that fails in a way that may pass is made again.
    pub patience: Duration,
    /// How long to wait, about, before the first of these times; each time longer.
    pub pause: Duration,
    /// The largest answer that is read, in bytes.
    pub largest: u64,
    /// Set from outside to stop at the next opportunity.
    pub stop: Arc<AtomicBool>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            contact: String::new(),
            token: None,
            requests_a_minute: None,
            timeout: Duration::from_secs(30),
            patience: Duration::from_mins(10),
            pause: Duration::from_millis(500),
            largest: 20_000_000,
            stop: Arc::default(),
        }
    }
}

impl Settings {
    /// What stands in User-Agent.
    pub(crate) fn agent(&self) -> String {
        let contact = self.contact.trim();
        let plus = if contact.is_empty() { String::new() } else { format!(" (+{contact})") };
        format!("{AGENT}/{}{plus}", env!("CARGO_PKG_VERSION"))
    }
}

/// Is told what a client waits for.
pub trait Watch {
    /// The next request is made only after this time.
    fn waits(&self, what: &str, time: Duration);
}

/// Nobody watches.
impl Watch for () {
    fn waits(&self, _: &str, _: Duration) {}
}

impl<W: Watch + ?Sized> Watch for Arc<W> {
    fn waits(&self, what: &str, time: Duration) {
        (**self).waits(what, time);
    }
}

/// A client of one instance.
pub struct Client {
    http: reqwest::blocking::Client,
    base: Url,
    settings: Settings,
    authorization: Option<HeaderValue>,
    pace: RefCell<Pace>,
    watch: Box<dyn Watch>,
}

/// What an instance answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Where it came from, after redirects on the instance itself.
    pub url: Url,
    /// The status of HTTP.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Client {
    /// A client of the instance at an address: a host, or `https://HOST`; `http://` only on this machine.
    pub fn new(instance: &str, settings: Settings, watch: Box<dyn Watch>) -> Result<Self, Error> {
        let base = address(instance)?;
        let mut builder = reqwest::blocking::Client::builder();
        if is_loopback(&base) {
            // A proxy would carry off this machine what may be unencrypted because it stays here.
            builder = builder.no_proxy();
        }
        let http = builder
            .user_agent(settings.agent())
            .connect_timeout(CONNECT.min(settings.timeout))
            .timeout(settings.timeout)
            .redirect(redirect::Policy::custom(within_the_instance))
            .build()
            .map_err(Error::Http)?;
        let authorization = settings.token.as_ref().map(authorization).transpose()?;
        let pace = RefCell::new(Pace::new(settings.requests_a_minute));
        Ok(Self { http, base, settings, authorization, pace, watch })
    }

    /// The instance's address.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// A client that asks the same instance in the same way, but without the token; `None` where there is none.
    pub fn without_a_token(&self) -> Result<Option<Self>, Error> {
        if !self.has_token() {
            return Ok(None);
        }
        let settings = Settings { token: None, ..self.settings.clone() };
        Self::new(self.base.as_str(), settings, Box::new(())).map(Some)
    }

    /// Whether a token stands in the requests.
    pub fn has_token(&self) -> bool {
        self.authorization.is_some()
    }

    /// The header that carries the token.
    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// How the instance is asked.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Lets so much time pass between requests from now on.
    pub(crate) fn keep_apart(&self, time: Duration) {
        self.pace.borrow_mut().keep_apart(time);
    }

    /// The address of something on the instance.
    pub fn url(&self, path: &str, query: &[(&str, &str)]) -> Result<Url, Error> {
        let wrong = |error: url::ParseError| Error::Address { address: path.into(), reason: error.to_string() };
        let mut url = self.base.join(path).map_err(wrong)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// Gets what is there, whatever the instance says; of a failure that may pass it asks again.
    pub(crate) fn ask(&self, url: &Url) -> Result<Answer, Error> {
        self.read(url, |_| Ok(())).map(|(answer, ())| answer)
    }

    /// Gets what is there and reads it. What cannot be read is a failure that may pass.
    pub(crate) fn read<T>(
        &self,
        url: &Url,
        parse: impl Fn(&Answer) -> Result<T, String>,
    ) -> Result<(Answer, T), Error> {
        if url.origin() != self.base.origin() {
            return Err(Error::Redirected { url: self.base.to_string(), to: origin(url) });
        }
        self.send(url, |http| http.get(url.clone()), parse)
    }

    /// Makes a request until it is answered, or patience is at its end.
    pub(crate) fn send<T>(
        &self,
        url: &Url,
        request: impl Fn(&reqwest::blocking::Client) -> RequestBuilder,
        parse: impl Fn(&Answer) -> Result<T, String>,
    ) -> Result<(Answer, T), Error> {
        let mut waits = backoff(self.settings.pause).build();
        let (mut within, mut others) = (Duration::ZERO, 0);
        for tries in 1.. {
            // What the limits take is no lack of patience.
            self.wait_for_the_pace()?;
            let began = Moment::now();
            let reason = match self.once(&request) {
                Ok(answer) => match passing(&answer) {
                    Some(reason) => reason,
                    None => match parse(&answer) {
                        Ok(value) => return Ok((answer, value)),
                        Err(reason) => {
                            others += u32::from(answer.is_of_another_kind());
                            self.without_token(reason)
                        }
                    },
                },
                Err(Once::Passing(reason)) => reason,
                Err(Once::Final(error)) => return Err(error),
            };
            if others > OTHERS {
                return Err(Error::OtherKind { url: shown(url), reason });
            }
            within += began.elapsed();
            if within >= self.settings.patience {
                return Err(Error::Failing { url: shown(url), reason, tries, within });
            }
            // Beside what the instance says: it may say too little.
            let wait = waits.next().unwrap_or(LONGEST_PAUSE).min(self.settings.patience.saturating_sub(within));
            self.sleep(&format!("another try: {reason}"), wait)?;
            within += wait;
        }
        Err(Error::Interrupted)
    }

    /// A text, should an instance repeat the token that it was sent.
    pub(crate) fn without_token(&self, text: String) -> String {
        match &self.settings.token {
            Some(token) if text.contains(token.expose_secret().trim()) => {
                text.replace(token.expose_secret().trim(), "…")
            }
            _ => text,
        }
    }

    fn once(&self, request: &impl Fn(&reqwest::blocking::Client) -> RequestBuilder) -> Result<Answer, Once> {
        let _alone = alone(&self.base);
        let mut request = request(&self.http);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let response = request.send().map_err(|error| Once::of(&error))?;
        let headers = response.headers().clone();
        let (url, status) = (response.url().clone(), response.status());
        let is_full = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&status);
        self.pace.borrow_mut().learn(&headers, is_full);
        let mut body = self.body(response)?;
        if !status.is_success() && self.authorization.is_some() {
            body = self.without_token(String::from_utf8_lossy(&body).into_owned()).into_bytes();
        }
        Ok(Answer { url, status, headers, body })
    }

    /// Reads an answer that is neither too large nor too slow: the client's own limit of time is one of each read.
    fn body(&self, mut response: Response) -> Result<Vec<u8>, Once> {
        let (limit, url) = (self.settings.largest, shown(response.url()));
        let (begun, longest) = (Moment::now(), self.settings.timeout.saturating_mul(SLOWEST));
        let (mut body, mut part) = (Vec::new(), [0; 1 << 14]);
        loop {
            let read = response.read(&mut part);
            match read.map_err(|error| Once::Passing(format!("the answer broke off: {}", causes(&error))))? {
                0 => return Ok(body),
                read => body.extend_from_slice(part.get(..read).unwrap_or_default()),
            }
            if body.len() as u64 > limit {
                return Err(Once::Final(Error::TooLarge { url, limit }));
            }
            if self.settings.stop.load(Ordering::Relaxed) {
                return Err(Once::Final(Error::Interrupted));
            }
            if begun.elapsed() > longest {
                return Err(Once::Passing(format!("the answer did not end within {} s", longest.as_secs())));
            }
        }
    }

    fn wait_for_the_pace(&self) -> Result<(), Error> {
        loop {
            let wait = self.pace.borrow_mut().wait();
            match wait {
                None => return self.sleep("", Duration::ZERO),
                Some((time, Reason::Ceiling)) => self.sleep("the ceiling of requests a minute", time)?,
                Some((time, Reason::Robots)) => self.sleep("the pause that robots.txt asks for", time)?,
                Some((time, Reason::Limit)) => self.sleep("the instance's limit of requests", time)?,
            }
        }
    }

    /// Waits, unless it is interrupted.
    pub fn sleep(&self, what: &str, time: Duration) -> Result<(), Error> {
        if !time.is_zero() {
            self.watch.waits(what, time);
        }
        let begun = Moment::now();
        loop {
            if self.settings.stop.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            let left = time.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(NAP));
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

impl Answer {
    /// Whether it is whole, and not what was asked for: a page for browsers, or JSON of other types. It will be so again.
    fn is_of_another_kind(&self) -> bool {
        let body = self.body.trim_ascii_start();
        body.starts_with(b"<") || serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
    }

    /// The body as a value of JSON, or what is wrong with it.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_slice(&self.body).map_err(|error| format!("the answer is not what it should be: {error}"))
    }
}

const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// How long to wait between tries: longer each time, and never the same, so that many clients do not come back at once.
pub(crate) fn backoff(first: Duration) -> ExponentialBuilder {
    let pauses = ExponentialBuilder::default().with_min_delay(first).with_max_delay(LONGEST_PAUSE.min(first * 120));
    pauses.without_max_times().with_jitter()
}

/// Why one try failed.
pub(crate) enum Once {
    Passing(String),
    Final(Error),
}

impl Once {
    pub(crate) fn of(error: &reqwest::Error) -> Self {
        let url = error.url().map(shown).unwrap_or_default();
        if let Some(elsewhere) = iter::successors(error::Error::source(error), |error| error.source())
            .find_map(|error| error.downcast_ref::<Elsewhere>())
        {
            return Self::Final(Error::Redirected { url, to: elsewhere.0.clone() });
        }
        Self::Passing(causes(error))
    }
}

/// An answer that may be another one soon: why, in words.
fn passing(answer: &Answer) -> Option<String> {
    may_pass(answer.status).then(|| format!("the instance answers {}", answer.status))
}

pub(crate) fn may_pass(status: StatusCode) -> bool {
    status.is_server_error()
        || [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY].contains(&status)
}

/// The error of an answer that says no.
pub(crate) fn refused(answer: &Answer) -> Error {
    let advice = match answer.status.as_u16() {
        401 => "the token is missing, wrong or revoked: see `tootmill auth status`",
        403 => "the token may not do this: see `tootmill auth status` for the scope that is missing",
        404 | 410 => "is this the address of an instance, and has it this function?",
        422 => "the instance wants a user's token for this: `tootmill auth login`",
        _ => "ask the instance's administrators",
    };
    refused_with(answer, advice)
}

/// The error of an answer that says no, and what can be done.
pub(crate) fn refused_with(answer: &Answer, advice: &'static str) -> Error {
    let code = answer.status.as_u16();
    Error::Refused { url: shown(&answer.url), code, answer: words(&answer.body), advice }
}

/// What an instance says in a refusal: the error of Mastodon's JSON, or the beginning of the text.
pub(crate) fn words(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Said {
        error: String,
        error_description: Option<String>,
    }
    let said = serde_json::from_slice::<Said>(body).map(|said| match said.error_description {
        Some(description) => format!("{}: {description}", said.error),
        None => said.error,
    });
    let text = said.unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned());
    // A page for browsers says nothing to people at a terminal.
    let text = if text.trim_start().starts_with('<') { String::new() } else { text };
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(SAID).collect::<String>().trim().into()
}

/// A redirect that leads away.
#[derive(Debug)]
struct Elsewhere(String);

impl fmt::Display for Elsewhere {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "it leads to {}", self.0)
    }
}

impl error::Error for Elsewhere {}

pub(crate) fn within_the_instance(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let first = attempt.previous().first().map(Url::origin);
    if first.is_some_and(|first| first != attempt.url().origin()) {
        let to = origin(attempt.url());
        return attempt.error(Elsewhere(to));
    }
    if attempt.previous().len() > REDIRECTS { attempt.stop() } else { attempt.follow() }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// An address as it is shown to people: without a name and password, if somebody wrote them into it.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.to_string()
}

/// An error with all its causes.
pub(crate) fn causes(error: &dyn error::Error) -> String {
    let causes = iter::successors(Some(error), |error| error.source()).map(ToString::to_string);
    let mut said = Vec::<String>::new();
    for cause in causes {
        if said.last() != Some(&cause) {
            said.push(cause);
        }
    }
    said.join(": ")
}

/// Lets this user's other processes on this machine wait with their requests to the same instance until the value is dropped.
/// Where there is no such lock, they do not wait.
fn alone(base: &Url) -> Option<File> {
    let name = hex::encode(Sha256::digest(base.origin().ascii_serialization()));
    let folder = env::var_os("XDG_RUNTIME_DIR").map_or_else(env::temp_dir, PathBuf::from);
    let path = folder.join(format!("tootmill-asks-{}", name.get(..16).unwrap_or_default()));
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).ok()?;
    file.lock().ok()?;
    Some(file)
}

/// The header that carries a token, which no debug output shows.
pub(crate) fn authorization(token: &SecretString) -> Result<HeaderValue, Error> {
    let token = token.expose_secret().trim();
    if token.is_empty() {
        return Err(Error::Token);
    }
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| Error::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The address of an instance.
pub(crate) fn address(instance: &str) -> Result<Url, Error> {
    let wrong = |reason: String| Error::Address { address: instance.into(), reason };
    let text = if instance.contains("://") { instance.to_string() } else { format!("https://{instance}") };
    let url = Url::parse(&text).map_err(|error| wrong(error.to_string()))?;
    if !["https", "http"].contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("it begins with neither https:// nor http://".into()));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has more than a host and a port".into()));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(Error::NotEncrypted(instance.into()));
    }
    Ok(url)
}

/// Whether an instance is on this machine, by its address.
pub fn is_on_this_machine(instance: &str) -> Result<bool, Error> {
    address(instance).map(|url| is_loopback(&url))
}

/// Whether an address leads to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests;
