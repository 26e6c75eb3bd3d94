//! `chatlog mail`: the queue of mails, and what could not be sent.

use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};
use event_schema::UserId;
use mailer::queue::{self, Row};
use platform::{Clock, Ids, postgres};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::args::{LogArgs, PostgresArgs};
use crate::output::{self, List};

/// Rows read at once.
const PAGE: i64 = 500;

/// For the help.
pub const EXAMPLES: &str = "\
Examples:
  chatlog mail list                           what waits, and why
  chatlog mail list --status sent             what went out
  chatlog mail parked                         what could not be sent, and why
  chatlog mail retry --all                    after the cause is gone

Addresses are not shown: they are the accounts'. A mail with a code that a later one has replaced is dropped, not sent.";

/// What to do.
#[derive(Subcommand, Debug)]
pub enum MailCommand {
    /// List mails of one status
    List(ListMailsArgs),
    /// List mails that could not be sent
    Parked(ParkedArgs),
    /// Send a parked mail (or all of them) again
    Retry(RetryMailArgs),
}

/// Where a mail stands.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum MailStatus {
    /// To be sent
    Waiting,
    /// With a mail server just now
    Sending,
    /// Taken by a mail server
    Sent,
    /// Not taken; waits for `retry`
    Parked,
    /// Not to be sent any more
    Dropped,
}

/// Which mails, and how they are shown.
#[derive(Args, Debug)]
pub struct ListMailsArgs {
    /// Where they stand
    #[arg(long, value_enum, default_value = "waiting", value_name = "STATUS")]
    status: MailStatus,
    #[command(flatten)]
    shown: Shown,
}

/// How mails are shown.
#[derive(Args, Debug)]
pub struct ParkedArgs {
    #[command(flatten)]
    shown: Shown,
}

#[derive(Args, Debug)]
struct Shown {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    servers: PostgresArgs,
}

/// Which mails.
#[derive(Args, Debug)]
pub struct RetryMailArgs {
    /// A parked mail, by its request
    #[arg(value_name = "REQUEST", required_unless_present = "all")]
    request: Option<Uuid>,
    /// Every parked mail
    #[arg(long, conflicts_with = "request")]
    all: bool,
    #[command(flatten)]
    servers: PostgresArgs,
}

impl MailStatus {
    fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Parked => "parked",
            Self::Dropped => "dropped",
        }
    }
}

impl MailCommand {
    /// How it logs.
    #[must_use]
    pub fn log(&self) -> &LogArgs {
        &self.servers().log
    }

    fn servers(&self) -> &PostgresArgs {
        match self {
            Self::List(args) => &args.shown.servers,
            Self::Parked(args) => &args.shown.servers,
            Self::Retry(args) => &args.servers,
        }
    }

    /// Does it.
    pub async fn run(&self) -> anyhow::Result<()> {
        let db = postgres::pool(&self.servers().postgres, postgres::CONTROL_PATH)?;
        match self {
            Self::List(args) => list(&db, args.status, args.shown.json).await,
            Self::Parked(args) => list(&db, MailStatus::Parked, args.shown.json).await,
            Self::Retry(args) => retry(&db, args.request).await,
        }
    }
}

async fn list(db: &PgPool, status: MailStatus, json: bool) -> anyhow::Result<()> {
    let head = ["REQUEST", "USER", "TEMPLATE", "LOCALE", "ATTEMPTS", "ASKED", "REASON"];
    let mut shown = List::new(json, &head, described, cells);
    let mut after: Option<Row> = None;
    loop {
        let page = queue::page(db, Some(status.as_str()), after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        shown.add(&page)?;
    }
    shown.end(format_args!("no mail is {}", status.as_str()))?;
    Ok(())
}

fn cells(mail: &Row) -> Vec<String> {
    vec![
        mail.request_id.to_string(),
        mail.user_id.to_string(),
        mail.template.clone(),
        mail.locale.clone(),
        mail.attempts.to_string(),
        output::time(mail.requested_at),
        mail.reason.clone().unwrap_or_default(),
    ]
}

fn described(mail: &Row) -> Value {
    json!({
        "request": mail.request_id,
        "user": mail.user_id,
        "template": mail.template,
        "locale": mail.locale,
        "status": mail.status,
        "attempts": mail.attempts,
        "reason": mail.reason,
        "requested_at": mail.requested_at,
        "due_at": mail.due_at,
        "done_at": mail.done_at,
    })
}

async fn retry(db: &PgPool, request: Option<Uuid>) -> anyhow::Result<()> {
    let again = queue::retry(db, request, (&Ids::new(), &Clock::system()), UserId::PLATFORM).await?;
    for request in &again {
        output::line(format_args!("{request}: is sent again when a mailer runs"))?;
    }
    match request {
        Some(request) if again.is_empty() => bail!("mail {request} is not parked"),
        None if again.is_empty() => output::note("no mail is parked"),
        _ => {}
    }
    Ok(())
}
