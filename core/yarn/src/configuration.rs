//! Hadoop's configuration files: what they set, and the addresses that follow from it.

use std::{collections::BTreeMap, env, fs, io, path::Path};

use crate::error::Error;

/// What matters here is set in these. A later one wins.
const FILES: [&str; 3] = ["core-site.xml", "yarn-site.xml", "mapred-site.xml"];

/// How deep a value may refer to others, as in Hadoop.
const MOST_REFERENCES: usize = 20;

/// The settings of a folder of configuration.
#[derive(Debug, Default)]
pub(crate) struct Configuration(BTreeMap<String, String>);

impl Configuration {
    /// Reads the files that are there; it is an error if none is.
    pub(crate) fn read(folder: &Path) -> Result<Self, Error> {
        let mut configuration = Self::default();
        let mut found = false;
        for name in FILES {
            let path = folder.join(name);
            let wrong = |reason: String| Error::Configuration { file: path.display().to_string(), reason };
            match fs::read_to_string(&path) {
                Ok(text) => {
                    configuration.add(&text).map_err(|error| wrong(error.to_string()))?;
                    found = true;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(wrong(error.to_string())),
            }
        }
        if found {
            Ok(configuration)
        } else {
            let reason = format!("it has none of {}", FILES.join(", "));
            Err(Error::Configuration { file: folder.display().to_string(), reason })
        }
    }

    fn add(&mut self, text: &str) -> Result<(), roxmltree::Error> {
        let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
        let document = roxmltree::Document::parse_with_options(text, options)?;
        for property in document.descendants().filter(|node| node.has_tag_name("property")) {
            let text = |name| property.children().find(|child| child.has_tag_name(name)).map(|child| child.text());
            if let (Some(Some(name)), Some(value)) = (text("name"), text("value")) {
                self.0.insert(name.trim().to_owned(), value.unwrap_or_default().trim().to_owned());
            }
        }
        Ok(())
    }

    /// A setting that is there and not empty, its references to others resolved.
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| self.expand(value, MOST_REFERENCES)).filter(|value| !value.is_empty())
    }

    /// `${name}` is another setting and `${env.NAME}` a variable, the latter perhaps with a default: `${env.NAME:-default}`.
    /// What is neither stays as it is.
    fn expand(&self, value: &str, depth: usize) -> String {
        let mut expanded = String::new();
        let mut rest = value;
        while let Some((before, after)) = rest.split_once("${")
            && let Some((name, after)) = after.split_once('}')
        {
            expanded.push_str(before);
            match self.reference(name, depth) {
                Some(value) => expanded.push_str(&value),
                None => expanded.push_str(&format!("${{{name}}}")),
            }
            rest = after;
        }
        expanded + rest
    }

    fn reference(&self, name: &str, depth: usize) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        if let Some(variable) = name.strip_prefix("env.") {
            let (variable, default) = match variable.split_once('-') {
                Some((variable, default)) => (variable.trim_end_matches(':'), Some(default.to_owned())),
                None => (variable, None),
            };
            return env::var(variable).ok().or(default);
        }
        self.0.get(name).map(|value| self.expand(value, depth))
    }

    /// Whether users are known by Kerberos, and not by what they say.
    pub(crate) fn is_secure(&self) -> bool {
        self.get("hadoop.security.authentication").is_some_and(|authentication| authentication == "kerberos")
    }

    /// Where the ResourceManagers' pages are: one, or several that stand by for each other.
    pub(crate) fn resource_managers(&self) -> Vec<String> {
        let https = self.get("yarn.http.policy").is_some_and(|policy| policy == "HTTPS_ONLY");
        let (setting, port) = if https { ("webapp.https.address", 8090) } else { ("webapp.address", 8088) };
        let scheme = if https { "https" } else { "http" };
        let address = |suffix: &str| {
            let host = || self.get(&format!("yarn.resourcemanager.hostname{suffix}"));
            let address = self.get(&format!("yarn.resourcemanager.{setting}{suffix}"));
            address.or_else(|| Some(format!("{}:{port}", host()?))).map(|address| url(scheme, &address))
        };
        let is_several = self.get("yarn.resourcemanager.ha.enabled").is_some_and(|enabled| enabled == "true");
        let ids = self.get("yarn.resourcemanager.ha.rm-ids").filter(|_| is_several).unwrap_or_default();
        let mut all: Vec<String> = ids.split(',').filter_map(|id| address(&format!(".{}", id.trim()))).collect();
        if all.is_empty() {
            all.push(address("").unwrap_or_else(|| url(scheme, &format!("localhost:{port}"))));
        }
        all
    }

    /// Where the history server's pages are.
    pub(crate) fn history_server(&self) -> String {
        let https = self.get("mapreduce.jobhistory.http.policy").is_some_and(|policy| policy == "HTTPS_ONLY");
        let (scheme, setting, port) =
            if https { ("https", "webapp.https.address", 19890) } else { ("http", "webapp.address", 19888) };
        let address = self.get(&format!("mapreduce.jobhistory.{setting}"));
        url(scheme, &address.unwrap_or_else(|| format!("localhost:{port}")))
    }
}

