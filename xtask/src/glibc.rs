//! Which versions of the GNU C library a program needs, by its own symbol table.

use std::fmt;

use anyhow::{Context, Result, bail};
use object::{
    Endianness,
    elf::FileHeader64,
    read::elf::{FileHeader, SectionHeader as _},
};

/// A version of the library, or of a symbol in it: the oldest library that has the symbol in this form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

/// The newest version that a program needs; an error where that is newer than the oldest library on which it is to run.
pub fn check(program: &[u8], oldest: Version) -> Result<Version> {
    let mut newest = None;
    for name in needed(program).context("reading the program's symbol versions")? {
        let Some(version) = Version::parse(&name)? else { continue };
        if version > oldest {
            bail!("the program needs {name}, so it does not run on glibc {oldest}");
        }
        newest = newest.max(Some(version));
    }
    newest.context("the program needs no version of glibc at all, so this is not the program that was to be checked")
}

/// The names of all symbol versions that the program needs of the libraries that it loads.
fn needed(program: &[u8]) -> Result<Vec<String>> {
    let header = FileHeader64::<Endianness>::parse(program)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, program)?;
    let mut names = Vec::new();
    for section in sections.iter() {
        let Some((mut libraries, strings)) = section.gnu_verneed(endian, program)? else { continue };
        let strings = sections.strings(endian, program, strings)?;
        while let Some((_, mut versions)) = libraries.next()? {
            while let Some(version) = versions.next()? {
                names.push(String::from_utf8_lossy(version.name(endian, strings)?).into_owned());
            }
        }
    }
    Ok(names)
}

impl Version {
    /// Reads `GLIBC_2.17`; nothing where it is another library's. `GLIBC_PRIVATE` and `GLIBC_ABI_…` are errors, because no
    /// version of the library promises them to programs like ours.
    fn parse(name: &str) -> Result<Option<Self>> {
        let Some(numbers) = name.strip_prefix("GLIBC_") else { return Ok(None) };
        let numbers: Result<Vec<u32>, _> = numbers.split('.').map(str::parse).collect();
        match numbers.as_deref() {
            Ok([major, minor]) => Ok(Some(Self(*major, *minor, 0))),
            Ok([major, minor, patch]) => Ok(Some(Self(*major, *minor, *patch))),
            _ => bail!("the program needs `{name}`, which is no version that older libraries have"),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(major, minor, patch) = self;
        write!(formatter, "{major}.{minor}")?;
        if *patch == 0 { Ok(()) } else { write!(formatter, ".{patch}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number_and_not_by_text() {
        let parse = |name| Version::parse(name).unwrap();
        assert!(parse("GLIBC_2.4") < parse("GLIBC_2.17"));
        assert!(parse("GLIBC_2.2.5") < parse("GLIBC_2.3"));
        assert_eq!(parse("GCC_3.3"), None);
        assert_eq!(parse("GLIBC_2.17").unwrap().to_string(), "2.17");
        assert_eq!(parse("GLIBC_2.2.5").unwrap().to_string(), "2.2.5");
        for name in ["GLIBC_PRIVATE", "GLIBC_ABI_DT_RELR", "GLIBC_"] {
            assert!(Version::parse(name).unwrap_err().to_string().contains(name));
        }
    }

    /// This test's own program is one for this machine's library.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[test]
    fn a_program_that_needs_a_newer_library_is_found() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let newest = check(&program, Version(2, 999, 0)).unwrap();
        assert!(newest >= Version(2, 2, 5), "{newest}");
        assert_eq!(check(&program, newest).unwrap(), newest);
        let error = check(&program, Version(2, 0, 0)).unwrap_err().to_string();
        assert!(error.starts_with("the program needs GLIBC_2."), "{error}");
        check(b"#!/bin/sh\n", newest).unwrap_err();
    }
}
