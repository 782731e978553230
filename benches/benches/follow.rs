//! From a stream of server-sent events into the committed files of a lake: posts and bytes in a second, processor time, and
//! the most memory that was used, which is the same for ten times as many posts.
//!
//! The server is a process of its own, which has all posts before the first is asked for.
use std::{
    env,
    error::Error,
    fs,
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tootmill_collect::{Follow, Lineage, Observer, Progress, Watch, follow};
use tootmill_lake::{Lake, find_inputs};
use tootmill_mastodon::{Client, Feed, Instance as Description, Settings, Stream};
use tootmill_metric::Registry;
use tootmill_plugins as _;
use tootmill_policy::{Level, Policy};
use tootmill_synth::Timeline;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", posts] => serve(posts.parse()?),
        ["measure", posts, level] => measure(posts.parse()?, level.parse()?),
        // `cargo bench` has arguments of its own.
        _ => {
            writeln!(
                io::stderr(),
                "policy,posts,megabytes,seconds,posts_a_second,megabytes_a_second,cpu_seconds,cpu_seconds_a_million,peak_mib"
            )?;
            for (posts, level) in [("20000", "open"), ("20000", "default"), ("200000", "open"), ("200000", "default")] {
                let measured = Command::new(env::current_exe()?).args(["measure", posts, level]).status()?;
                if !measured.success() {
                    return Err(format!("{posts} posts, {level}: {measured}").into());
                }
            }
            Ok(())
        }
    }
}

/// Streams synthetic posts once, and says no to whatever else it is asked.
fn serve(posts: u64) -> Outcome {
    let timeline = Timeline { posts, oddities: false, ..Timeline::default() };
    let mut events = Vec::new();
    for number in 0..posts {
        events.extend(b"event: update\ndata: ");
        timeline.post(number, &mut events);
        events.push(b'\n');
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    writeln!(io::stderr(), "{} {}", listener.local_addr()?.port(), events.len())?;
    let is_streamed = AtomicBool::new(false);
    // Pages are asked for while the stream is sent.
    thread::scope(|scope| {
        for connection in listener.incoming().flatten() {
            let (events, is_streamed) = (&events, &is_streamed);
            // Whoever asked may have gone.
            scope.spawn(move || answer(connection, events, is_streamed).ok());
        }
    });
    Ok(())
}

fn answer(mut connection: TcpStream, events: &[u8], is_streamed: &AtomicBool) -> io::Result<()> {
    let mut head = BufReader::new(&connection).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let is_stream = head.next().is_some_and(|line| line.contains(Stream::PATH));
    head.for_each(drop);
    if is_stream && !is_streamed.swap(true, Ordering::Relaxed) {
        connection.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\n\r\n")?;
        connection.write_all(events)
    } else {
        connection.write_all(b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    }
}

/// A server, which ends with this.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Nobody;

impl Watch for Nobody {
    fn progress(&self, _: Progress) {}
    fn note(&self, _: &str) {}
}

/// Under a policy, where the open one keeps everything as it was sent.
fn measure(posts: u64, level: Level) -> Outcome {
    let mut serve = Command::new(env::current_exe()?);
    let mut server = Server(serve.args(["serve", &posts.to_string()]).stderr(Stdio::piped()).spawn()?);
    let mut said = String::new();
    BufReader::new(server.0.stderr.take().ok_or("no output of the server")?).read_line(&mut said)?;
    let (port, bytes) = said.trim().split_once(' ').ok_or("the server did not say where it is")?;

    let folder = tempfile::tempdir()?;
    let lake = Lake::open(folder.path().to_str().ok_or("an odd folder")?, "mill.example")?;
    let settings = Settings { pause: Duration::from_millis(1), ..Settings::default() };
    let client = Client::new(&format!("http://127.0.0.1:{port}"), settings, Box::new(()))?;
    let policy = match level {
        Level::Open => Policy::as_sent(),
        level => Policy::new(level, "mill.example", &Registry::linked()?),
    };
    let lineage = Lineage::begin(&lake, Feed::default(), Observer::anonymous(), &Arc::new(policy))?;
    let (began, before) = (Instant::now(), tootmill_benches::cpu_seconds()?);
    // The refusal after the stream is how it ends.
    let ended = follow(&client, &Description::default(), &lineage, &Follow::default(), &Nobody);
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), tootmill_benches::cpu_seconds()? - before);
    let peak = peak_mib()?;
    if !matches!(ended, Err(tootmill_collect::Error::Mastodon(tootmill_mastodon::Error::Refused { .. }))) {
        return Err(format!("it ended otherwise: {ended:?}").into());
    }
    let files: Vec<String> = lake.raw_files()?.into_iter().map(|file| file.path).collect();
    let lines = tootmill_input::lines_of(find_inputs(files.iter().map(String::as_str))?).lines();
    let lines = lines.filter(|line| line.as_ref().is_ok_and(|line| line.starts_with("{\"id\""))).count();
    if lines as u64 != posts {
        return Err(format!("{lines} lines of {posts} posts").into());
    }
    let (count, megabytes) = (f64::from(u32::try_from(posts)?), f64::from(bytes.parse::<u32>()?) / 1e6);
    writeln!(
        io::stderr(),
        "{level},{posts},{megabytes:.0},{seconds:.2},{:.0},{:.0},{cpu:.2},{:.1},{peak}",
        count / seconds,
        megabytes / seconds,
        cpu / count * 1e6
    )?;
    Ok(())
}

/// The most memory that this process had, in MiB.
fn peak_mib() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|peak| peak.split_whitespace().next()).ok_or("no peak")?;
    Ok(kib.parse::<u64>()? / 1024)
}
