//! The commands that people know, as small scripts: `hdfs`, `hadoop`, `mapred`, `yarn`, `hbase`.
//!
//! Each is of its cluster, whatever the environment says.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use crate::{Error, Layout, error::at, launch, settings::Settings};

pub(crate) fn write(layout: &Layout, settings: &Settings) -> Result<(), Error> {
    let bin = layout.bin();
    fs::create_dir_all(&bin).map_err(at("creating", &bin))?;
    for (name, text) in scripts(layout, settings) {
        let path = bin.join(name);
        let write =
            || fs::write(&path, text).and_then(|()| fs::set_permissions(&path, PermissionsExt::from_mode(0o755)));
        write().map_err(at("writing", &path))?;
    }
    Ok(())
}

fn scripts(layout: &Layout, settings: &Settings) -> Vec<(PathBuf, String)> {
    let hadoop = java(settings, &launch::hadoop_classpath(layout, settings), "HADOOP");
    let mut scripts = vec![
        ("hadoop".into(), script(HADOOP, &hadoop)),
        ("hdfs".into(), script(HDFS, "")),
        ("mapred".into(), script(MAPRED, "")),
        ("yarn".into(), script(YARN, "")),
    ];
    if settings.hbase {
        let hbase = java(settings, &launch::hbase_classpath(layout, settings), "HBASE");
        scripts.push(("hbase".into(), script(HBASE, &hbase)));
    }
    scripts
}

fn script(body: &str, java: &str) -> String {
    format!("#!/bin/sh\n{}\n", body.trim_start().replace("JAVA", java))
}

/// The line that runs the class `$class`.
fn java(settings: &Settings, classpath: &str, prefix: &str) -> String {
    let (java, options) = (settings.java_home.join("bin/java"), launch::CLIENT.join(" "));
    let (java, opens) = (java.display(), launch::OPENS.join(" "));
    let classpath = format!("classpath=\"{classpath}${{{prefix}_CLASSPATH:+:${prefix}_CLASSPATH}}\"");
    let logger = "-Dhadoop.root.logger=\"${HADOOP_ROOT_LOGGER:-INFO,console}\"";
    format!(
        "{classpath}\nrun() {{ exec '{java}' {options} {opens} {logger} ${prefix}_CLIENT_OPTS -cp \"$classpath\" \"$@\"; }}"
    )
}

const HADOOP: &str = r#"
# hadoop fs|jar|version|classpath|CLASS …
JAVA
[ $# -gt 0 ] || { echo "usage: hadoop fs|jar|version|classpath|CLASS …" >&2; exit 2; }
command=$1; shift
case $command in
  fs|dfs) run org.apache.hadoop.fs.FsShell "$@" ;;
  jar) run org.apache.hadoop.util.RunJar "$@" ;;
  version) run org.apache.hadoop.util.VersionInfo "$@" ;;
  classpath) printf '%s\n' "$classpath" ;;
  *) run "$command" "$@" ;;
esac
"#;

const HDFS: &str = r#"
# hdfs dfs|dfsadmin|fsck|getconf|…
hadoop=$(dirname "$0")/hadoop
[ $# -gt 0 ] || { echo "usage: hdfs dfs|dfsadmin|fsck|getconf|groups|storagepolicies|ec|oev|oiv|debug …" >&2; exit 2; }
command=$1; shift
case $command in
  dfs) exec "$hadoop" fs "$@" ;;
  dfsadmin) exec "$hadoop" org.apache.hadoop.hdfs.tools.DFSAdmin "$@" ;;
  fsck) exec "$hadoop" org.apache.hadoop.hdfs.tools.DFSck "$@" ;;
  getconf) exec "$hadoop" org.apache.hadoop.hdfs.tools.GetConf "$@" ;;
  groups) exec "$hadoop" org.apache.hadoop.hdfs.tools.GetGroups "$@" ;;
  storagepolicies) exec "$hadoop" org.apache.hadoop.hdfs.tools.StoragePolicyAdmin "$@" ;;
  ec) exec "$hadoop" org.apache.hadoop.hdfs.tools.ECAdmin "$@" ;;
  oev) exec "$hadoop" org.apache.hadoop.hdfs.tools.offlineEditsViewer.OfflineEditsViewer "$@" ;;
  oiv) exec "$hadoop" org.apache.hadoop.hdfs.tools.offlineImageViewer.OfflineImageViewerPB "$@" ;;
  debug) exec "$hadoop" org.apache.hadoop.hdfs.tools.DebugAdmin "$@" ;;
  *) exec "$hadoop" "$command" "$@" ;;
