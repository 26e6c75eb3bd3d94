//! Mails as files, for trying things out without a mail server. Names begin with the time at which a mail was written, so
//! that the last of a listing is the newest; mails hold codes, so only the owner reads them.

use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::Failure;
use crate::compose::{Letter, Mail};
use crate::settings::SettingsError;

/// A folder for mails.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes it, if it is not there.
    pub(crate) fn open(path: &Path) -> Result<Self, SettingsError> {
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|error| SettingsError::Folder { path: path.to_owned(), error })?;
        Ok(Self(path.to_owned()))
    }

    /// Writes a mail, whole or not at all.
    pub(crate) async fn write(&self, letter: &Letter, mail: &Mail) -> Result<(), Failure> {
        let time = letter.date.format("%Y%m%dT%H%M%S%.3fZ");
        let name = format!("{time}-{}-{}.eml", letter.template.as_str(), letter.request);
        let (folder, bytes) = (self.0.clone(), mail.bytes.clone());
        let kept = tokio::task::spawn_blocking(move || write(&folder, &name, &bytes)).await;
        kept.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(|error| Failure::Away(error.to_string()))
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    // A draft of this process alone: two processes that write the same mail do not meet in one file.
    let draft = folder.join(format!(".{name}.{}", std::process::id()));
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()?;
    std::fs::rename(&draft, folder.join(name))?;
    std::fs::File::open(folder)?.sync_all()
}
