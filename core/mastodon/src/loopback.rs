//! A redirect to this machine: a listener for the one request by which a browser brings a code.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant as Moment},
};

use secrecy::SecretString;
use url::Url;

use crate::error::Error;

const PATH: &str = "/callback";
/// How long a browser may take for its request.
const PATIENCE: Duration = Duration::from_secs(5);
/// The beginning of a request is not longer, in bytes.
const LONGEST: usize = 8192;
const NAP: Duration = Duration::from_millis(50);

/// A port of this machine to which an instance can send a browser with a code (RFC 8252, section 7.3).
#[derive(Debug)]
pub struct Loopback {
    listener: TcpListener,
    redirect: Url,
}

/// What a request brought.
#[derive(Debug)]
enum Brought {
    Code(SecretString),
    Refusal(String),
    /// A request for something else, as browsers and others make them.
    Nothing,
}

impl Loopback {
    /// Listens on a free port, on the loopback interface alone.
    pub fn bind() -> Result<Self, Error> {
        let bind = || {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            let redirect = format!("http://{}{PATH}", listener.local_addr()?);
            Ok((listener, redirect))
        };
        let failed = |error: String| Error::NoCode(format!("cannot listen on this machine: {error}"));
        let (listener, redirect) = bind().map_err(|error: io::Error| failed(error.to_string()))?;
        let redirect = Url::parse(&redirect).map_err(|error| failed(error.to_string()))?;
        Ok(Self { listener, redirect })
    }

    /// The address to which an instance is to send the code.
    pub fn redirect(&self) -> &str {
        self.redirect.as_str()
    }

    /// Waits for the request that brings the code and this state. Any other is told that it is wrong here, and the wait
    /// goes on: whoever is on this machine could end it otherwise.
    pub fn code(&self, state: &str, timeout: Duration, stop: &AtomicBool) -> Result<SecretString, Error> {
        let until = Moment::now() + timeout;
        while Moment::now() < until {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            let Ok((browser, _)) = self.listener.accept() else {
                thread::sleep(NAP);
                continue;
            };
            // One that breaks off has brought nothing.
            match self.serve(browser, state).unwrap_or(Brought::Nothing) {
                Brought::Code(code) => return Ok(code),
                Brought::Refusal(reason) => return Err(Error::NoCode(reason)),
                Brought::Nothing => {}
            }
        }
        Err(Error::NoCode(format!("nobody came to {} within {} s", self.redirect, timeout.as_secs())))
    }

    fn serve(&self, mut browser: TcpStream, state: &str) -> io::Result<Brought> {
        browser.set_nonblocking(false)?;
        browser.set_read_timeout(Some(PATIENCE))?;
        browser.set_write_timeout(Some(PATIENCE))?;
        let brought = self.brought(&head(&mut browser)?, state);
        let (status, text) = match &brought {
            Brought::Code(_) => ("200 OK", "Tootmill has the code. This page can be closed."),
            Brought::Refusal(_) => ("200 OK", "Tootmill was refused. This page can be closed."),
            Brought::Nothing => ("404 Not Found", "Nothing is here."),
        };
        // The code is there, whether the browser still listens or not.
        let _ = write!(
            browser,
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\nConnection: close\r\n\r\n{text}",
            text.len()
        );
        Ok(brought)
    }

    fn brought(&self, head: &[u8], state: &str) -> Brought {
        let head = String::from_utf8_lossy(head);
        let mut words = head.lines().next().unwrap_or_default().split(' ');
        let (Some("GET"), Some(target)) = (words.next(), words.next()) else { return Brought::Nothing };
        let Ok(url) = self.redirect.join(target) else { return Brought::Nothing };
        let value = |name| url.query_pairs().find(|(of, _)| of == name).map(|(_, value)| value.into_owned());
        if url.path() != PATH || value("state").as_deref() != Some(state) {
            return Brought::Nothing;
        }
        match (value("code"), value("error_description").or(value("error"))) {
            (Some(code), _) => Brought::Code(code.into()),
            (None, Some(reason)) => Brought::Refusal(reason.chars().filter(|char| !char.is_control()).collect()),
            (None, None) => Brought::Nothing,
        }
    }
}

/// The head of a request, or what there is of it in time.
fn head(browser: &mut TcpStream) -> io::Result<Vec<u8>> {
    let until = Moment::now() + PATIENCE;
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while !head.windows(4).any(|bytes| bytes == b"\r\n\r\n") && head.len() < LONGEST && Moment::now() < until {
        match browser.read(&mut part)? {
            0 => break,
            read => head.extend(part.iter().take(read)),
        }
    }
    Ok(head)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    fn brought(head: &str) -> Brought {
        Loopback::bind().unwrap().brought(head.as_bytes(), "st8")
    }

    #[test]
    fn only_the_request_with_the_state_counts() {
        let wait = |requests: Vec<&'static [u8]>| {
            let loopback = Loopback::bind().unwrap();
            let port = loopback.redirect.port().unwrap();
            assert_eq!(loopback.redirect(), format!("http://127.0.0.1:{port}/callback"));
            let browser = thread::spawn(move || {
                let answer = |request: &&[u8]| {
                    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
                    stream.write_all(request).unwrap();
                    stream.shutdown(std::net::Shutdown::Write).unwrap();
                    io::read_to_string(stream).unwrap_or_default()
                };
                requests.iter().map(answer).collect::<Vec<_>>()
            });
            (loopback.code("st8", SOON, &AtomicBool::default()), browser.join().unwrap())
        };
        let (code, answers) = wait(vec![
            b"GET /favicon.ico HTTP/1.1\r\n\r\n",
            b"",
            b"GET /callback?code=theirs&state=other HTTP/1.1\r\n\r\n",
            b"GET /callback?state=st8&code=a%2Bb HTTP/1.1\r\nHost: x\r\n\r\n",
        ]);
        assert_eq!(code.unwrap().expose_secret(), "a+b");
        assert!(answers[2].starts_with("HTTP/1.1 404") && answers[3].contains("200 OK"), "{answers:?}");
        assert!(!answers[3].contains("a+b"), "{answers:?}");
        let (refused, _) = wait(vec![b"GET /callback?error=access_denied&state=st8 HTTP/1.1\r\n\r\n"]);
        assert!(refused.unwrap_err().to_string().contains("access_denied"));
    }

    #[test]
    fn what_is_no_request_brings_nothing() {
        for head in [
            "",
            "GET",
            "POST /callback?code=a&state=st8 HTTP/1.1",
            "GET /callback?code=a HTTP/1.1",
            "GET /callback?state=st8 HTTP/1.1",
            "GET http://[ HTTP/1.1",
            "\u{0}\u{1}",
        ] {
            assert!(matches!(brought(head), Brought::Nothing), "{head}");
        }
    }

    #[test]
    fn a_wait_ends() {
        let loopback = Loopback::bind().unwrap();
        let late = loopback.code("st8", Duration::from_millis(60), &AtomicBool::default()).unwrap_err();
        assert!(late.to_string().contains(loopback.redirect()), "{late}");
        let stopped = loopback.code("st8", SOON, &AtomicBool::new(true)).unwrap_err();
        assert!(matches!(stopped, Error::Interrupted));
    }
}