esac
"#;

const MAPRED: &str = r#"
# mapred streaming|job|queue|…
hadoop=$(dirname "$0")/hadoop
[ $# -gt 0 ] || { echo "usage: mapred streaming|job|queue …" >&2; exit 2; }
command=$1; shift
case $command in
  streaming) exec "$hadoop" org.apache.hadoop.streaming.HadoopStreaming "$@" ;;
  job) exec "$hadoop" org.apache.hadoop.mapred.JobClient "$@" ;;
  queue) exec "$hadoop" org.apache.hadoop.mapred.JobQueueClient "$@" ;;
  *) exec "$hadoop" "$command" "$@" ;;
esac
"#;

const YARN: &str = r#"
# yarn application|applicationattempt|container|node|logs|rmadmin|…
hadoop=$(dirname "$0")/hadoop
[ $# -gt 0 ] || { echo "usage: yarn application|applicationattempt|container|node|logs|rmadmin …" >&2; exit 2; }
command=$1; shift
case $command in
  app|application|applicationattempt|container)
    exec "$hadoop" org.apache.hadoop.yarn.client.cli.ApplicationCLI "$command" "$@" ;;
  node) exec "$hadoop" org.apache.hadoop.yarn.client.cli.NodeCLI "$@" ;;
  logs) exec "$hadoop" org.apache.hadoop.yarn.client.cli.LogsCLI "$@" ;;
  rmadmin) exec "$hadoop" org.apache.hadoop.yarn.client.cli.RMAdminCLI "$@" ;;
  *) exec "$hadoop" "$command" "$@" ;;
esac
"#;

const HBASE: &str = r#"
# hbase classpath|CLASS …
JAVA
[ $# -gt 0 ] || { echo "usage: hbase classpath|CLASS …" >&2; exit 2; }
command=$1; shift
case $command in
  classpath) printf '%s\n' "$classpath" ;;
  *) run "$command" "$@" ;;
esac
"#;

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// A Java that prints what it was given.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::of(folder.path()).unwrap();
        let java_home = folder.path().join("java");
        fs::create_dir_all(java_home.join("bin")).unwrap();
        let settings = Settings { java_home: java_home.clone(), ..Settings::of_test() };
        write(&layout, &settings).unwrap();
        let java = java_home.join("bin/java");
        fs::write(&java, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n").unwrap();
        fs::set_permissions(&java, PermissionsExt::from_mode(0o755)).unwrap();
        folder
    }

    #[test]
    fn commands_run_their_classes_with_their_arguments() {
        let folder = folder();
        for (command, arguments, expected) in [
            ("hadoop", "fs -ls /", "org.apache.hadoop.fs.FsShell -ls /"),
            ("hdfs", "dfs -ls /", "org.apache.hadoop.fs.FsShell -ls /"),
            ("hdfs", "dfsadmin -report", "org.apache.hadoop.hdfs.tools.DFSAdmin -report"),
            ("mapred", "streaming -input x", "org.apache.hadoop.streaming.HadoopStreaming -input x"),
            ("yarn", "application -list", "org.apache.hadoop.yarn.client.cli.ApplicationCLI application -list"),
            ("hbase", "org.example.Mill x", "org.example.Mill x"),
        ] {
            let mut run = Command::new(folder.path().join("bin").join(command));
            let output = run.args(arguments.split(' ')).arg("a  b").output().unwrap();
            let printed = String::from_utf8(output.stdout).unwrap().trim_end().replace('\n', " ");
            assert!(printed.ends_with(&format!(" {expected} a  b")), "{command} {arguments}: {printed}");
        }
        let usage = Command::new(folder.path().join("bin/hdfs")).output().unwrap();
        assert_eq!(usage.status.code(), Some(2));
    }
}
