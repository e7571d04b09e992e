//! Reads the policies and scripts folders.
//!
//! Policies are every `*.toml` under their folder but `*.test.toml`; scripts every `*.rhai` under
//! theirs. Files and folders whose name starts with `.` or `_` don't count. Links are followed, as
//! mounted configuration needs, and each real folder is read once.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The largest file, bytes.
const MAX_FILE: u64 = 4 << 20;
/// The most files in a folder with all below.
const MAX_FILES: usize = 4096;
/// The most bytes of all files of a folder.
const MAX_TOTAL: u64 = 64 << 20;
/// The deepest nesting of folders.
const MAX_DEPTH: usize = 32;

/// The text of all files, by path relative to their folder, with `/` between the parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderTexts {
    /// Policies.
    pub policies: BTreeMap<String, String>,
    /// Scripts.
    pub scripts: BTreeMap<String, String>,
}

/// Why a folder can't be read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The policies folder isn't there.
    #[error("there is no policies folder at {}; name it with --policies", .0.display())]
    Missing(PathBuf),
    /// The system refuses.
    #[error("cannot read {}: {source}", .path.display())]
    Unreadable {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The content is no UTF-8.
    #[error("{} is not UTF-8 text; save it as UTF-8", .0.display())]
    NotText(PathBuf),
    /// The name is no UTF-8.
    #[error("the name of {} is not UTF-8; rename it", .0.display())]
    NotTextName(PathBuf),
    /// A policy is a link whose target isn't there.
    #[error("{} is a link to something that isn't there; mend or remove the link", .0.display())]
    LinkToNothing(PathBuf),
    /// One file is too large.
    #[error("{} is larger than {} MB", .0.display(), MAX_FILE >> 20)]
    FileTooLarge(PathBuf),
    /// All files together are too large or too many.
    #[error("{} holds more than {MAX_FILES} files or {} MB of them", .0.display(), MAX_TOTAL >> 20)]
    FolderTooLarge(PathBuf),
    /// Folders are nested too deep.
    #[error("folders are nested more than {MAX_DEPTH} deep at {}", .0.display())]
    TooDeep(PathBuf),
}

/// Reads both folders. A scripts folder that isn't there holds nothing.
///
/// # Errors
/// The policies folder is missing, something can't be read, or a limit is passed.
pub fn read(policies: &Path, scripts: &Path) -> Result<FolderTexts, FolderError> {
    if !policies.is_dir() {
        return Err(FolderError::Missing(policies.to_owned()));
    }
    let scripts = if scripts.is_dir() { texts(scripts, is_script)? } else { BTreeMap::new() };
    Ok(FolderTexts { policies: texts(policies, is_policy)?, scripts })
}

/// Reads the policy tests, every `*.test.toml` of the policies folder.
///
/// # Errors
/// As [`read`].
pub fn read_tests(policies: &Path) -> Result<BTreeMap<String, String>, FolderError> {
    if !policies.is_dir() {
        return Err(FolderError::Missing(policies.to_owned()));
    }
    texts(policies, |name| name.ends_with(".test.toml"))
}

fn is_policy(name: &str) -> bool {
    name.strip_suffix(".toml")
        .is_some_and(|stem| !stem.is_empty() && Path::new(stem).extension() != Some("test".as_ref()))
}

fn is_script(name: &str) -> bool {
    name.strip_suffix(".rhai").is_some_and(|stem| !stem.is_empty())
}

fn texts(folder: &Path, wanted: fn(&str) -> bool) -> Result<BTreeMap<String, String>, FolderError> {
    let mut reader = Reader { root: folder, wanted, seen: BTreeSet::new(), total: 0, texts: BTreeMap::new() };
    reader.folder(folder, "", 0)?;
    Ok(reader.texts)
}

struct Reader<'a> {
    root: &'a Path,
    wanted: fn(&str) -> bool,
    seen: BTreeSet<PathBuf>,
    total: u64,
    texts: BTreeMap<String, String>,
}

