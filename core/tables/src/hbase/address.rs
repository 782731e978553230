//! The address of HBase's Thrift servers, with all that a connection needs to know.

use std::{env, fmt, path::PathBuf, str::FromStr, time::Duration};

use percent_encoding::percent_decode_str;
use url::{Position, Url};

use super::error::Error;

/// What carries the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// Thrift's buffered transport, which is HBase's default.
    Buffered,
    /// Thrift's framed transport: `hbase.regionserver.thrift.framed`.
    Framed,
    /// HTTP: `hbase.regionserver.thrift.http`.
    Http,
}

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Thrift's binary protocol, which is HBase's default.
    Binary,
    /// Thrift's compact protocol: `hbase.regionserver.thrift.compact`.
    Compact,
}

/// Where HBase's Thrift servers are: `hbase://HOST:PORT`, or `hbase+http://…` and `hbase+https://USER@HOST:PORT/PATH` where the
/// server speaks HTTP, then `?` and options, joined by `&`:
///
/// - `namespace=NAME`: HBase's namespace of the tables
/// - `thrift2=HOST:PORT`: the Thrift2 server, which can create tables with block encoding and split from the start
/// - `transport=framed` and `protocol=compact`, where the server was started so
/// - `connections=N`: how many write at once (4)
/// - `batch=N`: how many rows are written at once at most (5000)
/// - `timeout=SECONDS`: how long an answer may take (60)
/// - `patience=SECONDS`: how long something is tried again (300)
/// - `ca=FILE`: the certificate of who signed the server's, in PEM
///
/// A password is better in the environment, in `TOOTMILL_HBASE_PASSWORD`, than in the address.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    url: Url,
    pub(crate) transport: Transport,
    pub(crate) protocol: Protocol,
    pub(crate) namespace: Option<String>,
    pub(crate) thrift2: Option<String>,
    pub(crate) connections: usize,
    pub(crate) batch: usize,
    pub(crate) timeout: Duration,
    pub(crate) patience: Duration,
    pub(crate) certificate: Option<PathBuf>,
}

/// The port of HBase's Thrift server, where none is given.
const PORT: u16 = 9090;
/// The variable with the password.
const PASSWORD: &str = "TOOTMILL_HBASE_PASSWORD";

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        // Of what may hold a password nothing is said.
        let wrong = |reason: String| Error::Address { reason };
        let url = Url::parse(text).map_err(|error| wrong(error.to_string()))?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong("it has no host".into()));
        }
        // Else a part of it would be taken for an option, and be named.
        if url[Position::AfterPort..].contains('@') {
            return Err(wrong("in a user and a password, write / as %2F, ? as %3F and # as %23".into()));
        }
        let transport = match url.scheme() {
            "hbase" => Transport::Buffered,
            "hbase+http" | "hbase+https" => Transport::Http,
            scheme => return Err(wrong(format!("`{scheme}` is neither hbase, hbase+http nor hbase+https"))),
        };
        let mut address = Self {
            url: url.clone(),
            transport,
            protocol: Protocol::Binary,
            namespace: None,
            thrift2: None,
            connections: 4,
            batch: 5000,
            timeout: Duration::from_mins(1),
            patience: Duration::from_mins(5),
            certificate: None,
        };
        for (name, value) in url.query_pairs() {
            let number = |least: u64, most: u64| {
                let number = value.parse().ok().filter(|number| (least..=most).contains(number));
                number.ok_or_else(|| wrong(format!("{name} is no number from {least} to {most}")))
            };
            match (&*name, &*value) {
                ("namespace", value) if is_namespace(value) => address.namespace = Some(value.into()),
                ("thrift2", value) if value.contains(':') => address.thrift2 = Some(value.into()),
                ("transport", "buffered") if transport != Transport::Http => {}
                ("transport", "framed") if transport != Transport::Http => address.transport = Transport::Framed,
                ("protocol", "binary") => {}
                ("protocol", "compact") => address.protocol = Protocol::Compact,
                ("connections", _) => address.connections = usize::try_from(number(1, 64)?).unwrap_or(1),
                ("batch", _) => address.batch = usize::try_from(number(1, 100_000)?).unwrap_or(1),
                ("timeout", _) => address.timeout = Duration::from_secs(number(1, 3600)?),
                ("patience", _) => address.patience = Duration::from_secs(number(0, 86_400)?),
                ("ca", file) if !file.is_empty() => address.certificate = Some(file.into()),
                (name @ ("namespace" | "thrift2" | "transport" | "protocol" | "ca"), value) => {
                    return Err(wrong(format!("`{value}` is no {name}")));
                }
                (name, _) => return Err(wrong(format!("there is no option `{name}`"))),
            }
        }
        Ok(address)
    }
}

