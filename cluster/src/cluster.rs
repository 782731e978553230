//! A cluster: started, changed while it runs, and stopped.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::{
    Container, Daemon, Environment, Error, Layout, configuration,
    error::{at, starting},
    guard::Guard,
    hdfs, health,
    jars::Jars,
    java, launch,
    ports::{Held, Ports},
    processes,
    settings::Settings,
    wrappers,
};

/// How long a daemon may take until it answers, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long a process may still be there that was killed.
const LAST_GRACE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(100);

/// What kind of cluster.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where everything of it lies. Without one it gets a temporary folder, which goes when it goes.
    pub dir: Option<PathBuf>,
    /// How many DataNodes, 1 or 2; each file has as many replicas.
    pub datanodes: u8,
    /// Whether HBase, with ZooKeeper and both Thrift servers, is started too.
    pub hbase: bool,
    /// Whether YARN collects the logs of containers in HDFS, from where the history server shows them.
    pub log_aggregation: bool,
    /// Whether speed is to be measured: Java's best compiler and larger tasks, as on a real cluster, which take longer to start.
    pub for_measuring: bool,
    /// When this becomes true, starting is given up and undone.
    pub interrupted: Arc<AtomicBool>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dir: None,
            datanodes: 1,
            hbase: true,
            log_aggregation: false,
            for_measuring: false,
            interrupted: Arc::default(),
        }
    }
}

/// A cluster in its folder. One that this value has started is stopped when the value is dropped, or this process ends in whatever way.
#[derive(Debug)]
pub struct Cluster {
    layout: Layout,
    settings: Settings,
    environment: Environment,
    /// Those that this process has started, to wait for.
    children: BTreeMap<Daemon, Child>,
    /// There while this value is answerable for the cluster.
    guard: Option<Guard>,
    interrupted: Arc<AtomicBool>,
}

/// How a daemon is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs and does its work.
    Answers,
    /// It runs, but something is the matter.
    Silent(String),
    /// It does not run.
    Down,
}

impl Cluster {
    /// Starts a cluster, and waits until all of it answers. What a named folder holds from an earlier one is kept.
    ///
    /// After an error nothing is left running.
    pub fn up(options: &Options) -> Result<Self, Error> {
        const ATTEMPTS: u32 = 3;
        let jars = Jars::installed()?;
        let (folder, temporary) = match &options.dir {
            Some(folder) => (folder.clone(), false),
            None => (temporary_folder()?, true),
        };
        fs::create_dir_all(&folder).map_err(at("creating", &folder))?;
        let layout = Layout::of(&folder)?;
        let lock_path = layout.lock();
        let lock = File::create(&lock_path).map_err(at("creating", &lock_path))?;
        lock.try_lock().map_err(|_| in_the_way(&layout, "is being started by another run"))?;

        let before = Settings::read(&layout)?;
        if before.as_ref().is_some_and(|before| before.datanodes > options.datanodes) {
            return Err(in_the_way(&layout, "has blocks on two DataNodes: start it with both, or remove the folder"));
        }
        let mut settings = Settings {
            ports: Ports::default(),
            datanodes: options.datanodes,
            hbase: options.hbase,
            log_aggregation: options.log_aggregation,
            for_measuring: options.for_measuring,
            temporary,
            user: user()?,
            java_home: java::home()?,
            jars,
        };
        if Daemon::ALL.iter().any(|daemon| processes::daemon(&layout, *daemon).is_some()) {
            return Err(in_the_way(&layout, "runs already: `cargo xtask cluster down` stops it"));
        }
        let mut ports = before.map(|before| before.ports);
        for attempt in 1.. {
            let mut held = Held::any(ports.take())?;
            settings.ports = held.ports();
            let outcome = Self::start_all(layout.clone(), settings.clone(), &mut held, options);
            match outcome {
                // Another program was quicker. Whatever the daemons of this attempt have written is good for the next.
                Err(error) if attempt < ATTEMPTS && lost_a_port(&error) => {
                    eprintln!("a port was taken just now; trying others");
                }
                Err(error) => {
                    if temporary {
                        let _ = fs::remove_dir_all(layout.folder());
                    }
                    return Err(error);
                }
                cluster => return cluster,
            }
        }
        Err(Error::Interrupted)
    }

