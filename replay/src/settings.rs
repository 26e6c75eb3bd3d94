//! The settings of what compares tables and log beside the projector, and of looking back over HTTP.

use std::path::PathBuf;
use std::time::Duration;

/// When tables and log are compared, and where scratch files lie.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Projector")]
#[group(skip)]
pub struct Settings {
    /// Seconds between two comparisons of tables and log, told by the metric `verify_same`; 0 for none
    #[arg(long, env = "CHATLOG_PROJECTOR_VERIFY_EVERY", default_value_t = 0, value_name = "SECONDS")]
    pub projector_verify_every: u32,
    /// Rooms compared each time, others each time; 0 for every row of every table
    #[arg(long, env = "CHATLOG_PROJECTOR_VERIFY_ROOMS", default_value_t = 100, value_name = "N")]
    pub projector_verify_rooms: u32,
    /// Folder of the scratch files of these comparisons, and of looking back over HTTP; they have no names and go with the
    /// process [default: the system's temporary folder]
    #[arg(long, env = "CHATLOG_SCRATCH", value_name = "FOLDER")]
    pub projector_scratch: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { projector_verify_every: 0, projector_verify_rooms: 100, projector_scratch: None }
    }
}

impl Settings {
    pub(crate) fn verify_every(&self) -> Option<Duration> {
        (self.projector_verify_every > 0).then(|| Duration::from_secs(self.projector_verify_every.into()))
    }

    pub(crate) fn scratch(&self) -> PathBuf {
        self.projector_scratch.clone().unwrap_or_else(std::env::temp_dir)
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::*;

    #[derive(clap::Parser)]
    struct Program {
        #[command(flatten)]
        settings: Settings,
    }

    #[test]
    fn scratch_files_lie_where_they_lie_for_the_programs() {
        let scratch = |args: &[&str]| Program::try_parse_from(args).expect("settings").settings.scratch();
        assert_eq!(scratch(&["projector", "--projector-scratch", "/var/scratch"]), PathBuf::from("/var/scratch"));
        let command = Program::command();
        let arg = command.get_arguments().find(|arg| arg.get_long() == Some("projector-scratch")).expect("a setting");
        assert_eq!(arg.get_env(), Some("CHATLOG_SCRATCH".as_ref()));
    }
}
