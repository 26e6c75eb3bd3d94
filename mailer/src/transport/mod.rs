//! Where mails go: to a mail server, or into a folder.

mod files;
mod smtp;

use crate::compose::{Form, Letter, Mail};
use crate::settings::{Settings, SettingsError};

pub(crate) use smtp::Connection;

pub(crate) enum Transport {
    Smtp(Box<smtp::Server>),
    Files(files::Folder),
}

/// Why a mail did not go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The server is not there, or does not want us: nothing is said about this mail.
    Away(String),
    /// Not now (4xx).
    Deferred(u16),
    /// Never (5xx).
    Refused(u16),
    /// This server cannot take such a mail at all; a stable word.
    Unsendable(&'static str),
}

impl Transport {
    /// What the settings say; `None` when mails wait.
    pub(crate) fn of(settings: &Settings) -> Result<Option<Self>, SettingsError> {
        if let Some(url) = &settings.smtp_url {
            return Ok(Some(Self::Smtp(Box::new(smtp::Server::new(settings, url)?))));
        }
        settings.mail_dir.as_deref().map(|path| files::Folder::open(path).map(Self::Files)).transpose()
    }

    /// How mails are written for it.
    pub(crate) fn form(&self) -> Form {
        match self {
            Self::Smtp(_) => Form::Wire,
            Self::Files(_) => Form::Readable,
        }
    }

    /// Hands a mail over, by a connection that is kept for the next. Not to be dropped midway: it has its own bounds.
    pub(crate) async fn send(
        &self,
        connection: &mut Option<Connection>,
        letter: &Letter,
        mail: &Mail,
    ) -> Result<(), Failure> {
        match self {
            Self::Smtp(server) => server.send(connection, mail).await,
            Self::Files(folder) => folder.write(letter, mail).await,
        }
    }
}
