//! Single files as commands that edit them read and replace them: whole, or not at all.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The largest file, bytes.
const MAX_FILE: u64 = 4 << 20;

/// Why a file can't be edited.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// It can't be read.
    #[error("cannot read {}: {source}", .path.display())]
    Unreadable {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It can't be replaced; it is as it was.
    #[error("cannot write {}: {source}", .path.display())]
    Unwritable {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its content is no UTF-8.
    #[error("{} is not UTF-8 text; save it as UTF-8", .0.display())]
    NotText(PathBuf),
    /// It is too large.
    #[error("{} is larger than {} MB", .0.display(), MAX_FILE >> 20)]
    TooLarge(PathBuf),
    /// A folder for new files has something in it.
    #[error("{} is not empty; name a new or an empty folder", .0.display())]
    NotEmpty(PathBuf),
}

/// Reads a file as text.
///
/// # Errors
/// It can't be read, is no text or too large.
pub fn read(path: &Path) -> Result<String, EditError> {
    let unreadable = |source| EditError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE {
        return Err(EditError::TooLarge(path.to_owned()));
    }
    String::from_utf8(bytes).map_err(|_| EditError::NotText(path.to_owned()))
}

/// Replaces a file, which keeps its permissions; where it is a link, what that leads to. A crash leaves the old one or
/// the new one.
///
/// # Errors
/// It can't be written.
pub fn replace(path: &Path, text: &str) -> Result<(), EditError> {
    put(path, text).map_err(|source| EditError::Unwritable { path: path.to_owned(), source })
}

fn put(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    // A name that no reader of policies looks at.
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    let new = path.with_file_name(name);
    let written = (|| {
        let mut file = File::create(&new)?;
        file.write_all(text.as_bytes())?;
        file.set_permissions(fs::metadata(&path)?.permissions())?;
        file.sync_all()?;
        fs::rename(&new, &path)
    })();
    if written.is_err() {
        // What could not be finished is no use to anybody; why it failed matters more than whether this does.
        let _ = fs::remove_file(&new);
    }
    written
}

/// Fills a new or empty folder with files, by path within it.
///
/// # Errors
/// The folder holds something already or can't be written.
pub fn fill<'a>(folder: &Path, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<(), EditError> {
    let unwritable = |path: &Path, source| EditError::Unwritable { path: path.to_owned(), source };
    match fs::read_dir(folder).map(Iterator::count) {
        Ok(1..) => return Err(EditError::NotEmpty(folder.to_owned())),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(unwritable(folder, source)),
    }
    for (name, text) in files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|source| unwritable(parent, source))?;
        fs::write(&path, text).map_err(|source| unwritable(&path, source))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_replaced_file_keeps_its_permissions_and_a_link_stays_a_link() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a.toml"), folder.path().join("b.toml"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("a.toml", &link).unwrap();
        replace(&link, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_not_there_is_not_made_by_replacing_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        assert!(matches!(replace(&path, "new"), Err(EditError::Unwritable { .. })));
        assert!(!path.exists());
    }

    #[test]
    fn only_a_new_or_empty_folder_is_filled() {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path(), [("b/c", "text")]).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("b/c")).unwrap(), "text");
        assert!(matches!(fill(folder.path(), [("d", "")]), Err(EditError::NotEmpty(_))));
        fill(&folder.path().join("new/deep"), [("d", "")]).unwrap();
    }

    #[test]
    fn a_file_that_is_no_text_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        fs::write(&path, [0xff, 0x00]).unwrap();
        assert!(matches!(read(&path), Err(EditError::NotText(named)) if named == path));
    }
}
