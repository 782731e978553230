//! A cluster: what launches jobs, and where its servers are.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{configuration::Configuration, error::Error, rest::Rest};

/// A Hadoop cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    launcher: Vec<String>,
    resource_managers: Vec<String>,
    history_server: String,
    user: Option<String>,
    configuration: Option<PathBuf>,
    /// Whether Kerberos says who is who.
    is_secure: bool,
}

impl Cluster {
    /// The cluster whose servers have these addresses (`http://host:port`), with the launcher `mapred streaming`.
    pub fn new(resource_manager: &str, history_server: &str) -> Self {
        Self {
            launcher: ["mapred", "streaming"].map(str::to_owned).to_vec(),
            resource_managers: vec![base(resource_manager)],
            history_server: base(history_server),
            user: user(),
            configuration: None,
            is_secure: false,
        }
    }

    /// The cluster that a folder of Hadoop's configuration describes. The launcher gets it as `HADOOP_CONF_DIR`.
    pub fn from_configuration(folder: &Path) -> Result<Self, Error> {
        let configuration = Configuration::read(folder)?;
        let cluster = Self::new("", &configuration.history_server());
        let resource_managers = configuration.resource_managers();
        let is_secure = configuration.is_secure();
        Ok(Self { resource_managers, configuration: Some(folder.to_owned()), is_secure, ..cluster })
    }

    /// Sets the ResourceManager's address, whatever the configuration says.
    pub fn with_resource_manager(self, url: &str) -> Self {
        Self { resource_managers: vec![base(url)], ..self }
    }

    /// Sets the history server's address, whatever the configuration says.
    pub fn with_history_server(self, url: &str) -> Self {
        Self { history_server: base(url), ..self }
    }

    /// Sets the command that launches a streaming job, one text as a shell reads it: `mapred streaming`,
    /// `hadoop jar …/hadoop-streaming.jar` or `java -cp … org.apache.hadoop.streaming.HadoopStreaming`.
    pub fn with_launcher(self, command: &str) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Launcher { text: command.to_owned(), reason };
        let launcher = shell_words::split(command).map_err(|error| wrong(error.to_string()))?;
        if launcher.is_empty() {
            return Err(wrong("it is empty".to_owned()));
        }
        Ok(Self { launcher, ..self })
    }

    /// Whom tasks must say they are, so that files are theirs which are ours; `None` where the cluster knows by Kerberos.
    pub fn user_of_tasks(&self) -> Option<&str> {
        self.user.as_deref().filter(|_| !self.is_secure)
    }

    /// Whether the ResourceManager answers and has a node that runs jobs; says which one it is.
    pub fn check(&self) -> Result<String, Error> {
        let rest = self.rest()?;
        let (info, nodes) = rest.about()?;
        let (version, servers) = (info.resource_manager_version, rest.resource_managers());
        match nodes.active_nodes {
            0 => Err(Error::NoNodes(servers)),
            nodes => Ok(format!("YARN {version} at {servers}, active nodes: {nodes}")),
        }
    }

    pub(crate) fn rest(&self) -> Result<Rest, Error> {
        Rest::new(self.resource_managers.clone(), self.history_server.clone(), self.user.clone())
    }

    /// The launcher's program, for a message.
    pub(crate) fn program(&self) -> &str {
        self.launcher.first().map_or("", |program| program)
    }

    /// The command that launches a job.
    pub(crate) fn launch(&self, arguments: &[String]) -> Command {
        self.command(self.launcher.iter().chain(arguments))
    }

    /// The command that kills an application, by the same installation of Hadoop.
    pub(crate) fn kill(&self, application: &str) -> Command {
        let is_main = |word: &String| word == "org.apache.hadoop.streaming.HadoopStreaming";
        let program = Path::new(self.program());
        let mut words = match self.launcher.iter().position(is_main) {
            Some(main) => {
                let mut java = self.launcher.get(..main).unwrap_or_default().to_vec();
                java.push("org.apache.hadoop.yarn.client.cli.ApplicationCLI".to_owned());
                java
            }
            None => vec![program.with_file_name("yarn").display().to_string()],
        };
        words.extend(["application", "-kill", application].map(str::to_owned));
        self.command(words.iter())
    }

    fn command<'a>(&self, mut words: impl Iterator<Item = &'a String>) -> Command {
        let mut command = Command::new(words.next().map_or("", |program| program));
        command.args(words);
        if let Some(folder) = &self.configuration {
            command.env("HADOOP_CONF_DIR", folder);
        }
        command
    }
}

fn base(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

/// Whom Hadoop takes us for where it doesn't ask for a login.
fn user() -> Option<String> {
    let named = env::var("HADOOP_USER_NAME").ok().filter(|name| !name.is_empty());
    named.or_else(|| {
        let output = Command::new("id").arg("-un").output().ok()?;
        String::from_utf8(output.stdout).ok().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(command: &Command) -> Vec<String> {
        let words = [command.get_program()].into_iter().chain(command.get_args());
        words.map(|word| word.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn launchers_are_read_as_a_shell_does() {
        let cluster = Cluster::new("http://rm:1/", "http://hs:2");
        assert_eq!(words(&cluster.launch(&["-help".to_owned()])), ["mapred", "streaming", "-help"]);
        let quoted = cluster.clone().with_launcher("'/opt/my hadoop/bin/hadoop' jar x.jar").unwrap();
        assert_eq!(words(&quoted.launch(&[])), ["/opt/my hadoop/bin/hadoop", "jar", "x.jar"]);
        for wrong in ["", " ", "'a"] {
            let message = cluster.clone().with_launcher(wrong).unwrap_err().to_string();
            assert!(message.contains("mapred streaming"), "{message}");
        }
    }

    #[test]
    fn applications_are_killed_by_the_same_hadoop() {
        let kill = |launcher: &str| {
            words(&Cluster::new("http://rm", "http://hs").with_launcher(launcher).unwrap().kill("application_1"))
        };
        assert_eq!(kill("mapred streaming"), ["yarn", "application", "-kill", "application_1"]);
        assert_eq!(kill("/h/bin/hadoop jar s.jar").first().unwrap(), "/h/bin/yarn");
        assert_eq!(
            kill("java -cp a:b org.apache.hadoop.streaming.HadoopStreaming -q"),
            [
                "java",
                "-cp",
                "a:b",
                "org.apache.hadoop.yarn.client.cli.ApplicationCLI",
                "application",
                "-kill",
                "application_1"
            ]
        );
    }
}
