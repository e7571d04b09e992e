//! The inbox: which files wait for which source, and what becomes of them.
//!
//! A source's `path` is relative to the data folder, with `*` and `?` in its last part. Imported files
//! move to `imported/`, bad rows go to `rejected/`, both in the data folder. A file that can't be
//! imported at all stays where it is and is taken up again when it, or the policy set, has changed.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use thiserror::Error;

use super::error::ImportError;
use super::import::{OnProgress, Options, import_file};
use super::report::ImportReport;
use crate::archive::Archive;
use crate::model::Timestamp;
use crate::policy::Compiled;
use crate::policy::compiled::Source;

/// The files in the data folder that sources wait for.
#[derive(Debug)]
pub struct Inbox {
    data: PathBuf,
    seen: BTreeMap<PathBuf, Observation>,
    failed: BTreeMap<PathBuf, Failed>,
}

/// A file that could not be imported.
#[derive(Debug)]
struct Failed {
    observation: Observation,
    /// The version of the policy set it was read by.
    version: Arc<str>,
    /// Why.
    told: String,
}

/// What a file looked like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Observation {
    /// When it was last written to.
    pub modified: SystemTime,
    /// Bytes.
    pub size: u64,
}

/// Whether files that may still be growing are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Only files that look as they did at the last look: for a daemon that looks again and again.
    Settled,
    /// All files: for a program that looks once.
    AtOnce,
}

/// A file that is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// Index in [`Compiled::sources`].
    pub source: usize,
    /// What it looked like.
    pub observation: Observation,
}

/// What a look at the inbox found.
#[derive(Debug, Default)]
pub struct Look {
    /// Files to import, oldest first.
    pub ready: Vec<Found>,
    /// Files that may still be growing: look again.
    pub growing: Vec<PathBuf>,
    /// What is in the way of further files.
    pub problems: Vec<InboxError>,
    /// Why files that were found before can't be imported, which aren't tried again as they are.
    pub failed: Vec<String>,
}

/// What is in the way of a file.
#[derive(Debug, Error)]
pub enum InboxError {
    /// Nobody can say how it should be read.
    #[error("{} matches the sources {}: change their `path` so that one is left", path.display(), sources.join(" and "))]
    TwoSources {
        /// The file.
        path: PathBuf,
        /// The sources' names.
        sources: Vec<String>,
    },
    /// The folder or a file in it can't be looked at.
    #[error("can't look at {}: {error}", path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl Inbox {
    /// The inbox of a data folder.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self { data: data.to_owned(), seen: BTreeMap::new(), failed: BTreeMap::new() }
    }

    /// The folder for rejected rows.
    #[must_use]
    pub fn rejected(&self) -> PathBuf {
        self.data.join("rejected")
    }

    /// The folder for imported files.
    #[must_use]
    pub fn imported(&self) -> PathBuf {
        self.data.join("imported")
    }

    /// The files that wait for a source of the policy set. A folder that isn't there is empty.
    pub fn look(&mut self, policy: &Compiled, patience: Patience) -> Look {
        let mut look = Look::default();
        let mut found: BTreeMap<PathBuf, (Observation, Vec<usize>)> = BTreeMap::new();
        for (index, source) in policy.sources.iter().enumerate() {
            for (path, observation) in matching(&self.data.join(&source.path), &mut look.problems) {
                found.entry(path).or_insert_with(|| (observation, Vec::new())).1.push(index);
            }
        }
        self.failed.retain(|path, _| found.contains_key(path));
        for (path, (observation, sources)) in &found {
            let &[source] = sources.as_slice() else {
                let names = sources.iter().filter_map(|&index| policy.sources.get(index));
                let sources = names.map(|source| format!("`{}`", source.name)).collect();
                look.problems.push(InboxError::TwoSources { path: path.clone(), sources });
                continue;
            };
            let failed = self.failed.get(path);
            if let Some(failed) =
                failed.filter(|it| it.observation == *observation && it.version == policy.version)
            {
                look.failed.push(failed.told.clone());
                continue;
            }
            if patience == Patience::AtOnce || settled(self.seen.get(path).copied(), *observation) {
                look.ready.push(Found { path: path.clone(), source, observation: *observation });
            } else {
                look.growing.push(path.clone());
            }
        }
        self.seen = found.into_iter().map(|(path, (observation, _))| (path, observation)).collect();
        look.ready.sort_by(|a, b| (a.observation.modified, &a.path).cmp(&(b.observation.modified, &b.path)));
        look
    }

    /// Imports a file that is ready and moves it away. If it can't be imported, it stays and isn't
    /// ready again until it, or the policy set, has changed.
    ///
    /// # Errors
    /// When the file as a whole can't be imported, or not moved.
    pub fn import(
        &mut self,
        archive: &mut Archive,
        policy: &Compiled,
        found: &Found,
        now: Timestamp,
        on_progress: OnProgress<'_>,
    ) -> Result<ImportReport, ImportError> {
        let Some(source) = policy.sources.get(found.source) else {
            return Err(ImportError::Format { path: found.path.clone() });
        };
        let options = Options { rejected: self.rejected(), now };
        let before = Identity::of(&found.path);
        let imported =
            import_file(archive, policy, source, &found.path, &options, on_progress).and_then(|report| {
                // A new file that took the name meanwhile was not imported: it stays and is found again.
                if Identity::of(&found.path) != before {
                    return Err(ImportError::Changed { path: found.path.clone() });
                }
                put_away(&found.path, &self.imported()).map(|()| report)
            });
        if let Some(error) = imported.as_ref().err().filter(|error| error.lasts()) {
            let version = Arc::clone(&policy.version);
            let failed = Failed { observation: found.observation, version, told: error.to_string() };
            self.failed.insert(found.path.clone(), failed);
        }
        imported
    }
}