    fn start_all(layout: Layout, settings: Settings, held: &mut Held, options: &Options) -> Result<Self, Error> {
        // Logs are about one run: an error that is in them is of this one.
        if layout.logs().exists() {
            fs::remove_dir_all(layout.logs()).map_err(at("removing", layout.logs()))?;
        }
        for folder in [layout.logs(), layout.folder().join("pids"), layout.data("hadoop")] {
            fs::create_dir_all(&folder).map_err(at("creating", &folder))?;
        }
        settings.write(&layout)?;
        configuration::write(&layout, &settings)?;
        wrappers::write(&layout, &settings)?;
        let environment = Environment::new(&layout, &settings);
        let daemons: Vec<Daemon> = settings.daemons().collect();
        let guard = Guard::over(&layout, &settings)?;
        // From here on whatever was started is stopped by the drop.
        let interrupted = options.interrupted.clone();
        let mut cluster =
            Self { layout, settings, environment, children: BTreeMap::new(), guard: Some(guard), interrupted };
        let outcome = cluster.bring_up(&daemons, Some(held));
        if outcome.is_err() {
            cluster.stop_all();
            // The folder is still wanted.
            cluster.guard.take().into_iter().for_each(Guard::dismiss);
        }
        outcome?;
        cluster.environment.write(&cluster.layout.environment())?;
        Ok(cluster)
    }

