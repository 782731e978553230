//! The page's file.

use std::{
    fs::Permissions,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use crate::error::Error;

/// Writes a page into a file whole: whoever opens it finds what was there before, or all of the page. The umask says who may
/// read it.
pub fn write(file: &Path, page: &str) -> Result<(), Error> {
    let write = || -> io::Result<()> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // As files are made by default, of which the umask takes away.
        let permissions = Permissions::from_mode(0o666);
        let mut aside = tempfile::Builder::new().prefix(".report-").permissions(permissions).tempfile_in(folder)?;
        aside.write_all(page.as_bytes())?;
        aside.as_file().sync_all()?;
        aside.persist(file)?;
        Ok(())
    };
    write().map_err(|source| Error::Write { file: file.display().to_string(), source })
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    #[test]
    fn a_page_has_the_permissions_that_files_have_by_default() {
        let folder = tempfile::tempdir().unwrap();
        let (page, other) = (folder.path().join("page"), folder.path().join("other"));
        File::create(&other).unwrap();
        let mode = |file: &Path| fs::metadata(file).unwrap().permissions().mode();
        for text in ["one", "another"] {
            write(&page, text).unwrap();
            assert_eq!((fs::read_to_string(&page).unwrap().as_str(), mode(&page)), (text, mode(&other)));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        let error = write(&folder.path().join("no/page"), "").unwrap_err();
        assert!(error.to_string().contains("no/page"), "{error}");
    }
}
