//! The bearer tokens that may write: read from a file, one a line, and again when it changes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use tokio::sync::watch;
use tracing::{error, info, warn};

/// The shortest token, in characters.
const SHORTEST: usize = 16;
/// The largest token file, in bytes.
const LARGEST: u64 = 64 << 10;
/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Why a token file can't be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TokenError {
    /// It can't be read.
    #[error("the token file {path} can't be read: {reason}")]
    Unreadable {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// It holds no token.
    #[error(
        "the token file {path} holds no token: write one a line, for instance with `openssl rand -hex 32 > {path}`"
    )]
    Empty {
        /// Which.
        path: String,
    },
    /// A token can be guessed.
    #[error(
        "the token on line {line} of {path} is too short: it needs at least {SHORTEST} characters; `openssl rand -hex 32` makes a good one"
    )]
    TooShort {
        /// Which file.
        path: String,
        /// Which line, from 1.
        line: usize,
    },
    /// A token can't be sent in a header.
    #[error(
        "the token on line {line} of {path} can't be sent: letters, digits and - . _ ~ + / are allowed, and = at the end"
    )]
    Unfit {
        /// Which file.
        path: String,
        /// Which line, from 1.
        line: usize,
    },
}

/// The tokens of a file.
#[derive(Debug)]
pub struct Tokens {
    path: PathBuf,
    /// Hashes, so that comparing takes the same time whatever is sent.
    known: RwLock<Vec<[u8; 32]>>,
    /// What the last look found, so that the same trouble is told once.
    seen: RwLock<Result<Vec<[u8; 32]>, String>>,
}

impl Tokens {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let known = read(path)?;
        warn_of_readers(path);
        Ok(Self { path: path.to_owned(), seen: RwLock::new(Ok(known.clone())), known: RwLock::new(known) })
    }

    /// Whether a token is among them.
    #[must_use]
    pub fn allows(&self, token: &[u8]) -> bool {
        let hash: [u8; 32] = Sha256::digest(token).into();
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().fold(Choice::from(0), |found, known| found | known.ct_eq(&hash)).into()
    }

    /// Reads the file again. Where it can't be used the tokens stay as they are.
    pub fn look_again(&self) {
        let found = read(&self.path).map_err(|error| error.to_string());
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        if *seen == found {
            return;
        }
        match &found {
            Ok(tokens) => {
                self.known.write().unwrap_or_else(PoisonError::into_inner).clone_from(tokens);
                info!(tokens = tokens.len(), "the token file has changed");
                warn_of_readers(&self.path);
            }
            Err(error) => error!("{error}; the tokens from before go on to hold"),
        }
        *seen = found;
    }
}

/// Keeps tokens in step with their file until told to stop.
pub async fn keep_reading(tokens: Arc<Tokens>, mut stop: watch::Receiver<bool>) {
    while tokio::time::timeout(LOOK, stop.wait_for(|stop| *stop)).await.is_err() {
        let tokens = Arc::clone(&tokens);
        // A look that breaks down changes nothing; the next one comes.
        let _ = tokio::task::spawn_blocking(move || tokens.look_again()).await;
    }
}

fn read(path: &Path) -> Result<Vec<[u8; 32]>, TokenError> {
    let shown = || path.display().to_string();
    let unreadable = |reason: String| TokenError::Unreadable { path: shown(), reason };
    let size = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if size > LARGEST {
        return Err(unreadable(format!("it has {size} bytes, which no token file has")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let mut tokens = Vec::new();
    for (line, token) in (1..).zip(text.lines().map(str::trim)).filter(|(_, token)| !token.is_empty()) {
        let fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        if !token.trim_end_matches('=').bytes().all(fit) {
            return Err(TokenError::Unfit { path: shown(), line });
        }
        if token.len() < SHORTEST {
            return Err(TokenError::TooShort { path: shown(), line });
        }
        tokens.push(Sha256::digest(token).into());
    }
    if tokens.is_empty() { Err(TokenError::Empty { path: shown() }) } else { Ok(tokens) }
}

fn warn_of_readers(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let readable = std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o004 != 0);
    if readable {
        let path = path.display();
        warn!("every user of this machine can read the token file {path}: `chmod 600 {path}` mends it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "0123456789abcdef";
    const OTHER: &str = "fedcba9876543210==";

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn several_tokens_hold_side_by_side_and_no_part_of_one_does() {
        let (_folder, path) = file(&format!("{ONE}\n\n  {OTHER}  \n"));
        let tokens = Tokens::read(&path).unwrap();
        assert!(tokens.allows(ONE.as_bytes()) && tokens.allows(OTHER.as_bytes()));
        for wrong in ["", "0123456789abcde", "0123456789abcdeF", "0123456789abcdef0"] {
            assert!(!tokens.allows(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn a_file_without_a_good_token_is_refused_by_line() {
        let refused = |text: &str| Tokens::read(&file(text).1).err().map(|error| error.to_string());
        assert!(Tokens::read(Path::new("/no/such/file")).is_err());
        assert!(refused("\n \n").unwrap().contains("holds no token"));
        assert!(refused(&format!("{ONE}\nshort\n")).unwrap().contains("line 2"));
        assert!(refused("0123456789 abcdef").unwrap().contains("line 1"));
    }

    #[test]
    fn a_changed_file_rotates_the_tokens_and_a_broken_one_keeps_them() {
        let (_folder, path) = file(ONE);
        let tokens = Tokens::read(&path).unwrap();
        std::fs::write(&path, OTHER).unwrap();
        tokens.look_again();
        assert!(tokens.allows(OTHER.as_bytes()) && !tokens.allows(ONE.as_bytes()));
        std::fs::write(&path, "").unwrap();
        tokens.look_again();
        assert!(tokens.allows(OTHER.as_bytes()), "an empty file locks nobody out");
    }
}
