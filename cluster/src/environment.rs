//! What programs must know of a cluster, as variables, and as the file that a shell takes them from.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{Error, Layout, error::at, ports::Port, settings::Settings};

/// The variables of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Put in front of whatever the PATH is.
    bin: PathBuf,
    /// All but the PATH.
    variables: Vec<(String, String)>,
}

impl Environment {
    pub(crate) fn new(layout: &Layout, settings: &Settings) -> Self {
        let address = |port| settings.ports.address(port);
        let url = |port| settings.ports.url(port, "");
        let mut variables = vec![
            ("JAVA_HOME", settings.java_home.display().to_string()),
            ("HADOOP_CONF_DIR", layout.hadoop_configuration().display().to_string()),
            ("TOOTMILL_CLUSTER", layout.folder().display().to_string()),
            ("TOOTMILL_HDFS", format!("hdfs://{}", address(Port::NameNode))),
            ("TOOTMILL_WEBHDFS", url(Port::NameNodeWeb)),
            ("TOOTMILL_RESOURCE_MANAGER", url(Port::ResourceManagerWeb)),
            ("TOOTMILL_HISTORY_SERVER", url(Port::HistoryServerWeb)),
        ];
        if settings.hbase {
            variables.extend([
                ("HBASE_CONF_DIR", layout.hbase_configuration().display().to_string()),
                ("TOOTMILL_ZOOKEEPER", address(Port::ZooKeeper)),
                ("TOOTMILL_HBASE_MASTER", url(Port::HMasterWeb)),
                ("TOOTMILL_HBASE_REGION_SERVER", url(Port::RegionServerWeb)),
                ("TOOTMILL_THRIFT1", address(Port::Thrift1)),
                ("TOOTMILL_THRIFT2", address(Port::Thrift2)),
            ]);
        }
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { bin: layout.bin(), variables }
    }

    /// Reads a `cluster.env`.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(at("reading", path))?;
        Self::parse(&text)
            .map_err(|line| std::io::Error::other(format!("a line that is no variable: {line}")))
            .map_err(at("reading", path))
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), Error> {
        fs::write(path, self.to_text()).map_err(at("writing", path))
    }

    /// All of them, names and values, with the PATH that this process has behind that of the cluster.
    pub fn variables(&self) -> Vec<(String, String)> {
        let path = env::var("PATH").map_or_else(|_| String::new(), |path| format!(":{path}"));
        let path = ("PATH".to_owned(), format!("{}{path}", self.bin.display()));
        self.variables.iter().cloned().chain([path]).collect()
    }

    /// One of them, but not the PATH.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    fn to_text(&self) -> String {
        let path = format!("export PATH={}:\"$PATH\"\n", quoted(&self.bin.display().to_string()));
        let lines = self.variables.iter().map(|(name, value)| format!("export {name}={}\n", quoted(value)));
        lines.chain([path]).collect()
    }

    /// Gives the first line that cannot be read, if there is one.
    fn parse(text: &str) -> Result<Self, &str> {
        let (mut bin, mut variables) = (PathBuf::new(), Vec::new());
        for line in text.lines() {
            let (name, value) = line.strip_prefix("export ").and_then(|line| line.split_once('=')).ok_or(line)?;
            let path = value.strip_suffix(":\"$PATH\"").filter(|_| name == "PATH");
            let value = unquoted(path.unwrap_or(value)).ok_or(line)?;
            match path {
                Some(_) => bin = value.into(),
                None => variables.push((name.to_owned(), value)),
            }
        }
        Ok(Self { bin, variables })
    }
}

const QUOTE: &str = r"'\''";

fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', QUOTE))
}

fn unquoted(value: &str) -> Option<String> {
    let inner = value.strip_prefix('\'')?.strip_suffix('\'')?.replace(QUOTE, "\0");
    (!inner.contains('\'')).then(|| inner.replace('\0', "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_reads_back_and_a_shell_reads_the_same() {
        let mut environment = Environment::new(&Layout::of_test(), &Settings::of_test());
        environment.variables.push(("ODD".to_owned(), "it's $HOME `x` \"y\" \\".to_owned()));
        let text = environment.to_text();
        assert_eq!(Environment::parse(&text), Ok(environment.clone()), "{text}");
        let mut shell = std::process::Command::new("sh");
        let printed = shell.args(["-ec", &format!("{text}\nprintf '%s|%s|%s' \"$ODD\" \"$TOOTMILL_HDFS\" \"$PATH\"")]);
        let printed = String::from_utf8(printed.env("PATH", "/bin").output().unwrap().stdout).unwrap();
        assert_eq!(printed, "it's $HOME `x` \"y\" \\|hdfs://127.0.0.1:20000|/c/bin:/bin");
    }

    #[test]
    fn what_is_no_variable_is_an_error() {
        for line in ["PATH=x", "export A", "export A=b", "export A='b'c'", "export A='"] {
            assert_eq!(Environment::parse(line), Err(line));
        }
    }

    #[test]
    fn what_is_not_there_is_not_named() {
        let without = Settings { hbase: false, ..Settings::of_test() };
        let environment = Environment::new(&Layout::of_test(), &without);
        assert_eq!(environment.get("TOOTMILL_THRIFT1"), None);
        assert_eq!(environment.get("TOOTMILL_HDFS"), Some("hdfs://127.0.0.1:20000"));
    }
}