/// A server that listens everywhere is asked at this machine.
fn url(scheme: &str, address: &str) -> String {
    let address = address.strip_prefix("0.0.0.0:").map_or(address.to_owned(), |port| format!("localhost:{port}"));
    format!("{scheme}://{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(settings: &[(&str, &str)]) -> Configuration {
        let owned = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Configuration(owned.collect())
    }

    #[test]
    fn files_are_read_and_the_later_wins() {
        let folder = tempfile::tempdir().unwrap();
        let yarn = "<?xml version='1.0'?>\n<!-- ours -->\n<configuration>\n<property><name> yarn.resourcemanager.hostname </name>\
                    \n<value>\n rm.example \n</value></property><property><name>a</name><value/></property></configuration>";
        fs::write(folder.path().join("yarn-site.xml"), yarn).unwrap();
        let core = "<configuration><property><name>yarn.resourcemanager.hostname</name><value>old</value></property></configuration>";
        fs::write(folder.path().join("core-site.xml"), core).unwrap();
        let configuration = Configuration::read(folder.path()).unwrap();
        assert_eq!(configuration.resource_managers(), ["http://rm.example:8088"]);
        assert_eq!(configuration.history_server(), "http://localhost:19888");
        assert_eq!(configuration.get("a"), None);
    }

    #[test]
    fn what_is_no_configuration_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let message = Configuration::read(folder.path()).unwrap_err().to_string();
        assert!(message.contains("none of core-site.xml"), "{message}");
        fs::write(folder.path().join("yarn-site.xml"), "<configuration>").unwrap();
        let message = Configuration::read(folder.path()).unwrap_err().to_string();
        assert!(message.contains("yarn-site.xml"), "{message}");
    }

    #[test]
    fn references_are_resolved() {
        let settings = [("a", "${b}:1"), ("b", "x${c}${no}"), ("c", "y"), ("self", "${self}"), ("open", "${a")];
        let configuration = of(&settings);
        let get = |name| configuration.get(name).unwrap();
        assert_eq!(get("a"), "xy${no}:1");
        assert_eq!((get("self"), get("open")), ("${self}".to_owned(), "${a".to_owned()));
        let path =
            of(&[("p", "${env.PATH}"), ("d", "${env.NO_SUCH_VARIABLE:-else}"), ("n", "${env.NO_SUCH_VARIABLE}")]);
        assert_eq!(path.get("p"), env::var("PATH").ok());
        assert_eq!(path.get("d").as_deref(), Some("else"));
        assert_eq!(path.get("n").as_deref(), Some("${env.NO_SUCH_VARIABLE}"));
    }

    #[test]
    fn addresses_follow_from_policy_and_standbys() {
        assert_eq!(of(&[]).resource_managers(), ["http://localhost:8088"]);
        assert_eq!(
            of(&[("yarn.resourcemanager.webapp.address", "0.0.0.0:9")]).resource_managers(),
            ["http://localhost:9"]
        );
        let secure = of(&[
            ("yarn.http.policy", "HTTPS_ONLY"),
            ("yarn.resourcemanager.hostname", "rm"),
            ("yarn.resourcemanager.webapp.address", "rm:1"),
            ("mapreduce.jobhistory.http.policy", "HTTPS_ONLY"),
            ("mapreduce.jobhistory.webapp.https.address", "hs:2"),
        ]);
        assert_eq!(secure.resource_managers(), ["https://rm:8090"]);
        assert_eq!(secure.history_server(), "https://hs:2");
        let several = of(&[
            ("yarn.resourcemanager.ha.enabled", "true"),
            ("yarn.resourcemanager.ha.rm-ids", "one, two"),
            ("yarn.resourcemanager.hostname.one", "a"),
            ("yarn.resourcemanager.webapp.address.two", "b:3"),
        ]);
        assert_eq!(several.resource_managers(), ["http://a:8088", "http://b:3"]);
    }
}
