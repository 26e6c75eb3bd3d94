//! Rows beyond memory: an append-only file without a name, which the system removes with the process, however it ends.

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Written in one go; a tape that stays smaller never touches the disk.
const BUFFER: usize = 1024 * 1024;
/// Read at first of a single record; most fit.
const FIRST_READ: usize = 1024;
/// The length before each record.
const PREFIX: usize = 4;

/// Records one after another, each found again by its place.
#[derive(Debug)]
pub(crate) struct AppendFile {
    folder: PathBuf,
    file: Option<File>,
    /// What is in the file; the rest is in the buffer.
    flushed: u64,
    buffer: Vec<u8>,
}

impl AppendFile {
    /// An empty tape; its file will lie in this folder.
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), file: None, flushed: 0, buffer: Vec::new() }
    }

    /// Appends a record of several parts; gives its place.
    pub(crate) fn append(&mut self, parts: &[&[u8]]) -> io::Result<u64> {
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        let place = self.flushed + self.buffer.len() as u64;
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let length = u32::try_from(length).map_err(|_| io::Error::other("a record of more than 4 GiB"))?;
        self.buffer.extend_from_slice(&length.to_be_bytes());
        for part in parts {
            self.buffer.extend_from_slice(part);
        }
        Ok(place)
    }

    fn flush(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(nameless(&self.folder)?),
        };
        file.write_all_at(&self.buffer, self.flushed)?;
        self.flushed += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// The record at a place that [`Self::append`] gave.
    pub(crate) fn read(&self, place: u64) -> io::Result<Vec<u8>> {
        let mut record = vec![0; FIRST_READ];
        let read = self.read_at(&mut record, place)?;
        record.truncate(read);
        let length = length_of(&record).ok_or(io::ErrorKind::UnexpectedEof)?;
        let have = record.len();
        record.resize(PREFIX + length, 0);
        if have < record.len() {
            let mut rest = have;
            while rest < record.len() {
                let more = self.read_at(&mut record[rest..], place + rest as u64)?;
                if more == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                rest += more;
            }
        }
        record.drain(..PREFIX);
        Ok(record)
    }

    /// As many bytes as there are in one piece; 0 at the end.
    fn read_at(&self, into: &mut [u8], place: u64) -> io::Result<usize> {
        let Some(beyond) = place.checked_sub(self.flushed) else {
            let most = usize::try_from(self.flushed - place).unwrap_or(usize::MAX).min(into.len());
            let file = self.file.as_ref().ok_or(io::ErrorKind::UnexpectedEof)?;
            return file.read_at(&mut into[..most], place);
        };
        let rest = usize::try_from(beyond).ok().and_then(|at| self.buffer.get(at..)).unwrap_or_default();
        let most = rest.len().min(into.len());
        into[..most].copy_from_slice(&rest[..most]);
        Ok(most)
    }

    /// All records in their order.
    pub(crate) fn records(&self) -> Records<'_> {
        Records { tape: self, next: 0, piece: Vec::new(), at: 0 }
    }
}

fn length_of(record: &[u8]) -> Option<usize> {
    let prefix: [u8; PREFIX] = record.get(..PREFIX)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(prefix)).ok()
}

/// A file that nobody else can open and that needs no cleaning up.
fn nameless(folder: &Path) -> io::Result<File> {
    // Others may write to the folder: no name that they could have prepared a link at.
    let path = folder.join(format!("chatlog-{}-{:016x}.tape", std::process::id(), by_chance()));
    let file = make(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// A number that nobody can foresee: the state's keys are random, and others each time.
fn by_chance() -> u64 {
    RandomState::new().hash_one(())
}

/// A new file for this user alone; whatever is there already is no such file.
fn make(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path);
    file.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// Reads a tape from its beginning.
pub(crate) struct Records<'a> {
    tape: &'a AppendFile,
    /// Where the piece in memory ends.
    next: u64,
    piece: Vec<u8>,
    at: usize,
}

impl Records<'_> {
    /// The next record and its place.
    pub(crate) fn next(&mut self) -> io::Result<Option<(u64, &[u8])>> {
        loop {
            let rest = &self.piece[self.at..];
            let needed = length_of(rest).map(|length| PREFIX + length);
            if let Some(needed) = needed.filter(|needed| *needed <= rest.len()) {
                let place = self.next - rest.len() as u64;
                let begin = self.at + PREFIX;
                self.at += needed;
                return Ok(Some((place, &self.piece[begin..self.at])));
            }
            if !self.fill()? {
                let whole = self.at == self.piece.len();
                return if whole { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    fn fill(&mut self) -> io::Result<bool> {
        self.piece.drain(..self.at);
        self.at = 0;
        let have = self.piece.len();
        self.piece.resize(have + BUFFER, 0);
        let read = self.tape.read_at(&mut self.piece[have..], self.next)?;
        self.piece.truncate(have + read);
        self.next += read as u64;
        Ok(read > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, symlink};

    use super::*;

    #[test]
    fn nobody_else_gets_at_the_file() {
        let folder = std::env::temp_dir();
        let file = nameless(&folder).expect("a file").metadata().expect("what it is");
        assert_eq!((file.nlink(), file.mode() & 0o777), (0, 0o600));
        let path = || folder.join(format!("chatlog-test-{:016x}", by_chance()));
        let (link, target) = (path(), path());
        symlink(&target, &link).expect("a prepared link");
        let made = make(&link).map(drop).map_err(|error| error.kind());
        std::fs::remove_file(&link).expect("no link");
        assert_eq!((made, target.exists()), (Err(io::ErrorKind::AlreadyExists), false));
    }

    #[test]
    fn records_of_any_size_come_back_by_place_and_in_order() {
        let mut tape = AppendFile::new(&std::env::temp_dir());
        let record = |n: usize| vec![u8::try_from(n % 251).expect("a byte"); (n * 7919) % 70_000];
        let places: Vec<u64> = (0..200).map(|n| tape.append(&[&record(n), b"end"]).expect("a place")).collect();
        assert!(tape.flushed > 0, "beyond the buffer");
        for (n, place) in places.iter().enumerate() {
            assert_eq!(tape.read(*place).expect("a record"), [record(n), b"end".to_vec()].concat(), "{n}");
        }
        let mut records = tape.records();
        for (n, place) in places.iter().enumerate() {
            let (at, bytes) = records.next().expect("readable").expect("a record");
            assert_eq!((at, bytes.len()), (*place, record(n).len() + 3));
        }
        assert!(records.next().expect("readable").is_none());
        assert!(tape.read(tape.flushed + tape.buffer.len() as u64).is_err());
    }
}