/// As HBase allows.
fn is_namespace(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl Address {
    /// The host, as a name or an address.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.port().unwrap_or(PORT)
    }

    /// Where messages to a server are posted, if by HTTP.
    pub(crate) fn http_url(&self, host: &str, port: u16) -> String {
        let scheme = self.url.scheme().trim_start_matches("hbase+");
        let path = if self.url.path().is_empty() { "/" } else { self.url.path() };
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_string() };
        format!("{scheme}://{host}:{port}{path}")
    }

    /// The user and the password, if there is a user.
    pub(crate) fn credentials(&self) -> Option<(String, Option<String>)> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let password = self.url.password().map(decoded).or_else(|| env::var(PASSWORD).ok());
        (!self.url.username().is_empty()).then(|| (decoded(self.url.username()), password))
    }

    /// A table's name in HBase.
    pub fn table(&self, name: &str) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}:{name}"),
            None => name.into(),
        }
    }

    /// The host and port, for messages.
    pub(crate) fn server(&self) -> String {
        format!("{}:{}", self.url.host_str().unwrap_or_default(), self.port())
    }
}

/// Without a password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.url.clone();
        if url.password().is_some() {
            // It has a host, so it can have a password.
            let _ = url.set_password(Some("***"));
        }
        url.fmt(f)
    }
}

/// As it is shown: without a password.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_all_that_a_connection_needs() {
        let address: Address =
            "hbase://[::1]:9090?namespace=a_b&thrift2=h:1&transport=framed&protocol=compact&connections=2"
                .parse()
                .unwrap();
        assert_eq!((address.host(), address.port(), address.transport), ("::1", 9090, Transport::Framed));
        assert_eq!((address.table("user_table"), address.connections), ("a_b:user_table".to_string(), 2));
        let address: Address = "hbase+https://gateway.example/hbase".parse().unwrap();
        assert_eq!(address.http_url(address.host(), address.port()), "https://gateway.example:9090/hbase");
    }

    #[test]
    fn a_password_is_never_shown() {
        let address: Address = "hbase+http://ada:secret@h:1/?namespace=n".parse().unwrap();
        assert_eq!(format!("{address} {address:?}").matches("ada:***@").count(), 2);
        assert_eq!(address.credentials(), Some(("ada".into(), Some("secret".into()))));
        let address: Address = "hbase+http://a%40da:s%2Fe=c%3Fret@h:1".parse().unwrap();
        assert_eq!(address.credentials(), Some(("a@da".into(), Some("s/e=c?ret".into()))));
        for wrong in [
            "hbase://ada:secret@h:99999",
            "hbase://ada:secret@h:1?secret=1&connections=x",
            "hbase://ada:secret@",
            "hbase://mill:12?ada@h:1",
            "hbase+http://mill:12?namespace=ada@h:1",
        ] {
            let error = wrong.parse::<Address>().unwrap_err().to_string();
            assert!(!error.contains("ada"), "{error}");
        }
    }

    #[test]
    fn wrong_options_are_named() {
        for (option, word) in [
            ("connections=0", "from 1 to 64"),
            ("namespace=a-b", "`a-b` is no namespace"),
            ("transport=x", "`x` is no transport"),
            ("conections=2", "no option `conections`"),
        ] {
            let error = format!("hbase://h:1?{option}").parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
