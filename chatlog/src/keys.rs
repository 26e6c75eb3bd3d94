//! `chatlog keys`: the keys that access tokens are signed with.

use anyhow::Context as _;
use api_kit::tokens::{self, PUBLISHED_BEFORE, SigningKeyInfo};
use clap::{Args, Subcommand};
use command_api::admin::Administration;
use platform::postgres;
use serde_json::{Value, json};

use crate::args::{AccountArgs, LogArgs};
use crate::output::{self, List};

/// For the help.
pub const EXAMPLES: &str = "\
Examples:
  chatlog keys rotate          another key: published now, signs in a minute and a half; nobody is logged out
  chatlog keys rotate --now    signs at once; for a key that may be known to somebody
  chatlog keys list            which key is what, and until when it verifies

The key before it verifies until the tokens that it signed have expired, some twelve minutes. A rotation is an event in
chat.admin; where no platform runs, it gets there when one does.";

/// What to do.
#[derive(Subcommand, Debug)]
pub enum KeysCommand {
    /// Let another key sign
    Rotate(RotateArgs),
    /// List the keys, newest first
    List(ListKeysArgs),
}

/// When it signs.
#[derive(Args, Debug)]
pub struct RotateArgs {
    /// At once, instead of after everybody who verifies tokens has read it
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    servers: AccountArgs,
}

/// How they are shown.
#[derive(Args, Debug)]
pub struct ListKeysArgs {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    servers: AccountArgs,
}

impl KeysCommand {
    /// How it logs.
    #[must_use]
    pub fn log(&self) -> &LogArgs {
        &self.servers().log
    }

    fn servers(&self) -> &AccountArgs {
        match self {
            Self::Rotate(args) => &args.servers,
            Self::List(args) => &args.servers,
        }
    }

    /// Does it.
    pub async fn run(&self) -> anyhow::Result<()> {
        let servers = self.servers();
        let db = postgres::pool(&servers.postgres, postgres::CONTROL_PATH)?;
        let done = match self {
            Self::Rotate(args) => {
                let administration = Administration::new(db.clone(), &servers.redis).context("Redis")?;
                rotate(&administration, args.now).await
            }
            Self::List(args) => list(&tokens::list(&db).await?, args.json),
        };
        db.close().await;
        done
    }
}

async fn rotate(administration: &Administration, now: bool) -> anyhow::Result<()> {
    let after = if now { 0 } else { PUBLISHED_BEFORE };
    let kid = administration.rotate_keys(after).await?;
    let when = if now { "now".to_owned() } else { format!("in {after} s") };
    output::line(format_args!("{kid} signs {when}"))?;
    Ok(())
}

fn list(keys: &[SigningKeyInfo], json: bool) -> anyhow::Result<()> {
    let mut shown = List::new(json, &["KEY", "STATE", "SIGNS FROM", "VERIFIES UNTIL"], described, cells);
    shown.add(keys)?;
    shown.end("there is no key yet; `chatlog serve` makes the first")?;
    Ok(())
}

fn cells(key: &SigningKeyInfo) -> Vec<String> {
    let until = key.verifies_until.map_or_else(|| "-".to_owned(), output::time);
    vec![key.kid.clone(), key.state.clone(), output::time(key.signs_from), until]
}

fn described(key: &SigningKeyInfo) -> Value {
    json!({
        "kid": key.kid,
        "state": key.state,
        "created_at": key.created_at,
        "signs_from": key.signs_from,
        "retired_at": key.retired_at,
        "verifies_until": key.verifies_until,
    })
}
