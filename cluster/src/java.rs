//! The Java that everything of Hadoop and HBase runs on.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::Error;

const VERSION: &str = "17";

/// The home of a Java 17: that of `JAVA_HOME`, or of the `java` on the PATH.
pub(crate) fn home() -> Result<PathBuf, Error> {
    let from_home = env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin").join("java"));
    let mut found = Vec::new();
    for program in from_home.into_iter().chain([PathBuf::from("java")]) {
        let mut java = Command::new(&program);
        java.args(["-XshowSettings:properties", "-version"]).stdin(Stdio::null());
        let Ok(output) = java.output() else { continue };
        let settings = String::from_utf8_lossy(&output.stderr);
        match (setting(&settings, "java.specification.version"), setting(&settings, "java.home")) {
            (Some(VERSION), Some(home)) => return Ok(home.into()),
            (Some(version), _) => found.push(format!("{} of version {version}", program.display())),
            (None, _) => {}
        }
    }
    let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
    Err(Error::NoJava { found })
}

fn setting<'a>(settings: &'a str, name: &str) -> Option<&'a str> {
    settings.lines().find_map(|line| line.trim().strip_prefix(name)?.trim_start().strip_prefix('=')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::setting;

    #[test]
    fn settings_are_read_as_java_prints_them() {
        let settings = "Property settings:\n    java.home = /java\n    java.specification.version = 17\n";
        assert_eq!(setting(settings, "java.home"), Some("/java"));
        assert_eq!(setting(settings, "java.specification.version"), Some("17"));
        assert_eq!(setting(settings, "java"), None);
    }
}
