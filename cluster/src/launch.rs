//! The command lines of Java: for daemons, and for the commands that people run.

use std::{process::Command, process::Stdio};

use crate::{Daemon, Layout, ports::Port, settings::Settings};

/// Hadoop 3.4 and HBase 2.6 look into what Java 17 closes.
pub(crate) const OPENS: [&str; 12] = [
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.net=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
    "--add-opens=java.base/java.math=ALL-UNNAMED",
    "--add-opens=java.base/java.text=ALL-UNNAMED",
    "--add-opens=java.base/jdk.internal.ref=ALL-UNNAMED",
    "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
];

/// For what runs for seconds: the quick compiler alone.
pub(crate) const CLIENT: [&str; 5] =
    ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Djava.net.preferIPv4Stack=true"];

/// For what runs for hours on a machine with few cores. The quick compiler alone lets a cluster start in half the time, and
/// costs speed later, so not where that is measured.
pub(crate) fn server(settings: &Settings) -> Vec<&'static str> {
    let compiler = (!settings.for_measuring).then_some("-XX:TieredStopAtLevel=1");
    let others = ["-XX:+UseSerialGC", "-XX:-UsePerfData", "-Djava.net.preferIPv4Stack=true"];
    compiler.into_iter().chain(others).collect()
}

/// Who a daemon's user is must be the user that starts it, or it is not the superuser of HDFS.
const NOT_INHERITED: [&str; 4] = ["HADOOP_USER_NAME", "HADOOP_CLASSPATH", "HADOOP_PROXY_USER", "CLASSPATH"];

pub(crate) fn hadoop_classpath(layout: &Layout, settings: &Settings) -> String {
    format!("{}:{}", layout.hadoop_configuration().display(), settings.jars.hadoop())
}

pub(crate) fn hbase_classpath(layout: &Layout, settings: &Settings) -> String {
    format!("{}:{}", layout.hbase_configuration().display(), settings.jars.hbase())
}

/// The command that becomes the daemon. Where its output goes is for the caller to say.
pub(crate) fn command(daemon: Daemon, layout: &Layout, settings: &Settings) -> Command {
    let java = settings.java_home.join("bin").join("java");
    let mut command = if daemon == Daemon::NameNode && !layout.data("namenode").join("current").exists() {
        // One process all along, so that whoever stops it need not know what it is at.
        let mut shell = Command::new("sh");
        shell.args(["-c", "\"$@\" -format -nonInteractive -clusterId tootmill && exec \"$@\"", "sh"]).arg(java);
        shell
    } else {
        Command::new(java)
    };
    let logs = layout.logs();
    command.arg(layout.mark()).arg(format!("-Dtootmill.daemon={daemon}"));
    command.arg(format!("-Xmx{}m", daemon.heap_megabytes())).args(server(settings)).args(OPENS);
    command.args([format!("-Dhadoop.log.dir={}", logs.display()), format!("-Dhbase.log.dir={}", logs.display())]);
    let classpath =
        if daemon.is_hbase() { hbase_classpath(layout, settings) } else { hadoop_classpath(layout, settings) };
    command.args(["-cp", &classpath, daemon.main_class()]).args(arguments(daemon, layout, settings));
    command.env("JAVA_HOME", &settings.java_home).env("HADOOP_CONF_DIR", layout.hadoop_configuration());
    for variable in NOT_INHERITED {
        command.env_remove(variable);
    }
    command.current_dir(layout.folder()).stdin(Stdio::null());
    command
}

/// What a daemon is told behind its class.
fn arguments(daemon: Daemon, layout: &Layout, settings: &Settings) -> Vec<String> {
    let number = |port| settings.ports.number(port).to_string();
    let strings = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let thrift =
        |port, web| strings(&["start", "--bind", "127.0.0.1", "--port", &number(port), "--infoport", &number(web)]);
    // DataNodes differ in this alone, so they share their configuration file.
    let data_node = |data: Port, web: Port, ipc: Port| {
        let folder = layout.data(daemon.name());
        let properties = [
            ("dfs.datanode.data.dir", format!("file://{}", folder.display())),
            ("dfs.datanode.address", settings.ports.address(data)),
            ("dfs.datanode.http.address", settings.ports.address(web)),
            ("dfs.datanode.ipc.address", settings.ports.address(ipc)),
        ];
        properties.into_iter().flat_map(|(name, value)| ["-D".to_owned(), format!("{name}={value}")]).collect()
    };
    match daemon {
        Daemon::DataNode1 => data_node(Port::DataNode1, Port::DataNode1Web, Port::DataNode1Ipc),
        Daemon::DataNode2 => data_node(Port::DataNode2, Port::DataNode2Web, Port::DataNode2Ipc),
        Daemon::HMaster | Daemon::RegionServer => strings(&["start"]),
        Daemon::Thrift1 => thrift(Port::Thrift1, Port::Thrift1Web),
        Daemon::Thrift2 => thrift(Port::Thrift2, Port::Thrift2Web),
        Daemon::NameNode
        | Daemon::ResourceManager
        | Daemon::NodeManager
        | Daemon::HistoryServer
        | Daemon::ZooKeeper => Vec::new(),
    }
}
