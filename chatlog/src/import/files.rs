//! Which files are meant by the paths given, and which room each belongs to.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::clock::Day;
use super::read::LogFile;

/// What the paths lead to.
#[derive(Debug, Default)]
pub struct Found {
    pub rooms: BTreeMap<String, Vec<LogFile>>,
    /// Files in the folders whose names are no days.
    pub passed_over: Vec<PathBuf>,
}

/// Reads the files at `paths`: a file is taken as it is, of a folder those files whose names are days. They belong to the
/// room `room`, or to that of their folder's name.
pub fn find(paths: &[PathBuf], room: Option<&str>) -> anyhow::Result<Found> {
    let mut found = Found::default();
    let mut taken = HashSet::new();
    for path in paths {
        let about = || format!("{}", path.display());
        // The real path, so that `.` has a name and a file named twice is read once.
        let path = path.canonicalize().with_context(about)?;
        let files =
            if path.is_dir() { days_in(&path, &mut found.passed_over).with_context(about)? } else { vec![path] };
        for file in files {
            if taken.insert(file.clone()) {
                let (room, log) = read(&file, room).with_context(|| format!("{}", file.display()))?;
                found.rooms.entry(room).or_default().push(log);
            }
        }
    }
    for (room, files) in &found.rooms {
        let mut names = HashSet::new();
        if let Some(twice) = files.iter().find(|file| !names.insert(&file.name)) {
            bail!(
                "two different files are named {} in the room {room}; an event is known by room, file name and line, so \
                 one of them needs another name or another room (--room)",
                twice.name
            );
        }
    }
    if found.rooms.is_empty() {
        bail!("there is no log in these paths: a log's name is its day, as in 2006-06-01.log or 2006-06-01_17.log");
    }
    Ok(found)
}

fn days_in(folder: &Path, passed_over: &mut Vec<PathBuf>) -> std::io::Result<Vec<PathBuf>> {
    let mut days = Vec::new();
    for entry in folder.read_dir()? {
        let path = entry?.path();
        let is_day = path.file_name().and_then(|name| name.to_str()).and_then(Day::of_file_name).is_some();
        if is_day && path.is_file() {
            days.push(path.canonicalize()?);
        } else {
            passed_over.push(path);
        }
    }
    Ok(days)
}

fn read(path: &Path, room: Option<&str>) -> anyhow::Result<(String, LogFile)> {
    let name = path.file_name().and_then(|name| name.to_str()).context("its name is not UTF-8")?;
    let day = Day::of_file_name(name)
        .context("its name is no day: 2006-06-01.log or 2006-06-01_17.log (around 17:00) is expected")?;
    let folder = || path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    let room = room.or_else(folder).context("its folder has no name for the room; say --room NAME")?;
    let bytes = std::fs::read(path)?;
    Ok((room.to_owned(), LogFile { name: name.to_owned(), day, bytes }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, "[10:00] <owner> x\n").expect("a file");
        }
        folder
    }

    fn names(found: &Found, room: &str) -> Vec<String> {
        let mut names: Vec<_> = found.rooms[room].iter().map(|file| file.name.clone()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_room_is_named_after_the_folder() {
        let folder = folder(&["one/2006-06-01.log", "one/2006-06-02.log", "one/README.md", "two/2006-06-01.log"]);
        let paths = [folder.path().join("one"), folder.path().join("two/2006-06-01.log"), folder.path().join("one/.")];
        let found = find(&paths, None).expect("found");
        assert_eq!(names(&found, "one"), ["2006-06-01.log", "2006-06-02.log"]);
        assert_eq!(names(&found, "two"), ["2006-06-01.log"]);
        // Seen again with the folder itself.
        assert!(found.passed_over.iter().all(|path| path.ends_with("README.md")));
    }

    #[test]
    fn a_room_can_be_named() {
        let folder = folder(&["one/2006-06-01.log"]);
        let found = find(&[folder.path().join("one")], Some("hall")).expect("found");
        assert_eq!(names(&found, "hall"), ["2006-06-01.log"]);
    }

    #[test]
    fn what_cannot_be_told_apart_or_dated_is_refused() {
        let folder = folder(&["one/2006-06-01.log", "two/2006-06-01.log", "one/notes.txt", "none/x"]);
        let path = |name: &str| folder.path().join(name);
        let twice = find(&[path("one"), path("two")], Some("hall")).expect_err("refused").to_string();
        assert!(twice.contains("2006-06-01.log"), "{twice}");
        assert!(find(&[path("one/notes.txt")], None).is_err());
        assert!(find(&[path("none")], None).is_err());
        assert!(find(&[path("missing")], None).is_err());
    }
}