    /// The cluster that was started in the folder by another process, or earlier. It may be up or down.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let no_cluster = || Error::NoCluster { folder: folder.to_owned() };
        if !folder.is_dir() {
            return Err(no_cluster());
        }
        let layout = Layout::of(folder)?;
        let settings = Settings::read(&layout)?.ok_or_else(no_cluster)?;
        let environment = Environment::new(&layout, &settings);
        let interrupted = Arc::default();
        Ok(Self { layout, settings, environment, children: BTreeMap::new(), guard: None, interrupted })
    }

    /// Lets it run on when this value, and this process, are gone.
    pub fn leave_running(&mut self) {
        self.guard.take().into_iter().for_each(Guard::dismiss);
    }

    /// Stops all of it. A temporary folder is removed.
    pub fn down(mut self) -> Result<(), Error> {
        let _guard = self.guard.take();
        self.stop_all();
        let left =
            self.daemons().into_iter().find_map(|daemon| Some((daemon, processes::daemon(&self.layout, daemon)?)));
        match left {
            Some((daemon, pid)) => Err(Error::Immortal { daemon, pid }),
            None => self.remove_temporary(),
        }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.layout.folder()
    }

    /// What programs that use it must have in their environment.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Names and values of that environment.
    pub fn variables(&self) -> Vec<(String, String)> {
        self.environment.variables()
    }

    /// `hdfs://127.0.0.1:…`.
    pub fn hdfs(&self) -> &str {
        self.environment.get("TOOTMILL_HDFS").unwrap_or_default()
    }

    /// One of the wrappers, as `hdfs` or `mapred`, or any other program, with the cluster's environment.
    pub fn command(&self, program: &str) -> Command {
        let own = self.layout.bin().join(program);
        let mut command = if own.exists() { Command::new(own) } else { Command::new(program) };
        command.envs(self.variables()).env_remove("HADOOP_USER_NAME");
        command
    }

    /// The daemons that it has, in the order in which they are started.
    pub fn daemons(&self) -> Vec<Daemon> {
        self.settings.daemons().collect()
    }

    /// `host:port` where the daemon is to be found.
    pub fn address(&self, daemon: Daemon) -> String {
        daemon.ports().first().map(|port| self.settings.ports.address(*port)).unwrap_or_default()
    }

    /// Where its log is.
    pub fn log(&self, daemon: Daemon) -> PathBuf {
        self.layout.log(daemon)
    }

    /// The last lines of its log.
    pub fn log_tail(&self, daemon: Daemon) -> String {
        tail(&self.log(daemon))
    }

    /// How it is now.
    pub fn state(&self, daemon: Daemon) -> State {
        match (processes::daemon(&self.layout, daemon), health::answers(daemon, &self.settings)) {
            (None, _) => State::Down,
            (Some(_), Ok(())) => State::Answers,
            (Some(_), Err(problem)) => State::Silent(problem),
        }
    }

    /// The process of the daemon, if it runs.
    pub fn pid(&self, daemon: Daemon) -> Option<i32> {
        processes::daemon(&self.layout, daemon)
    }

    /// What runs in containers of YARN now.
    pub fn containers(&self) -> Vec<Container> {
        processes::containers(&self.layout)
    }

    /// Makes `/user/NAME` in HDFS, theirs. Who asks as that user then is one: nobody checks.
    pub fn make_home(&self, user: &str) -> Result<(), Error> {
        hdfs::make_home(&self.settings, user)
    }

    /// Starts a daemon that was stopped, with the same ports and data, and waits until it answers.
    pub fn start(&mut self, daemon: Daemon) -> Result<(), Error> {
        if !self.settings.has(daemon) {
            return Err(Error::NotThere { daemon });
        }
        if self.pid(daemon).is_some() {
            return Ok(());
        }
        let outcome = self.bring_up(&[daemon], None);
        if outcome.is_err() {
            self.end(&[daemon], Signal::KILL);
        }
        outcome
    }

    /// Asks a daemon to end, and makes it if it doesn't.
    pub fn stop(&mut self, daemon: Daemon) -> Result<(), Error> {
        self.end(&[daemon], Signal::TERM);
        self.gone(daemon)
    }

    /// Ends a daemon as a crash would.
    pub fn kill(&mut self, daemon: Daemon) -> Result<(), Error> {
        self.end(&[daemon], Signal::KILL);
        self.gone(daemon)
    }

    fn gone(&self, daemon: Daemon) -> Result<(), Error> {
        self.pid(daemon).map_or(Ok(()), |pid| Err(Error::Immortal { daemon, pid }))
    }

    /// Starts each daemon as soon as what it needs is there, and waits until all answer.
    fn bring_up(&mut self, daemons: &[Daemon], mut held: Option<&mut Held>) -> Result<(), Error> {
        let mut waiting = daemons.to_vec();
        let mut started: Vec<(Daemon, Instant)> = Vec::new();
        let mut answering: Vec<Daemon> = Vec::new();
        // A daemon that is started alone finds the rest as it is.
        let whole = held.is_some();
        let mut hdfs_since: Option<Instant> = None;
        let mut hdfs_ready = !whole;
        while answering.len() < daemons.len() || !hdfs_ready {
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            let (ready, rest): (Vec<Daemon>, Vec<Daemon>) = waiting.iter().copied().partition(|daemon| {
                let needs = daemon.needs().iter().all(|needed| answering.contains(needed));
                !whole || needs && (hdfs_ready || !daemon.needs_hdfs())
            });
            for daemon in ready {
                if let Some(held) = &mut held {
                    held.release(daemon.ports());
                }
                self.spawn(daemon)?;
                started.push((daemon, Instant::now()));
            }
            waiting = rest;
            for (daemon, since) in &started {
                self.has_not_died(*daemon)?;
                if !answering.contains(daemon) {
                    match health::answers(*daemon, &self.settings) {
                        Ok(()) => answering.push(*daemon),
                        Err(problem) => self.in_time(*daemon, *since, problem)?,
                    }
                }
            }
            let data_nodes = [Daemon::DataNode1, Daemon::DataNode2];
            if !hdfs_ready && data_nodes.iter().all(|node| !daemons.contains(node) || answering.contains(node)) {
                let since = *hdfs_since.get_or_insert_with(Instant::now);
                match health::hdfs_is_writable(&self.settings) {
                    Ok(()) => {
                        hdfs::make_folders(&self.settings)?;
                        hdfs_ready = true;
                    }
                    Err(problem) => self.in_time(Daemon::NameNode, since, problem)?,
                }
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    fn spawn(&mut self, daemon: Daemon) -> Result<(), Error> {
        let log_path = self.layout.log(daemon);
        let log = File::options().create(true).append(true).open(&log_path).map_err(at("opening", &log_path))?;
        let same = log.try_clone().map_err(at("opening", &log_path))?;
        let mut command = launch::command(daemon, &self.layout, &self.settings);
        // A group of its own, so that a Ctrl-C in the terminal is for us, and what it starts ends with it.
        let child = command.stdout(log).stderr(same).process_group(0).spawn().map_err(starting(daemon.name()))?;
        let pid = self.layout.pid(daemon);
        let written = fs::write(&pid, child.id().to_string()).map_err(at("writing", &pid));
        self.children.insert(daemon, child);
        written
    }

    fn has_not_died(&mut self, daemon: Daemon) -> Result<(), Error> {
        let ended = self.children.get_mut(&daemon).and_then(|child| child.try_wait().ok().flatten());
        let Some(status) = ended else { return Ok(()) };
        let log = self.layout.log(daemon);
        Err(Error::Died { daemon, status, tail: tail(&log), log })
    }

    fn in_time(&self, daemon: Daemon, since: Instant, problem: String) -> Result<(), Error> {
        if since.elapsed() < PATIENCE {
            return Ok(());
        }
        let log = self.layout.log(daemon);
        Err(Error::Silent { daemon, seconds: PATIENCE.as_secs(), problem, tail: tail(&log), log })
    }

    /// As far as it goes: who is asked to stop twice is not the worse for it.
    fn stop_all(&mut self) {
        for group in Daemon::STOPPED {
            self.end(group, Signal::TERM);
        }
        for container in self.containers() {
            container.kill();
        }
    }

    /// Signals the daemons and waits until they are gone; those that stay too long are killed.
    fn end(&mut self, daemons: &[Daemon], signal: Signal) {
        let running = || daemons.iter().filter_map(|daemon| Some((*daemon, processes::daemon(&self.layout, *daemon)?)));
        running().for_each(|(_, pid)| processes::signal_group(pid, signal));
        let start = Instant::now();
        let mut patience = LAST_GRACE;
        while start.elapsed() < patience {
            let left: Vec<(Daemon, i32)> = running().collect();
            patience = left.iter().map(|(daemon, _)| daemon.grace() + LAST_GRACE).max().unwrap_or_default();
            for (_, pid) in left.iter().filter(|(daemon, _)| start.elapsed() > daemon.grace()) {
                processes::signal_group(*pid, Signal::KILL);
            }
            thread::sleep(POLL / 4);
        }
        for daemon in daemons {
            if processes::daemon(&self.layout, *daemon).is_none() {
                if let Some(mut child) = self.children.remove(daemon) {
                    let _ = child.wait();
                }
                let _ = fs::remove_file(self.layout.pid(*daemon));
            }
        }
    }

    fn remove_temporary(&self) -> Result<(), Error> {
        let folder = self.layout.folder();
        if self.settings.temporary { fs::remove_dir_all(folder).map_err(at("removing", folder)) } else { Ok(()) }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.guard.is_some() {
            self.stop_all();
            let _ = self.remove_temporary();
        }
    }
}

fn in_the_way(layout: &Layout, problem: &str) -> Error {
    Error::InTheWay { folder: layout.folder().to_owned(), problem: problem.to_owned() }
}

fn temporary_folder() -> Result<PathBuf, Error> {
    let folder = tempfile::Builder::new().prefix("tootmill-cluster-").disable_cleanup(true).tempdir();
    folder.map(|folder| folder.path().to_owned()).map_err(at("creating a folder in", std::env::temp_dir()))
}

/// Who the daemons will run as.
fn user() -> Result<String, Error> {
    let output = Command::new("id").arg("-un").stdin(Stdio::null()).output().map_err(starting("id"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether the error is that of a daemon whose port someone else has.
fn lost_a_port(error: &Error) -> bool {
    let (Error::Died { log, .. } | Error::Silent { log, .. }) = error else { return false };
    fs::read(log).is_ok_and(|log| {
        let log = String::from_utf8_lossy(&log);
        ["BindException", "Address already in use"].iter().any(|sign| log.contains(sign))
    })
}

/// The end of a file, in whole lines.
fn tail(path: &Path) -> String {
    const BYTES: u64 = 8192;
    const LINES: usize = 40;
    let read = || {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&bytes).into_owned())
    };
    match read() {
        Ok(text) => {
            let lines: Vec<&str> = text.lines().collect();
            lines[lines.len().saturating_sub(LINES)..].join("\n")
        }
        Err(error) => format!("(no log: {error})"),
    }
}
