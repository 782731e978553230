//! Standard output, behind a large buffer (by itself it is written line by line, even into a pipe), standard error, and files that
//! are replaced whole.

use std::{
    fs::Permissions,
    io::{self, BufWriter, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use crate::failure::Failure;

/// Lets `write` write to standard output, and writes out what is buffered.
#[allow(clippy::disallowed_methods, reason = "the one place where standard output is opened")]
pub(crate) fn with_stdout<T, E: From<io::Error>>(
    write: impl FnOnce(&mut BufWriter<io::Stdout>) -> Result<T, E>,
) -> Result<T, E> {
    let mut output = BufWriter::with_capacity(1 << 18, io::stdout());
    let outcome = write(&mut output)?;
    output.flush()?;
    Ok(outcome)
}

/// Says something to the person who runs the program. That nobody listens is no failure.
pub(crate) fn say(text: impl std::fmt::Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Writes a file whole: whoever opens it finds what was there before, or all of the text. The umask says who may read it.
pub(crate) fn write_whole(file: &Path, text: &str) -> Result<(), Failure> {
    let write = || -> io::Result<()> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // As files are made by default, of which the umask takes away; Prometheus's collector is another user.
        let permissions = Permissions::from_mode(0o666);
        let mut aside = tempfile::Builder::new().prefix(".tootmill-").permissions(permissions).tempfile_in(folder)?;
        aside.write_all(text.as_bytes())?;
        aside.as_file().sync_all()?;
        aside.persist(file)?;
        Ok(())
    };
    write().map_err(|error| {
        let file = file.display();
        Failure::permanent(format!("cannot write `{file}`: {error}; its folder must be there, and yours to write in"))
    })
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_has_the_permissions_that_files_have_by_default() {
        let folder = tempfile::tempdir().unwrap();
        let (page, other) = (folder.path().join("page"), folder.path().join("other"));
        File::create(&other).unwrap();
        let mode = |file: &Path| fs::metadata(file).unwrap().permissions().mode();
        for text in ["one", "another"] {
            assert!(write_whole(&page, text).is_ok());
            assert_eq!((fs::read_to_string(&page).unwrap().as_str(), mode(&page)), (text, mode(&other)));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert!(write_whole(&folder.path().join("no/page"), "").is_err());
    }
}
