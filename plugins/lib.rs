//! The hub: the one crate that names the plugins, so that the linker keeps them and `inventory` finds them.
//!
//! A program that says `use tootmill_plugins as _;` has all of them in its registry.

include!(concat!(env!("OUT_DIR"), "/plugins.rs"));

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use tootmill_metric::Registry;

    /// Invariant: every folder of a plugin is in the registry under its name, and nothing else is.
    #[test]
    fn every_plugin_folder_is_registered() {
        let folders = fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap().map(|entry| entry.unwrap().path());
        let mut names: Vec<String> = folders
            .filter(|path| Path::new(path).join("Cargo.toml").exists())
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        names.sort();
        let registry = Registry::linked().unwrap();
        let registered: Vec<&str> = registry.metrics().iter().map(tootmill_metric::Registered::name).collect();
        assert_eq!(registered, names);
    }

    /// Every registered metric keeps the laws, whichever they are.
    #[test]
    fn every_metric_keeps_the_laws() {
        for registered in Registry::linked().unwrap().metrics() {
            tootmill_testkit::check_laws(&*registered.metric);
        }
    }
}