/// What tells a file from another that takes its name, and from itself with other content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Identity {
    fn of(path: &Path) -> Option<Self> {
        let data = std::fs::metadata(path).ok()?;
        let modified = (data.mtime(), data.mtime_nsec());
        Some(Self { device: data.dev(), inode: data.ino(), size: data.size(), modified })
    }
}

/// Moves an imported file, beside one of its name if need be: `orders.csv`, `orders.2.csv` …
fn put_away(file: &Path, folder: &Path) -> Result<(), ImportError> {
    let failed = |to: &Path, error| ImportError::Move { from: file.to_owned(), to: to.to_owned(), error };
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let (stem, ending) = name.split_once('.').unwrap_or((&name, ""));
    let mut to = folder.join(&*name);
    let mut number = 2_u32;
    while to.exists() {
        to = folder.join(if ending.is_empty() {
            format!("{stem}.{number}")
        } else {
            format!("{stem}.{number}.{ending}")
        });
        number += 1;
    }
    std::fs::rename(file, &to).map_err(|error| failed(&to, error))
}

/// Whether a file has stopped growing: it looks as it did at the last look.
#[must_use]
pub fn settled(before: Option<Observation>, now: Observation) -> bool {
    before == Some(now)
}

/// The files whose path fits a pattern, with what they look like.
fn matching(pattern: &Path, problems: &mut Vec<InboxError>) -> Vec<(PathBuf, Observation)> {
    let (Some(folder), Some(name)) = (pattern.parent(), pattern.file_name().and_then(|name| name.to_str()))
    else {
        return Vec::new();
    };
    let unreadable = |path: &Path, error| InboxError::Read { path: path.to_owned(), error };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                problems.push(unreadable(folder, error));
            }
            return Vec::new();
        }
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = match entry {
            Ok(entry) => entry.path(),
            Err(error) => {
                problems.push(unreadable(folder, error));
                continue;
            }
        };
        // A name in another encoding is a name all the same.
        if !path.file_name().is_some_and(|file| takes(name, &file.to_string_lossy())) {
            continue;
        }
        match path.metadata().and_then(|data| Ok((data.is_file(), data.modified()?, data.len()))) {
            Ok((true, modified, size)) => files.push((path, Observation { modified, size })),
            Ok(_) => {}
            // Gone since the folder was read.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => problems.push(unreadable(&path, error)),
        }
    }
    files
}

/// Whether a file that comes to this path, relative to the data folder, is for a source.
#[must_use]
pub fn waits_for(source: &Source, path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    Path::new(&source.path).parent() == path.parent() && is_for(source, &name.to_string_lossy())
}

/// Whether files of this name are for a source.
pub(super) fn is_for(source: &Source, name: &str) -> bool {
    let pattern = Path::new(&source.path).file_name().and_then(|name| name.to_str());
    pattern.is_some_and(|pattern| takes(pattern, name))
}

/// Whether a file's name fits a pattern and is not one that programs use while they write.
fn takes(pattern: &str, name: &str) -> bool {
    let ending = Path::new(name).extension().unwrap_or_default();
    let unfinished =
        name.starts_with('.') || ["tmp", "part"].iter().any(|word| ending.eq_ignore_ascii_case(word));
    !unfinished && fits(pattern, name)
}

/// Whether a name fits a pattern where `*` is any text and `?` any one character.
fn fits(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut place) = (0, 0);
    // Where the last `*` stands and how much of the name it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while let Some(character) = name.get(place) {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, place));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || wanted == character => {
                at += 1;
                place += 1;
            }
            _ => {
                let Some((star_at, taken)) = star else { return false };
                star = Some((star_at, taken + 1));
                at = star_at + 1;
                place = taken + 1;
            }
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == '*')
}