impl Reader<'_> {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), FolderError> {
        if depth > MAX_DEPTH {
            return Err(FolderError::TooDeep(folder.to_owned()));
        }
        let unreadable = |source| FolderError::Unreadable { path: folder.to_owned(), source };
        if !self.seen.insert(fs::canonicalize(folder).map_err(unreadable)?) {
            return Ok(());
        }
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            entries.push(entry.map_err(unreadable)?.path());
        }
        entries.sort();
        for path in entries {
            self.entry(&path, prefix, depth)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, prefix: &str, depth: usize) -> Result<(), FolderError> {
        let Some(name) = path.file_name() else { return Ok(()) };
        if matches!(name.as_encoded_bytes().first(), Some(b'.' | b'_')) {
            return Ok(());
        }
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.gone(path, name),
            Err(source) => return Err(FolderError::Unreadable { path: path.to_owned(), source }),
        };
        let Some(name) = name.to_str() else {
            return Err(FolderError::NotTextName(path.to_owned()));
        };
        let relative = format!("{prefix}{name}");
        if metadata.is_dir() {
            self.folder(path, &format!("{relative}/"), depth + 1)
        } else if metadata.is_file() && (self.wanted)(name) {
            self.file(path, relative)
        } else {
            Ok(())
        }
    }

    /// What was listed and isn't there: a set that lost a policy to a link must not be taken for one without it.
    fn gone(&self, path: &Path, name: &OsStr) -> Result<(), FolderError> {
        let is_link = fs::symlink_metadata(path).is_ok_and(|data| data.is_symlink());
        let is_policy = name.to_str().is_some_and(self.wanted);
        if is_link && is_policy { Err(FolderError::LinkToNothing(path.to_owned())) } else { Ok(()) }
    }

    fn file(&mut self, path: &Path, relative: String) -> Result<(), FolderError> {
        let unreadable = |source| FolderError::Unreadable { path: path.to_owned(), source };
        let file = match fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(unreadable(source)),
        };
        let mut bytes = Vec::new();
        file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > MAX_FILE {
            return Err(FolderError::FileTooLarge(path.to_owned()));
        }
        self.total = self.total.saturating_add(size);
        if self.total > MAX_TOTAL || self.texts.len() >= MAX_FILES {
            return Err(FolderError::FolderTooLarge(self.root.to_owned()));
        }
        let text = String::from_utf8(bytes).map_err(|_| FolderError::NotText(path.to_owned()))?;
        self.texts.insert(relative, text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        read(folder, Path::new("/nonexistent")).unwrap().policies.into_keys().collect()
    }

    #[test]
    fn only_policies_are_read_and_hidden_names_never() {
        let folder = folder(&[
            ("a.toml", ""),
            ("deep/er/b.toml", ""),
            ("a.test.toml", ""),
            (".hidden.toml", ""),
            ("_draft.toml", ""),
            ("_drafts/c.toml", ""),
            (".git/d.toml", ""),
            ("notes.md", ""),
            ("a.toml~", ""),
        ]);
        assert_eq!(names(folder.path()), ["a.toml", "deep/er/b.toml"]);
    }

    #[test]
    fn scripts_come_from_their_own_folder() {
        let policies = folder(&[("a.toml", ""), ("x.rhai", "")]);
        let scripts = folder(&[("fit.rhai", "fn fit() {}"), ("b.toml", "")]);
        let texts = read(policies.path(), scripts.path()).unwrap();
        assert_eq!(
            texts.scripts.into_iter().collect::<Vec<_>>(),
            [("fit.rhai".into(), "fn fit() {}".into())]
        );
    }

    #[test]
    fn a_missing_policies_folder_is_told_apart() {
        assert!(matches!(
            read(Path::new("/nonexistent"), Path::new("/nonexistent")),
            Err(FolderError::Missing(_))
        ));
    }

    #[test]
    fn a_file_that_is_not_text_is_named() {
        let folder = folder(&[("a.toml", "")]);
        fs::write(folder.path().join("b.toml"), [0xff, 0xfe, 0x00]).unwrap();
        let error = read(folder.path(), folder.path()).unwrap_err();
        assert!(matches!(&error, FolderError::NotText(path) if path.ends_with("b.toml")), "{error}");
    }

    #[test]
    fn a_file_past_the_limit_is_refused() {
        let folder = folder(&[]);
        fs::write(folder.path().join("big.toml"), vec![b'#'; (4 << 20) + 1]).unwrap();
        assert!(matches!(read(folder.path(), folder.path()), Err(FolderError::FileTooLarge(_))));
    }

    #[cfg(unix)]
    #[test]
    fn links_as_mounted_configuration_has_them_are_followed_and_loops_end() {
        use std::os::unix::fs::symlink;
        let folder = folder(&[("..2027_01/a.toml", "one"), ("sub/b.toml", "two")]);
        symlink("..2027_01", folder.path().join("..data")).unwrap();
        symlink("..data/a.toml", folder.path().join("a.toml")).unwrap();
        symlink("..", folder.path().join("sub/loop")).unwrap();
        symlink("nowhere", folder.path().join("notes")).unwrap();
        assert_eq!(names(folder.path()), ["a.toml", "sub/b.toml"]);
        symlink("nowhere", folder.path().join("broken.toml")).unwrap();
        let error = read(folder.path(), Path::new("/nonexistent")).unwrap_err();
        assert!(
            matches!(&error, FolderError::LinkToNothing(path) if path.ends_with("broken.toml")),
            "{error}"
        );
    }
}
