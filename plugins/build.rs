//! Writes a `use` for every dependency, because the linker drops a plugin that no code names.

use std::{env, error::Error, fs, path::Path};

#[allow(clippy::disallowed_macros, reason = "cargo reads what a build script prints")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=Cargo.toml");
    let manifest: toml::Table = fs::read_to_string("Cargo.toml")?.parse()?;
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table).ok_or("no dependencies")?;
    let uses: String = dependencies.keys().map(|name| format!("use {} as _;\n", name.replace('-', "_"))).collect();
    fs::write(Path::new(&env::var("OUT_DIR")?).join("plugins.rs"), uses)?;
    Ok(())
}
