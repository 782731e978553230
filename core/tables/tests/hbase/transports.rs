//! Every form in which HBase's Thrift server speaks.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tootmill_tables::{Destination, Part};

use crate::support::{Content, Namespace, day, load, variable, verified};

/// A Thrift server of the cluster, started for a test.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    /// Starts one with a configuration of its own: the cluster's, and these properties.
    fn start(folder: &Path, name: &str, properties: &[(&str, &str)]) -> Self {
        let site = fs::read_to_string(format!("{}/hbase-site.xml", variable("HBASE_CONF_DIR"))).unwrap();
        let properties: String = properties
            .iter()
            .map(|(name, value)| format!("<property><name>{name}</name><value>{value}</value></property>\n"))
            .collect();
        let folder = folder.join(name);
        fs::create_dir(&folder).unwrap();
        let site = site.replace("</configuration>", &format!("{properties}</configuration>"));
        fs::write(folder.join("hbase-site.xml"), site).unwrap();
        let classpath = Command::new(format!("{}/bin/hbase", variable("TOOTMILL_CLUSTER"))).arg("classpath").output();
        let classpath = String::from_utf8(classpath.unwrap().stdout).unwrap();
        let (port, web) = (free_port(), free_port());
        let mut command = Command::new(format!("{}/bin/java", variable("JAVA_HOME")));
        command.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]);
        command.args(
            ["java.lang", "java.nio", "sun.nio.ch"].map(|name| format!("--add-opens=java.base/{name}=ALL-UNNAMED")),
        );
        command.arg("-cp").arg(format!("{}:{}", folder.display(), classpath.trim_end()));
        command.args(["org.apache.hadoop.hbase.thrift.ThriftServer", "start", "--bind", "127.0.0.1"]);
        command.args(["--port", &port.to_string(), "--infoport", &web.to_string()]);
        let log = fs::File::create(folder.join("log")).unwrap();
        let process = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        Self { process, port }
    }

    fn wait(&mut self) {
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(self.process.try_wait().unwrap().is_none(), "the Thrift server ended");
            assert!(began.elapsed() < Duration::from_mins(2), "the Thrift server does not listen");
            thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A key store for the server, and its certificate for the client.
fn certificate(folder: &Path) {
    let keytool = format!("{}/bin/keytool", variable("JAVA_HOME"));
    let run = |arguments: &str| {
        let output = Command::new(&keytool).args(arguments.split(' ')).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    };
    run(
        "-genkeypair -alias thrift -keyalg RSA -dname CN=127.0.0.1 -ext SAN=ip:127.0.0.1 -validity 2 -keystore keys.jks \
         -storetype JKS -storepass millstone -keypass millstone",
    );
    run("-exportcert -rfc -alias thrift -keystore keys.jks -storepass millstone -file certificate.pem");
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn every_transport_and_protocol_carries_the_same() {
    let folder = TempDir::new().unwrap();
    certificate(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let keys = path("keys.jks");
    let [framed, compact, http] = ["framed", "compact", "http"].map(|name| format!("hbase.regionserver.thrift.{name}"));
    let secure = [
        (&*http, "true"),
        ("hbase.thrift.ssl.enabled", "true"),
        ("hbase.thrift.ssl.keystore.store", &*keys),
        ("hbase.thrift.ssl.keystore.password", "millstone"),
        ("hbase.thrift.ssl.keystore.keypassword", "millstone"),
    ];
    let start = |name: &str, properties: &[(&str, &str)]| Server::start(folder.path(), name, properties);
    let mut both = start("both", &[(&*framed, "true"), (&*compact, "true")]);
    let mut compact = start("compact", &[(&*compact, "true")]);
    let mut framed = start("framed", &[(&*framed, "true")]);
    let mut http = start("http", &[(&*http, "true")]);
    let mut secure = start("secure", &secure);
    for server in [&mut framed, &mut compact, &mut both, &mut http, &mut secure] {
        server.wait();
    }
    let namespace = Namespace::new();
    namespace.hbase().create_tables(&crate::support::tables(), tootmill_tables::hbase::Making::default(), &()).unwrap();
    let name = &namespace.name;
    let addresses = [
        format!("hbase://127.0.0.1:{}?namespace={name}&transport=framed", framed.port),
        format!("hbase://127.0.0.1:{}?namespace={name}&transport=framed&protocol=compact", both.port),
        format!("hbase://127.0.0.1:{}?namespace={name}&protocol=compact", compact.port),
        format!("hbase+http://ada:secret@127.0.0.1:{}?namespace={name}", http.port),
        format!("hbase+https://127.0.0.1:{}?namespace={name}&ca={}", secure.port, path("certificate.pem")),
    ];
    for (number, address) in (1..).zip(&addresses) {
        let content = Content::new(&[("b", number)], &[("1", number, Some("ä\n\0"))]);
        let days = [(day("2026-11-01"), (number, content.clone()))].into();
        let mut store =
            address.parse::<Destination>().unwrap().create().unwrap_or_else(|error| panic!("{address}: {error}"));
        let loaded = store.replace(&load(&days, &[]), verified(), &()).unwrap();
        assert_eq!(loaded.verified, Some(6), "{address}");
        assert_eq!(Content::read(&*store, Part::Day(day("2026-11-01"))), content, "{address}");
    }
    // The wrong way to speak is an error that says so, within seconds, and not a hang.
    for (address, word) in [
        (format!("hbase://127.0.0.1:{}?protocol=compact", framed.port), "HBase"),
        (format!("hbase+https://127.0.0.1:{}", secure.port), "certificate"),
        (format!("hbase+http://127.0.0.1:{}", framed.port), "HBase"),
    ] {
        let address =
            if address.contains('?') { format!("{address}&timeout=2") } else { format!("{address}?timeout=2") };
        let began = Instant::now();
        let error = address.parse::<Destination>().unwrap().create().err().unwrap().to_string();
        assert!(error.contains(word), "{address}: {error}");
        assert!(began.elapsed() < Duration::from_secs(20), "{address}: {:?}", began.elapsed());
    }
}

/// A server that answers every connection with the same bytes, and takes what comes.
fn answering(bytes: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { break };
            thread::spawn(move || {
                let _ = stream.write_all(bytes);
                let _ = BufReader::new(stream).read_until(b'\xff', &mut Vec::new());
            });
        }
    });
    port
}

#[test]
fn a_server_that_is_none_is_an_error_and_no_password_is_told() {
    let secret = "s3cr3t-mill";
    let http = answering(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    // An answer of Thrift, up to the length of its name, which is less than nothing.
    let wrong = answering(b"\x80\x01\x00\x02\xff\xff\xff\xff");
    for (port, address) in [
        (http, format!("hbase://127.0.0.1:{http}?timeout=2")),
        (http, format!("hbase+http://ada:{secret}@127.0.0.1:{http}?timeout=2")),
        (wrong, format!("hbase://127.0.0.1:{wrong}?timeout=2")),
        (wrong, format!("hbase://127.0.0.1:{wrong}?timeout=2&transport=framed")),
        (wrong, format!("hbase://127.0.0.1:{wrong}?timeout=2&protocol=compact")),
    ] {
        let error = address.parse::<Destination>().unwrap().create().err().unwrap();
        let told = format!("{error} {error:?}");
        assert!(told.contains(&port.to_string()) && !told.contains(secret), "{told}");
    }
}
