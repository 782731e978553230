//! A connection to a Thrift server that comes back: timeouts, and trying again what is worth it.

use std::{
    io::{self, BufReader},
    net::{TcpStream, ToSocketAddrs},
    panic::{self, AssertUnwindSafe},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use backon::{BlockingRetryable, ExponentialBuilder};
use hbase_thrift::hbase::HbaseSyncClient;
use thrift::{
    ProtocolError, ProtocolErrorKind,
    protocol::{
        TBinaryInputProtocol, TBinaryOutputProtocol, TCompactInputProtocol, TCompactOutputProtocol, TInputProtocol,
        TOutputProtocol,
    },
    transport::{
        TBufferedWriteTransport, TFramedWriteTransport, TIoChannel, TReadTransport, TTcpChannel, TWriteTransport,
    },
};
use tootmill_metric::Status;

use super::{
    address::{Address, Protocol, Transport},
    error::Error,
    frames::Frames,
    http,
};
use crate::store::Watch;

pub(crate) type Input = Box<dyn TInputProtocol + Send>;
pub(crate) type Output = Box<dyn TOutputProtocol + Send>;

/// Thrift1's client, as HBase's own interface file gives it.
pub(crate) type Client = HbaseSyncClient<Input, Output>;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long the first connection is tried.
const FIRST_PATIENCE: Duration = Duration::from_secs(3);
/// A batch of a thousand rows fits.
const BUFFER: usize = 1 << 17;

/// Opens a connection, and gives its two halves.
pub(crate) fn open(address: &Address, host: &str, port: u16) -> Result<(Input, Output), Error> {
    let server = format!("{host}:{port}");
    let (read, write): (Box<dyn TReadTransport + Send>, Box<dyn TWriteTransport + Send>) = match address.transport {
        Transport::Http => http::open(address, host, port)?,
        transport => {
            let unreachable =
                |source: io::Error| Error::Unreachable { server: server.clone(), reason: source.to_string() };
            let stream = connect(host, port).map_err(unreachable)?;
            let set = || {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(address.timeout))?;
                stream.set_write_timeout(Some(address.timeout))
            };
            set().map_err(unreachable)?;
            let (read, write) = TTcpChannel::with_stream(stream)
                .split()
                .map_err(|error| Error::Unreachable { server: server.clone(), reason: error.to_string() })?;
            // Not Thrift's own buffer: where a read is interrupted, as by Ctrl-Z, it gives the answer before once more.
            if transport == Transport::Framed {
                (
                    Box::new(BufReader::with_capacity(BUFFER, Frames::new(read))),
                    Box::new(TFramedWriteTransport::with_capacity(BUFFER, write)),
                )
            } else {
                (
                    Box::new(BufReader::with_capacity(BUFFER, read)),
                    Box::new(TBufferedWriteTransport::with_capacity(BUFFER, write)),
                )
            }
        }
    };
    Ok(match address.protocol {
        Protocol::Binary => {
            (Box::new(TBinaryInputProtocol::new(read, true)), Box::new(TBinaryOutputProtocol::new(write, true)))
        }
        Protocol::Compact => (Box::new(TCompactInputProtocol::new(read)), Box::new(TCompactOutputProtocol::new(write))),
    })
}

fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// A connection to the Thrift1 server.
pub(crate) struct Connection {
    address: Address,
    client: Option<Client>,
    /// Grows with every connection: what the server kept for an earlier one may be gone.
    generation: u64,
    patience: Duration,
}

impl Connection {
    /// Connects, and sees that a Thrift server answers.
    pub(crate) fn first(address: Address) -> Result<Self, Error> {
        let patience = address.patience;
        let mut connection = Self { address, client: None, generation: 0, patience: FIRST_PATIENCE };
        connection.call("ask for the tables", &Retries::default(), &(), |client| {
            use hbase_thrift::hbase::THbaseSyncClient;
            client.get_table_names().map(drop)
        })?;
        connection.patience = patience;
        Ok(connection)
    }

    /// Another one to the same server, which is opened when it is used.
    pub(crate) fn another(&self) -> Self {
        Self { address: self.address.clone(), client: None, generation: 0, patience: self.patience }
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Calls once.
    pub(crate) fn once<T>(
        &mut self,
        action: &str,
        call: impl FnOnce(&mut Client) -> thrift::Result<T>,
    ) -> Result<T, Error> {
        let mut client = if let Some(client) = self.client.take() {
            client
        } else {
            let (input, output) = open(&self.address, self.address.host(), self.address.port())?;
            self.generation += 1;
            Client::new(input, output)
        };
        let called = guarded(|| call(&mut client));
        let called = called.map_err(|error| Error::of_call(action, self.address.server(), &error));
        // After anything but an answer nobody knows what comes next on the wire.
        if matches!(called, Ok(_) | Err(Error::Refused { .. })) {
            self.client = Some(client);
        }
        called
    }

    /// Calls, and calls again while that is worth it. The call must do the same when it is done twice.
    pub(crate) fn call<T>(
        &mut self,
        action: &str,
        retries: &Retries,
        watch: &dyn Watch,
        mut call: impl FnMut(&mut Client) -> thrift::Result<T>,
    ) -> Result<T, Error> {
        let patience = self.patience;
        again(patience, retries, watch, || self.once(action, &mut call))
    }
}

/// Calls, and makes a panic an error: Thrift's library believes any length that it is told, a negative one too.
pub(crate) fn guarded<T>(call: impl FnOnce() -> thrift::Result<T>) -> thrift::Result<T> {
    // What the panic may have left half done is thrown away with the connection.
    panic::catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| {
        let kind = ProtocolErrorKind::SizeLimit;
        Err(thrift::Error::Protocol(ProtocolError::new(kind, "it has a length that cannot be")))
    })
}

/// How often something was tried again.
#[derive(Debug, Default)]
pub(crate) struct Retries {
    count: AtomicU64,
    timeouts: AtomicU64,
}

impl Retries {
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Whether a write may land later than it seemed.
    pub(crate) fn some_were_lost(&self) -> bool {
        self.timeouts.load(Ordering::Relaxed) > 0
    }
}

/// Does something again while it fails for now: after 0.1 s, then twice as long each time up to 10 s, with jitter.
pub(crate) fn again<T>(
    patience: Duration,
    retries: &Retries,
    watch: &dyn Watch,
    work: impl FnMut() -> Result<T, Error>,
) -> Result<T, Error> {
    let delays = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(10))
        .with_jitter()
        .without_max_times();
    let began = Instant::now();
    work.retry(delays)
        .when(|error| error.status() == Status::Temporary && began.elapsed() < patience)
        .notify(|error, delay| {
            retries.count.fetch_add(1, Ordering::Relaxed);
            if matches!(error, Error::Lost { .. }) {
                retries.timeouts.fetch_add(1, Ordering::Relaxed);
            }
            // The first time it may be no more than a connection that was idle.
            if delay > Duration::from_millis(200) {
                watch.note(&format!("{error}; trying again in {:.1} s", delay.as_secs_f64()));
            }
        })
        .call()
}
