//! One connection to a stream, read by a thread of its own, so that nothing is missed while others are busy.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant as Moment},
};

use reqwest::{
    Client, RequestBuilder, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
    redirect,
};
use tokio::{
    runtime,
    sync::oneshot,
    time::{sleep, timeout},
};
use url::Url;

use super::{address::Addresses, event::Read, sse::Events, websocket, websocket::Socket};
use crate::{
    client::{self, CONNECT, Once, may_pass, shown, within_the_instance, words},
    error::Error,
};

const ROOM: u64 = 64 << 20;
const FULL: Duration = Duration::from_mins(1);
/// How often is looked whether there is room again, or the program is to stop.
const NAP: Duration = Duration::from_millis(50);
/// How much of a refusal is read.
const REFUSAL: usize = 64 << 10;

/// How a connection is made.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    addresses: Addresses,
    agent: String,
    authorization: Option<HeaderValue>,
    timeout: Duration,
    silence: Duration,
    largest: u64,
    /// How many bytes of posts wait to be taken, before the server has to wait.
    pub room: u64,
    /// For how long the server may have to wait.
    pub full: Duration,
}

/// A connection. It ends with the value.
pub(crate) struct Connection {
    messages: mpsc::Receiver<Message>,
    held: Arc<AtomicU64>,
    /// Ends the thread when it is dropped.
    cancel: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread says.
enum Message {
    Established,
    Read(Read),
    Ended(Error),
}

/// Where the events come from.
enum Source {
    Events(Events),
    Socket(Socket),
}

impl Plan {
    /// With the settings of a client.
    pub fn new(client: &client::Client, addresses: Addresses, silence: Duration) -> Self {
        let settings = client.settings();
        Self {
            addresses,
            agent: settings.agent(),
            authorization: client.authorization().cloned(),
            timeout: settings.timeout,
            silence,
            largest: settings.largest,
            room: ROOM,
            full: FULL,
        }
    }

    /// The error of a stream that ended.
    pub fn ended(&self, reason: impl Into<String>) -> Error {
        Error::Stream { url: shown(&self.addresses.events), reason: reason.into() }
    }

    /// The error of a thread that ended without a word.
    fn gone(&self) -> Error {
        self.ended("it is not read any more")
    }

    /// A client of its own: the streams of an instance may be on another host than the instance.
    fn http(&self) -> Result<Client, Error> {
        let mut builder = Client::builder();
        if client::is_loopback(&self.addresses.events) {
            builder = builder.no_proxy();
        }
        builder
            .user_agent(&self.agent)
            .connect_timeout(CONNECT.min(self.timeout))
            .redirect(redirect::Policy::custom(within_the_instance))
            // A compressor may wait for more before it gives away what it has; and WebSockets begin in HTTP/1.1 only.
            .gzip(false)
            .http1_only()
            .build()
            .map_err(Error::Http)
    }

    fn get(&self, http: &Client, url: &Url) -> RequestBuilder {
        let request = http.get(url.clone());
        match &self.authorization {
            Some(authorization) => request.header(AUTHORIZATION, authorization.clone()),
            None => request,
        }
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Response, Error> {
        let silent = || self.ended(format!("no answer came for {} s", self.timeout.as_secs_f32()));
        let answer = timeout(self.timeout, request.send()).await.map_err(|_| silent())?;
        answer.map_err(|error| match Once::of(&error) {
            Once::Passing(reason) => self.ended(reason),
            Once::Final(error) => error,
        })
    }

    async fn connect(&self) -> Result<Source, Error> {
        let http = self.http()?;
        let request = self.get(&http, &self.addresses.events).header(ACCEPT, "text/event-stream");
        let answer = self.answer(request).await?;
        if answer.status() == StatusCode::OK && is_stream(&answer) {
            return Ok(Source::Events(Events::new(answer, self.silence, self.largest)));
        }
        if !has_no_events(&answer) {
            return Err(self.refused(answer).await);
        }
        let (request, key) = websocket::request(self.get(&http, &self.addresses.socket));
        let answer = self.answer(request).await?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(self.refused(answer).await);
        }
        let socket = Socket::new(answer, &key, self.silence, self.largest).await;
        socket.map(Source::Socket).map_err(|reason| self.ended(reason))
    }

