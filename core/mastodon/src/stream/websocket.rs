//! A stream by WebSocket (RFC 6455), over a connection that the client of HTTP has made.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::{
    RequestBuilder, Response, Upgraded,
    header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE},
};
use serde::Deserialize;
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::{client::generate_key, derive_accept_key},
        protocol::{Role, WebSocketConfig},
    },
};

use crate::client::causes;

/// Reads the messages of a WebSocket.
pub(crate) struct Socket {
    socket: WebSocketStream<Upgraded>,
    silence: Duration,
}

/// A message of Mastodon's (`methods/streaming.md#websocket`).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Text {
    event: String,
    payload: serde_json::Value,
}

/// Asks for a WebSocket; the answer has to be for the key that is returned.
pub(crate) fn request(request: RequestBuilder) -> (RequestBuilder, String) {
    let key = generate_key();
    let request = request
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, &key);
    (request, key)
}

impl Socket {
    /// Of an answer that agrees to a WebSocket, which may be silent for so long, with messages of at most so many bytes.
    pub async fn new(answer: Response, key: &str, silence: Duration, largest: u64) -> Result<Self, String> {
        let accepted = answer.headers().get(SEC_WEBSOCKET_ACCEPT);
        if accepted.is_none_or(|accepted| accepted.as_bytes() != derive_accept_key(key.as_bytes()).as_bytes()) {
            return Err("the server agrees to a WebSocket that nobody asked for".into());
        }
        let upgraded = answer.upgrade().await.map_err(|error| causes(&error))?;
        let largest = usize::try_from(largest).ok();
        let config = WebSocketConfig::default().max_message_size(largest).max_frame_size(largest);
        let socket = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await;
        Ok(Self { socket, silence })
    }

    /// The event and the payload of the next message, or why there is none. Pings are answered, and are signs of life.
    pub async fn next(&mut self) -> Result<(String, String), String> {
        loop {
            let Ok(message) = timeout(self.silence, self.socket.next()).await else {
                return Err(format!("nothing came for {} s, not even a ping", self.silence.as_secs_f32()));
            };
            match message {
                Some(Ok(Message::Text(text))) => {
                    // What is no message is passed over as an event without a name. A payload is a text of JSON, but a number
                    // would be an id all the same.
                    let Text { event, payload } = serde_json::from_str(&text).unwrap_or_default();
                    let payload = match payload {
                        serde_json::Value::String(payload) => payload,
                        serde_json::Value::Null => String::new(),
                        other => other.to_string(),
                    };
                    return Ok((event, payload));
                }
                Some(Ok(Message::Close(Some(why)))) => return Err(format!("the server closed it: {why}")),
                Some(Ok(Message::Close(None))) | None => return Err("the server closed it".into()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(format!("it broke off: {}", causes(&error))),
            }
        }
    }
}
