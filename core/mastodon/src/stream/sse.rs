//! Server-sent events, as a body of HTTP brings them.

use std::{cell::Cell, rc::Rc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::{
    StreamExt,
    stream::{self, LocalBoxStream},
};
use reqwest::Response;
use sse_stream::SseByteStream;
use tokio::time::timeout;

use crate::client::causes;

/// Reads the events of a body.
pub(crate) struct Events {
    events: SseByteStream<LocalBoxStream<'static, Result<Bytes, Broken>>>,
    since_event: Rc<Cell<u64>>,
}

/// Why no more bytes come.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Broken(String);

/// The bytes of a body.
struct Body {
    response: Response,
    silence: Duration,
    largest: u64,
    since_event: Rc<Cell<u64>>,
    cut: BytesMut,
}

impl Events {
    /// Of a body that may be silent for so long, with events that have at most so many bytes.
    pub fn new(response: Response, silence: Duration, largest: u64) -> Self {
        let since_event = Rc::new(Cell::new(0));
        let body = Body { response, silence, largest, since_event: Rc::clone(&since_event), cut: BytesMut::new() };
        let bytes = stream::try_unfold(body, |mut body| async {
            let bytes = body.next().await.map_err(Broken)?;
            Ok(bytes.map(|bytes| (bytes, body)))
        });
        Self { events: SseByteStream::new(bytes.boxed_local()), since_event }
    }

    /// The name and the data of the next event, or why there is none.
    pub async fn next(&mut self) -> Result<(String, String), String> {
        let event = match self.events.next().await {
            None => return Err("the server closed it".into()),
            Some(Err(sse_stream::Error::Body(error))) => return Err(error.to_string()),
            Some(Err(error)) => return Err(error.to_string()),
            Some(Ok(event)) => event,
        };
        self.since_event.set(0);
        Ok((event.event.unwrap_or_default(), event.data.unwrap_or_default()))
    }
}

impl Body {
    /// The next bytes, which are whole characters of UTF-8; `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, String> {
        let Ok(bytes) = timeout(self.silence, self.response.chunk()).await else {
            return Err(format!("nothing came for {} s, not even a heartbeat", self.silence.as_secs_f32()));
        };
        let Some(bytes) = bytes.map_err(|error| format!("it broke off: {}", causes(&error)))? else { return Ok(None) };
        self.since_event.set(self.since_event.get() + bytes.len() as u64);
        if self.since_event.get() > self.largest {
            return Err(format!("it sent more than {} bytes without the end of an event", self.largest));
        }
        Ok(Some(whole_characters(&mut self.cut, bytes)))
    }
}

/// Bytes with what is not UTF-8 replaced, as it is in pages: it must not end the stream. A character that is cut off at the end
/// waits for the rest of it.
fn whole_characters(cut: &mut BytesMut, bytes: Bytes) -> Bytes {
    if cut.is_empty() && str::from_utf8(&bytes).is_ok() {
        return bytes;
    }
    cut.extend_from_slice(&bytes);
    let bytes = cut.split();
    let mut whole = BytesMut::with_capacity(bytes.len());
    let mut rest = &bytes[..];
    while let Err(error) = str::from_utf8(rest) {
        let (valid, invalid) = rest.split_at(error.valid_up_to());
        whole.extend_from_slice(valid);
        let Some(length) = error.error_len() else {
            cut.extend_from_slice(invalid);
            return whole.freeze();
        };
        whole.extend_from_slice("\u{fffd}".as_bytes());
        rest = invalid.get(length..).unwrap_or_default();
    }
    whole.extend_from_slice(rest);
    whole.freeze()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However bytes are cut, the text is the one that the whole gives.
        #[test]
        fn characters_stay_whole(text in "\\PC{0,20}", odd in proptest::collection::vec(any::<u8>(), 0..8), cuts in proptest::collection::vec(1_usize..6, 1..40)) {
            let mut bytes = text.into_bytes();
            bytes.extend(odd);
            bytes.extend("end".as_bytes());
            let (mut cut, mut whole, mut rest) = (BytesMut::new(), Vec::new(), &bytes[..]);
            for length in cuts.into_iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, more) = rest.split_at(length.min(rest.len()));
                let piece = whole_characters(&mut cut, Bytes::copy_from_slice(piece));
                prop_assert!(str::from_utf8(&piece).is_ok());
                whole.extend_from_slice(&piece);
                rest = more;
            }
            prop_assert_eq!(String::from_utf8(whole).unwrap(), String::from_utf8_lossy(&bytes));
        }
    }
}
