//! `chatlog admin registrations`: sign-ups, under way and ended. Nothing in them is personal.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueEnum};
use query_api::store::registrations::{self, RegistrationRow, StepRow};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::args::AccountArgs;
use crate::output::{self, List};

/// What to look at.
#[derive(Subcommand, Debug)]
pub enum RegistrationsCommand {
    /// The latest sign-ups
    List(ListRegistrationsArgs),
    /// One sign-up, as JSON
    Show(ShowRegistrationArgs),
}

/// Which sign-ups, and how they are shown.
#[derive(Args, Debug)]
pub struct ListRegistrationsArgs {
    /// Only those
    #[arg(long, value_enum, value_name = "STATUS")]
    status: Option<RegistrationStatus>,
    /// At most so many
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: u32,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    servers: AccountArgs,
}

/// Which sign-up.
#[derive(Args, Debug)]
pub struct ShowRegistrationArgs {
    /// The id of the sign-up
    #[arg(value_name = "ID")]
    id: Uuid,
    #[command(flatten)]
    servers: AccountArgs,
}

/// What is decided.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum RegistrationStatus {
    /// Nothing yet
    Pending,
    /// The account may be used
    Registered,
    /// There is no account
    Rejected,
}

impl RegistrationStatus {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Registered => "registered",
            Self::Rejected => "rejected",
        }
    }
}

impl RegistrationsCommand {
    pub(crate) fn servers(&self) -> &AccountArgs {
        match self {
            Self::List(args) => &args.servers,
            Self::Show(args) => &args.servers,
        }
    }

    pub(crate) async fn run(&self, db: &PgPool) -> anyhow::Result<()> {
        match self {
            Self::List(args) => list(db, args).await,
            Self::Show(args) => {
                let found = registrations::find(&mut *db.acquire().await?, args.id).await?;
                let found = found.with_context(|| format!("there is no sign-up {}", args.id))?;
                output::line(format!("{:#}", described(&found)))?;
                Ok(())
            }
        }
    }
}

async fn list(db: &PgPool, args: &ListRegistrationsArgs) -> anyhow::Result<()> {
    let status = args.status.map(RegistrationStatus::as_str);
    let from = (DateTime::<Utc>::MAX_UTC, Uuid::max());
    let page = registrations::page(&mut *db.acquire().await?, status, from, args.limit.into()).await?;
    let mut shown = List::new(args.json, &["BEGAN", "ID", "STATUS", "STEPS", "WHY"], described, cells);
    shown.add(&page)?;
    shown.end("there is no such sign-up")?;
    Ok(())
}

fn cells(row: &RegistrationRow) -> Vec<String> {
    let steps: Vec<String> = row.steps.iter().map(|step| format!("{}={}", step.name, step.status)).collect();
    let why = [row.reason.as_deref(), row.failed_step.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(": ");
    vec![output::time(row.created_at), row.registration_id.to_string(), row.status.clone(), steps.join(" "), why]
}

fn described(row: &RegistrationRow) -> Value {
    let step = |step: &StepRow| json!({"name": step.name, "status": step.status, "reason": step.reason, "updated_at": step.updated_at});
    json!({
        "registration_id": row.registration_id,
        "user_id": row.user_id,
        "status": row.status,
        "failed_step": row.failed_step,
        "reason": row.reason,
        "created_at": row.created_at,
        "deadline_at": row.deadline_at,
        "decided_at": row.decided_at,
        "steps": row.steps.iter().map(step).collect::<Vec<_>>(),
    })
}
