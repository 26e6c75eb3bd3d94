//! `chatlog admin`: accounts and roles, from the machine that the platform runs on. The first administrator is made here.

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use command_api::accounts::username;
use command_api::admin::{self, AccountSummary, Acted, Administration, ServerRole};
use event_schema::UserId;
use platform::postgres;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::args::{AccountArgs, LogArgs};
use crate::output::{self, List};
use crate::registrations::RegistrationsCommand;

/// Accounts read at once.
const PAGE: i64 = 500;

/// For the help.
pub const EXAMPLES: &str = "\
Examples:
  chatlog admin grant owner admin             the first administrator
  chatlog admin users --prefix own            accounts by name
  chatlog admin suspend owner --reason spam   no log-in, no refresh, and out within a second
  chatlog admin registrations list --status pending
                                              sign-ups under way, and what they wait for

USER is a username or an id. Every act is an event in chat.admin; where no platform runs, it gets there when one does.";

/// What to do.
#[derive(Subcommand, Debug)]
pub enum AdminCommand {
    /// Give an account a role; again: changes nothing
    Grant(RoleArgs),
    /// Take a role from an account; again: changes nothing
    Revoke(RoleArgs),
    /// List accounts, by name
    Users(UsersArgs),
    /// Show one account
    Show(UserArgs),
    /// Let an account neither log in nor refresh, and end its sessions
    Suspend(SuspendArgs),
    /// Make a suspended account what it was
    Unsuspend(UserArgs),
    /// Sign-ups, under way and ended
    #[command(subcommand)]
    Registrations(RegistrationsCommand),
}

/// A role that is given and taken.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum AccountRole {
    /// Administers the platform
    Admin,
}

/// An account and a role.
#[derive(Args, Debug)]
pub struct RoleArgs {
    #[command(flatten)]
    user: UserArgs,
    /// The role
    #[arg(value_enum, value_name = "ROLE")]
    role: AccountRole,
}

/// An account.
#[derive(Args, Debug)]
pub struct UserArgs {
    /// A username or an id
    #[arg(value_name = "USER")]
    user: String,
    #[command(flatten)]
    servers: AccountArgs,
}

/// An account, and why.
#[derive(Args, Debug)]
pub struct SuspendArgs {
    #[command(flatten)]
    user: UserArgs,
    /// Why, for other administrators; kept with the account, never in the log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Which accounts, and how they are shown.
#[derive(Args, Debug)]
pub struct UsersArgs {
    /// Only names that begin like this, whatever their case
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    prefix: String,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    servers: AccountArgs,
}

impl From<AccountRole> for ServerRole {
    fn from(role: AccountRole) -> Self {
        match role {
            AccountRole::Admin => Self::Admin,
        }
    }
}

impl AdminCommand {
    /// How it logs.
    #[must_use]
    pub fn log(&self) -> &LogArgs {
        &self.servers().log
    }

    fn servers(&self) -> &AccountArgs {
        match self {
            Self::Grant(args) | Self::Revoke(args) => &args.user.servers,
            Self::Users(args) => &args.servers,
            Self::Show(args) | Self::Unsuspend(args) => &args.servers,
            Self::Suspend(args) => &args.user.servers,
            Self::Registrations(command) => command.servers(),
        }
    }

    /// Does it.
    pub async fn run(&self) -> anyhow::Result<()> {
        let servers = self.servers();
        let db = postgres::pool(&servers.postgres, postgres::CONTROL_PATH)?;
        let administration = Administration::new(db.clone(), &servers.redis).context("Redis")?;
        let done = match self {
            Self::Users(args) => list(&db, args).await,
            Self::Registrations(command) => command.run(&db).await,
            Self::Show(args) => show(&administration.find(&args.user).await?),
            other => other.act(&administration).await,
        };
        db.close().await;
        done
    }

    async fn act(&self, administration: &Administration) -> anyhow::Result<()> {
        let (Self::Grant(RoleArgs { user, .. })
        | Self::Revoke(RoleArgs { user, .. })
        | Self::Suspend(SuspendArgs { user, .. })
        | Self::Unsuspend(user)) = self
        else {
            return Ok(());
        };
        let account = administration.find(&user.user).await?;
        let id = UserId(account.user_id);
        let (acted, now) = match self {
            Self::Grant(args) => (administration.grant(id, args.role.into()).await?, "has the role"),
            Self::Revoke(args) => (administration.revoke(id, args.role.into()).await?, "does not have the role"),
            Self::Suspend(args) => (administration.suspend(id, args.reason.as_deref()).await?, "is suspended"),
            _ => (administration.unsuspend(id).await?, "is not suspended"),
        };
        let already = if acted == Acted::Unchanged { " (as before)" } else { "" };
        output::line(format_args!("{} {id} {now}{already}", account.username))?;
        Ok(())
    }
}

async fn list(db: &PgPool, args: &UsersArgs) -> anyhow::Result<()> {
    let prefix = username::key(&args.prefix);
    let mut shown = List::new(args.json, &["USERNAME", "ID", "STATUS", "ROLES", "KIND"], described, cells);
    let mut after = String::new();
    loop {
        let page = admin::page(db, &prefix, &after, PAGE).await?;
        shown.add(&page)?;
        match page.last() {
            Some(last) => after.clone_from(&last.username_key),
            None => break,
        }
    }
    shown.end("no account has such a name")?;
    Ok(())
}

fn cells(account: &AccountSummary) -> Vec<String> {
    let (name, id) = (account.username.clone(), account.user_id.to_string());
    vec![name, id, account.status.clone(), account.roles.join(","), account.kind.clone()]
}

fn described(account: &AccountSummary) -> Value {
    json!({
        "user_id": account.user_id,
        "username": account.username,
        "display_name": account.display_name,
        "kind": account.kind,
        "status": account.status,
        "suspended_reason": account.suspended_reason,
        "roles": account.roles,
        "created_at": account.created_at,
    })
}

fn show(account: &AccountSummary) -> anyhow::Result<()> {
    output::line(format!("{:#}", described(account)))?;
    Ok(())
}