    /// The error of an answer that is no stream.
    async fn refused(&self, mut answer: Response) -> Error {
        let status = answer.status();
        if may_pass(status) {
            return self.ended(format!("the instance answers {status}"));
        }
        // Mastodon says why a WebSocket is refused in a header (`streaming/index.js`).
        let said = answer.headers().get("x-error-message").map(|said| said.as_bytes().to_vec());
        let body = match said {
            Some(said) => said,
            None => timeout(self.timeout, beginning(&mut answer)).await.unwrap_or_default(),
        };
        let advice = match status.as_u16() {
            401 | 403 if self.authorization.is_some() => {
                "streams want the token of a user with the scope read:statuses, which the token of an app is not: see \
                    `tootmill auth status`"
            }
            401 | 403 => "streams want the token of a user with the scope read:statuses: `tootmill auth login`",
            404 | 410 => {
                "the instance streams neither by server-sent events nor by WebSocket: collect without --follow"
            }
            _ => "ask the instance's administrators, or collect without --follow",
        };
        // Some instances repeat what they were sent.
        let token = self.authorization.as_ref().and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let said = String::from_utf8_lossy(&body);
        let said = token.map_or_else(|| said.to_string(), |token| said.replace(token, "…"));
        let answer_words = words(said.as_bytes());
        Error::Refused { url: shown(answer.url()), code: status.as_u16(), answer: answer_words, advice }
    }

    /// Reads until there is no more to read: why.
    async fn read(&self, queue: &Queue) -> Error {
        let mut source = match self.connect().await {
            Ok(source) => source,
            Err(error) => return error,
        };
        queue.put(Message::Established);
        loop {
            let event = match &mut source {
                Source::Events(events) => events.next().await,
                Source::Socket(socket) => socket.next().await,
            };
            match event {
                Ok((name, data)) => {
                    if !queue.put_read(Read::of(&name, &data), self).await {
                        return self.ended("what it brought was not taken in time, so that the server had to wait");
                    }
                }
                Err(reason) => return self.ended(reason),
            }
        }
    }
}

/// The first bytes of a body.
async fn beginning(answer: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    while body.len() < REFUSAL
        && let Ok(Some(bytes)) = answer.chunk().await
    {
        body.extend_from_slice(&bytes);
    }
    body.truncate(REFUSAL);
    body
}

fn is_stream(answer: &Response) -> bool {
    let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("text/event-stream"))
}

/// Whether there are no server-sent events, so that there may be a WebSocket: GoToSocial answers 404, and others have a page
/// for people at every address.
fn has_no_events(answer: &Response) -> bool {
    matches!(answer.status().as_u16(), 200 | 404 | 405 | 406 | 410 | 426)
}

/// The way to whoever takes the events.
struct Queue {
    messages: mpsc::Sender<Message>,
    held: Arc<AtomicU64>,
}

impl Queue {
    fn put(&self, message: Message) {
        // Where nobody takes it, the connection is about to be cancelled.
        let _ = self.messages.send(message);
    }

    /// Waits for room; whether there was any in time.
    async fn put_read(&self, read: Read, Plan { room, full, .. }: &Plan) -> bool {
        let since = Moment::now();
        while self.held.load(Ordering::Relaxed) >= *room {
            if since.elapsed() >= *full {
                return false;
            }
            sleep(NAP).await;
        }
        self.held.fetch_add(read.bytes(), Ordering::Relaxed);
        self.put(Message::Read(read));
        true
    }
}

impl Connection {
    /// Connects, and waits until the stream is there.
    pub fn open(plan: &Plan, stop: &AtomicBool) -> Result<Self, Error> {
        let (sender, messages) = mpsc::channel();
        let (cancel, cancelled) = oneshot::channel();
        let held = Arc::<AtomicU64>::default();
        let queue = Queue { messages: sender, held: Arc::clone(&held) };
        let failed = |error: io::Error| plan.ended(format!("cannot read it beside other work: {error}"));
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let reader = plan.clone();
        let thread = thread::Builder::new().name("stream".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = cancelled => {}
                    error = reader.read(&queue) => queue.put(Message::Ended(error)),
                }
            });
            // A name that is being looked up must not keep anybody waiting.
            runtime.shutdown_background();
        });
        let thread = thread.map_err(failed)?;
        let connection = Self { messages, held, cancel: Some(cancel), thread: Some(thread) };
        connection.wait_until_established(plan, stop)?;
        Ok(connection)
    }

    fn wait_until_established(&self, plan: &Plan, stop: &AtomicBool) -> Result<(), Error> {
        while !stop.load(Ordering::Relaxed) {
            match self.messages.recv_timeout(NAP) {
                Ok(Message::Established) => return Ok(()),
                Ok(Message::Ended(error)) => return Err(error),
                Err(RecvTimeoutError::Disconnected) => return Err(plan.gone()),
                Ok(Message::Read(_)) | Err(RecvTimeoutError::Timeout) => {}
            }
        }
        Err(Error::Interrupted)
    }

    /// What comes next, if it comes within a time.
    pub fn next(&self, plan: &Plan, wait: Duration) -> Result<Option<Read>, Error> {
        match self.messages.recv_timeout(wait) {
            Ok(Message::Read(read)) => {
                self.held.fetch_sub(read.bytes(), Ordering::Relaxed);
                Ok(Some(read))
            }
            Ok(Message::Ended(error)) => Err(error),
            Ok(Message::Established) | Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(plan.gone()),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.cancel.take();
        if let Some(thread) = self.thread.take() {
            // It has nothing to say any more.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Connection").field("held", &self.held).finish_non_exhaustive()
    }
}
