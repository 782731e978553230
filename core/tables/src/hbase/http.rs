//! Thrift over HTTP: each message is the body of a request, and the answer's body is the answer.

use std::{
    fs,
    io::{self, Cursor, Read, Write},
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use reqwest::{
    Certificate, Url,
    blocking::{Client, Response},
};
use thrift::transport::{TReadTransport, TWriteTransport};

use super::{address::Address, error::Error};

type Halves = (Box<dyn TReadTransport + Send>, Box<dyn TWriteTransport + Send>);

/// An answer of more bytes than that is not from HBase.
const MOST: u64 = 1 << 30;

/// Sets up the two halves. Nothing is sent yet.
pub(crate) fn open(address: &Address, host: &str, port: u16) -> Result<Halves, Error> {
    let wrong = |reason: String| Error::Http { server: address.server(), reason };
    let mut client = Client::builder().timeout(address.timeout).redirect(reqwest::redirect::Policy::none());
    if let Some(file) = &address.certificate {
        let pem = fs::read(file).map_err(|error| wrong(format!("cannot read `{}`: {error}", file.display())))?;
        for certificate in Certificate::from_pem_bundle(&pem).map_err(|error| wrong(error.to_string()))? {
            client = client.add_root_certificate(certificate);
        }
    }
    let client = client.build().map_err(|error| wrong(error.to_string()))?;
    let url = address.http_url(host, port).parse().map_err(|_| wrong("its URL is none".into()))?;
    let answer = Answer::default();
    let request = Request { client, url, address: address.clone(), message: Vec::new(), answer: answer.clone() };
    Ok((Box::new(answer), Box::new(request)))
}

/// What came back for the message that was sent last.
#[derive(Clone, Default)]
struct Answer(Arc<Mutex<Cursor<Vec<u8>>>>);

impl Read for Answer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).read(buffer)
    }
}

/// The message that is being written.
struct Request {
    client: Client,
    url: Url,
    address: Address,
    message: Vec<u8>,
    answer: Answer,
}

impl Write for Request {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.message.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut request = self.client.post(self.url.clone()).header("Content-Type", "application/x-thrift");
        if let Some((user, password)) = self.address.credentials() {
            request = request.basic_auth(user, password);
        }
        // The URL may say who asks, so it is left out of what is said.
        let failed = |error: reqwest::Error| {
            let kind = if error.is_timeout() { io::ErrorKind::TimedOut } else { io::ErrorKind::ConnectionReset };
            io::Error::new(kind, innermost(&error.without_url()))
        };
        let answer = request.body(mem::take(&mut self.message)).send().and_then(Response::error_for_status);
        let mut body = Vec::new();
        answer.map_err(failed)?.take(MOST).read_to_end(&mut body)?;
        *self.answer.0.lock().unwrap_or_else(PoisonError::into_inner) = Cursor::new(body);
        Ok(())
    }
}

/// The cause at the bottom, which says what happened.
fn innermost(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}
