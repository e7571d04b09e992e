//! The number of a row among the equal rows of its file, in bounded memory.
//!
//! How often each row's hash came is counted in a table. When the table is full it is merged into a
//! sorted file; what a chunk of rows needs of that file is looked up in one pass over it. So counts
//! are exact however long the file, memory holds one table, and the file on disk 12 bytes a row.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use hashbrown::HashMap;

/// Most hashes in memory.
const IN_MEMORY: usize = 1_700_000;

/// Counts equal rows.
#[derive(Debug)]
pub(super) struct EqualRows {
    /// How often a hash came, in all.
    recent: HashMap<u64, u32>,
    in_memory: usize,
    spilled: Option<Spilled>,
    /// Where the file goes.
    scratch: PathBuf,
}

/// Counts by hash, in order of hash. The file goes when this is dropped.
#[derive(Debug)]
struct Spilled {
    file: File,
    path: PathBuf,
}

impl Drop for Spilled {
    fn drop(&mut self) {
        // A file that can't be removed is overwritten by the next import.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl EqualRows {
    /// No rows yet; `scratch` is a path for files with endings of their own.
    pub(super) fn new(scratch: PathBuf) -> Self {
        Self { recent: HashMap::new(), in_memory: IN_MEMORY, spilled: None, scratch }
    }

    /// The numbers of further rows, from 1 for the first of its kind.
    pub(super) fn numbers(&mut self, hashes: &[u64], numbers: &mut Vec<u32>) -> io::Result<()> {
        if let Some(spilled) = &mut self.spilled {
            let mut unknown: Vec<u64> =
                hashes.iter().copied().filter(|hash| !self.recent.contains_key(hash)).collect();
            unknown.sort_unstable();
            unknown.dedup();
            let recent = &mut self.recent;
            spilled.find(&unknown, |hash, count| {
                recent.insert(hash, count);
            })?;
        }
        Self::count(&mut self.recent, hashes, numbers);
        if self.recent.len() >= self.in_memory {
            self.spill()?;
        }
        Ok(())
    }

    /// The numbers of further rows where all counts are in one table.
    pub(super) fn count(counts: &mut HashMap<u64, u32>, hashes: &[u64], numbers: &mut Vec<u32>) {
        numbers.clear();
        numbers.extend(hashes.iter().map(|hash| {
            let count = counts.entry(*hash).or_insert(0);
            *count = count.saturating_add(1);
            *count
        }));
    }

    fn spill(&mut self) -> io::Result<()> {
        let mut recent: Vec<(u64, u32)> = self.recent.drain().collect();
        recent.sort_unstable();
        let ending = match &self.spilled {
            Some(spilled) if spilled.path.extension().is_some_and(|ending| ending == "a") => "b",
            _ => "a",
        };
        let old = self.spilled.take();
        self.spilled = Some(Spilled::merged(old, &recent, &self.scratch.with_extension(ending))?);
        Ok(())
    }
}

impl Spilled {
    /// Tells the counts of those of some hashes, in order, that are here.
    fn find(&mut self, hashes: &[u64], mut found: impl FnMut(u64, u32)) -> io::Result<()> {
        let mut entries = Entries::new(&mut self.file)?;
        let mut entry = entries.next()?;
        for &hash in hashes {
            while entry.is_some_and(|(here, _)| here < hash) {
                entry = entries.next()?;
            }
            match entry {
                Some((here, count)) if here == hash => found(hash, count),
                Some(_) => {}
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// The older counts with the newer ones, which win.
    fn merged(old: Option<Self>, newer: &[(u64, u32)], path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
        let merged = Self { file, path: path.to_owned() };
        let mut writer = BufWriter::with_capacity(1 << 18, &merged.file);
        let mut write = |(hash, count): (u64, u32)| {
            writer.write_all(&hash.to_le_bytes())?;
            writer.write_all(&count.to_le_bytes())
        };
        let mut newer = newer.iter().copied().peekable();
        if let Some(mut old) = old {
            let mut entries = Entries::new(&mut old.file)?;
            while let Some(entry) = entries.next()? {
                while let Some(earlier) = newer.next_if(|(hash, _)| *hash < entry.0) {
                    write(earlier)?;
                }
                write(newer.next_if(|(hash, _)| *hash == entry.0).unwrap_or(entry))?;
            }
        }
        for entry in newer {
            write(entry)?;
        }
        writer.flush()?;
        drop(writer);
        Ok(merged)
    }
}

/// The entries of a file in order.
struct Entries<'file> {
    reader: BufReader<&'file mut File>,
}

impl<'file> Entries<'file> {
    fn new(file: &'file mut File) -> io::Result<Self> {
        file.seek(SeekFrom::Start(0))?;
        Ok(Self { reader: BufReader::with_capacity(1 << 18, file) })
    }

    fn next(&mut self) -> io::Result<Option<(u64, u32)>> {
        let (mut hash, mut count) = ([0; 8], [0; 4]);
        match self.reader.read_exact(&mut hash) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        self.reader.read_exact(&mut count)?;
        Ok(Some((u64::from_le_bytes(hash), u32::from_le_bytes(count))))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counts_are_exact_however_often_the_table_is_full(
            rows in prop::collection::vec(0_u64..40, 0..300), in_memory in 1_usize..30, chunk in 1_usize..50,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let mut equal = EqualRows::new(folder.path().join("rows"));
            equal.in_memory = in_memory;
            let mut expected: BTreeMap<u64, u32> = BTreeMap::new();
            let mut numbers = Vec::new();
            for rows in rows.chunks(chunk) {
                equal.numbers(rows, &mut numbers).unwrap();
                for (row, number) in rows.iter().zip(&numbers) {
                    let count = expected.entry(*row).or_insert(0);
                    *count += 1;
                    prop_assert_eq!(number, &*count);
                }
            }
            drop(equal);
            prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }
}
