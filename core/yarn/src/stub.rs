//! A server for tests that gives recorded answers, as the ResourceManager, the history server and a node in one.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use crate::rest::Rest;

/// The recorded answers, by path: each says what a cluster of version 3.4.2 said of a job whose map tasks failed.
pub(crate) const FAILED_JOB: [(&str, &str); 4] = [
    ("/ws/v1/cluster/apps/application_1795531063437_0002", include_str!("recorded/app.json")),
    ("/ws/v1/history/mapreduce/jobs/job_1795531063437_0002/tasks", include_str!("recorded/tasks.json")),
    (
        "/ws/v1/history/mapreduce/jobs/job_1795531063437_0002/tasks/task_1795531063437_0002_m_000001/attempts",
        include_str!("recorded/attempts.json"),
    ),
    ("/ws/v1/history/mapreduce/jobs/job_1795531063437_0002/counters", include_str!("recorded/counters.json")),
];

pub(crate) struct Stub {
    pub(crate) address: String,
    answers: Arc<Mutex<BTreeMap<String, (u16, String)>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    /// A server that knows nothing yet. Its thread ends with the tests.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (answers, requests) = (Arc::default(), Arc::default());
        let stub = Self { address, answers: Arc::clone(&answers), requests: Arc::clone(&requests) };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away is the client's test to fail.
                let _ = answer(stream, &answers, &requests);
            }
        });
        stub
    }

    /// Gives an answer at a path from now on, `NODE` in it being this server's address.
    pub(crate) fn at(&self, path: &str, code: u16, body: &str) {
        let body = body.replace("NODE", &self.address);
        self.answers.lock().unwrap().insert(path.to_owned(), (code, body));
    }

    pub(crate) fn failed_job() -> Self {
        let stub = Self::start();
        FAILED_JOB.iter().for_each(|(path, body)| stub.at(path, 200, body));
        stub
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn rest(&self) -> Rest {
        Rest::new(vec![self.url()], self.url(), Some("me".to_owned())).unwrap()
    }

    /// What it was asked: method, path with its query, body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn answer(
    stream: TcpStream,
    answers: &Mutex<BTreeMap<String, (u16, String)>>,
    requests: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        match header.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().unwrap_or(0);
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = first.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    requests
        .lock()
        .unwrap()
        .push(format!("{method} {target} {}", String::from_utf8_lossy(&body)).trim_end().to_owned());
    let path = target.split('?').next().unwrap_or_default();
    let found = answers.lock().unwrap().get(path).cloned();
    let (code, body) = found.unwrap_or_else(|| (404, r#"{"RemoteException":{"message":"what is that?"}}"#.to_owned()));
    let location = if code == 307 { format!("Location: {body}\r\n") } else { String::new() };
    let head = format!("HTTP/1.1 {code} -\r\n{location}Connection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    reader.get_mut().write_all((head + &body).as_bytes())
}
