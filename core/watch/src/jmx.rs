//! Asking the servers of HBase and HDFS over HTTP, and the beans of their `/jmx`.

use std::{error, iter, time::Duration};

use reqwest::{StatusCode, blocking::Client};
use serde_json::{Map, Value};
use tootmill_metric::Status;

use crate::Error;

/// A server that is there takes a connection at once, and answers within a second.
const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(30);

/// Gives the JSON that stands at an address.
pub(crate) type Ask<'a> = &'a dyn Fn(&str) -> Result<Value, Error>;

/// A client that asks the servers themselves.
pub(crate) struct Http(Client);

impl Http {
    pub(crate) fn new() -> Result<Self, Error> {
        // A proxy is for the world outside; the servers are on the cluster's own network.
        let client = Client::builder().connect_timeout(CONNECT).timeout(WHOLE).no_proxy().build();
        client.map(Self).map_err(Error::Http)
    }

    pub(crate) fn get(&self, url: &str) -> Result<Value, Error> {
        let ask = |reason, status| Error::Ask { url: url.to_owned(), reason, status };
        let response = self.0.get(url).send().map_err(|error| ask(cause(&error), Status::Temporary))?;
        match response.status() {
            StatusCode::NOT_FOUND => Err(Error::Unknown { url: url.to_owned() }),
            code if code.is_client_error() => Err(ask(code.to_string(), Status::Permanent)),
            code if !code.is_success() => Err(ask(code.to_string(), Status::Temporary)),
            _ => {
                let bytes = response.bytes().map_err(|error| ask(cause(&error), Status::Temporary))?;
                let answer = serde_json::from_slice(&bytes);
                answer.map_err(|error| ask(format!("its answer is not JSON ({error})"), Status::Temporary))
            }
        }
    }
}

/// The innermost cause: the outermost says only that there is an error, and the address once more.
fn cause(error: &reqwest::Error) -> String {
    let causes = iter::successors(error::Error::source(error), |error| error.source());
    causes.last().map_or_else(|| error.to_string(), ToString::to_string)
}

/// One bean of a server.
pub(crate) struct Bean {
    url: String,
    attributes: Map<String, Value>,
}

impl Bean {
    /// Reads a bean of HBase at a server's address. Its role is `Master` or `RegionServer`.
    pub(crate) fn read(ask: Ask<'_>, server: &str, role: &str, sub: &str) -> Result<Self, Error> {
        Self::named(ask, server, &format!("Hadoop:service=HBase,name={role},sub={sub}"))
    }

    /// Reads the bean of a name at a server's address.
    pub(crate) fn named(ask: Ask<'_>, server: &str, name: &str) -> Result<Self, Error> {
        let url = format!("{server}/jmx?qry={name}");
        match ask(&url)?.pointer_mut("/beans/0").map(Value::take) {
            Some(Value::Object(attributes)) => Ok(Self { url, attributes }),
            _ => Err(Error::Attribute { url, attribute: "beans".to_owned() }),
        }
    }

    /// A count or a size.
    pub(crate) fn number(&self, name: &str) -> Result<u64, Error> {
        self.attributes.get(name).and_then(Value::as_u64).ok_or_else(|| self.lacks(name))
    }

    pub(crate) fn text(&self, name: &str) -> Result<&str, Error> {
        self.attributes.get(name).and_then(Value::as_str).ok_or_else(|| self.lacks(name))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.attributes.keys().map(String::as_str)
    }

    fn lacks(&self, name: &str) -> Error {
        Error::Attribute { url: self.url.clone(), attribute: name.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader, Write},
        net::TcpListener,
        thread,
    };

    use super::*;

    /// A server that gives one answer, once.
    fn once(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            assert!(lines.map_while(Result::ok).any(|line| line.is_empty()), "the request ends");
            stream.write_all(answer.as_bytes()).unwrap();
        });
        format!("http://{address}")
    }

    fn told(answer: &'static str) -> Result<Bean, Error> {
        let http = Http::new().unwrap();
        Bean::read(&|url| http.get(url), &once(answer), "Master", "Server")
    }

    #[test]
    fn a_bean_is_read_over_http() {
        let bean = told("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"beans\": [{\"n\": 7, \"t\": \"x\"}]}").unwrap();
        assert_eq!((bean.number("n").unwrap(), bean.text("t").unwrap()), (7, "x"));
        let lacks = bean.number("m").unwrap_err().to_string();
        assert!(lacks.contains("sub=Server does not say `m`"), "{lacks}");
        assert!(bean.number("t").is_err(), "a text is no number");
    }

    #[test]
    fn what_is_no_bean_is_an_error_that_says_so() {
        for (answer, says, status) in [
            ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"beans\": []}", "does not say `beans`", Status::Temporary),
            ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>", "not JSON", Status::Temporary),
            ("HTTP/1.1 404 no\r\nContent-Length: 0\r\n\r\n", "is not there", Status::Permanent),
            ("HTTP/1.1 401 no\r\nContent-Length: 0\r\n\r\n", "401", Status::Permanent),
            ("HTTP/1.1 503 no\r\nContent-Length: 0\r\n\r\n", "503", Status::Temporary),
            ("", "cannot ask http://127.0.0.1", Status::Temporary),
        ] {
            let Err(error) = told(answer) else { panic!("{answer} is no bean") };
            assert!(error.to_string().contains(says), "{error}");
            assert_eq!(error.status(), status, "{error}");
        }
    }
}
