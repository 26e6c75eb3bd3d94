//! Carries a plan out: what is missing goes into the log, and the import is done when the read models show it.
//!
//! Nothing is remembered outside: what the log has judged is asked of the read models, after they have caught up with it.
//! So an import that was interrupted anywhere is finished by running it again, and one that is finished changes nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Context as _, bail};
use event_schema::{Event, Timestamp, Topic, UserId};
use platform::{Kafka, Platform};
use read_model::ReadModel;
use sqlx::PgPool;
use tokio::time::Instant;
use uuid::Uuid;

use super::append::append;
use super::catchup::catch_up;
use super::events::{Account, Room};
use super::plan::{self, Counts, Deed, ImportedAction, Members};
use super::read::Person;
use super::report::Report;
use super::{ids, sql};

/// Ids asked about at a time.
const BATCH: usize = 10_000;
/// A room and what is to be done for it.
pub struct Job {
    pub room: Room,
    /// Everything its lines mean, in order.
    pub acts: Vec<ImportedAction>,
    /// Its lines by kind.
    pub counts: Counts,
    /// The person who owns the room if it does not exist yet; `None`: an imported account.
    pub owner: Option<UserId>,
}

/// The person of a username, as the owner of a new room.
pub async fn find_owner(platform: &Platform, username: &str) -> anyhow::Result<UserId> {
    let found = sql::human(&platform.db, &ids::folded(username)).await?;
    found.with_context(|| format!("nobody has signed up as {username}"))
}

/// Imports one room, through a client that is [`super::append::patient`].
pub async fn import(platform: &Platform, read_model: &ReadModel, log: &Kafka, job: &Job) -> anyhow::Result<Report> {
    let Job { room, acts, counts, .. } = job;
    let home = platform.kafka.partition_for(Topic::Rooms, &room.id.to_string()).await?;
    let mut places = vec![(Topic::Rooms, home)];
    places.extend((0..platform.kafka.partitions(Topic::Users).await?).map(|partition| (Topic::Users, partition)));
    catch_up(platform, &read_model.progress, "catching up", &places).await?;

    let started = Instant::now();
    let registrations = registrations(platform, &read_model.pool(), job).await?;
    append(log, &platform.lifecycle, ("people", registrations.len()), registrations.into_iter()).await?;

    let tables = read_model.pool();
    let known = known(&tables, room, acts).await?;
    let missing = plan::missing(acts, |act| known.contains(&room.event_id(act).0), members(&tables, room).await?);
    let created = room.created(job.owner.unwrap_or_else(|| ids::importer(&room.name)));
    let exists = !sql::applied(&tables, room.id, &[created.envelope.id.0]).await?.is_empty();
    let created = (!exists).then_some(created);
    let count = missing.len() + usize::from(!exists);
    let events = created.into_iter().chain(missing.iter().map(|act| room.event(act)));
    append(log, &platform.lifecycle, ("events", count), events).await?;

    catch_up(platform, &read_model.progress, "folding", &places).await?;
    let took = started.elapsed();
    let (imported, rejected) = verify(&read_model.pool(), room, acts).await?;
    Ok(Report {
        title: room.name.clone(),
        counts: counts.clone(),
        repaired: room.lines.repaired,
        imported,
        new: missing.iter().filter(|act| act.deed == Deed::Post).count() as u64,
        rejected,
        took,
    })
}

/// Makes the accounts that are missing, and gives the events of those that the read models do not know.
async fn registrations(platform: &Platform, tables: &PgPool, job: &Job) -> anyhow::Result<Vec<Event>> {
    let accounts = accounts(job);
    let ids: Vec<Uuid> = accounts.iter().map(|(account, _)| account.user_id.0).collect();
    add_accounts(&platform.db, &accounts, &ids).await?;
    let known: HashSet<Uuid> = in_batches(&ids, |batch| sql::users(tables, batch)).await?;
    let unknown = accounts.iter().filter(|(account, _)| !known.contains(&account.user_id.0));
    Ok(unknown.map(|(account, at)| account.registered(&job.room.name, *at)).collect())
}

/// The accounts of everybody who does something, and of the importer where it is needed, with the time of their first act.
fn accounts(job: &Job) -> Vec<(Account, Timestamp)> {
    let Room { name, lines, .. } = &job.room;
    let importer = job.owner.is_none().then(|| (Account::of_importer(name), job.room.begin()));
    let mut seen = Members::new();
    let first_acts = job.acts.iter().filter(|act| seen.insert(act.person));
    let account = |act: &ImportedAction| {
        let account = Account::of_person(name, &lines.people.nicks()[act.person as usize]);
        (account, lines.entries[act.entry as usize].time)
    };
    importer.into_iter().chain(first_acts.map(account)).collect()
}

async fn add_accounts(db: &PgPool, accounts: &[(Account, Timestamp)], ids: &[Uuid]) -> anyhow::Result<()> {
    let there: HashSet<Uuid> = in_batches(ids, |batch| sql::accounts(db, batch)).await?;
    let missing = accounts.iter().map(|(account, _)| account).filter(|account| !there.contains(&account.user_id.0));
    let missing: Vec<Account> = missing.cloned().collect();
    for batch in missing.chunks(BATCH) {
        sql::add_accounts(db, batch).await?;
    }
    let there: HashSet<Uuid> = in_batches(ids, |batch| sql::accounts(db, batch)).await?;
    match missing.iter().find(|account| !there.contains(&account.user_id.0)) {
        Some(account) => bail!("the username {} is taken by an account of another origin", account.username.shown),
        None => Ok(()),
    }
}

/// The ids of the plan that the log has judged already.
async fn known(read_model: &PgPool, room: &Room, acts: &[ImportedAction]) -> sqlx::Result<HashSet<Uuid>> {
    let (posts, others) = (ids_of(room, acts, true), ids_of(room, acts, false));
    let mut known: HashSet<Uuid> = in_batches(&posts, |batch| sql::messages(read_model, room.id, batch)).await?;
    let applied: Vec<Uuid> = in_batches(&others, |batch| sql::applied(read_model, room.id, batch)).await?;
    known.extend(applied);
    let unknown: Vec<Uuid> = posts.into_iter().chain(others).filter(|id| !known.contains(id)).collect();
    let rejected: HashMap<Uuid, String> =
        in_batches(&unknown, |batch| sql::rejected(read_model, room.id, batch)).await?;
    known.extend(rejected.into_keys());
    Ok(known)
}

/// The ids of the messages among the acts, or of the others.
fn ids_of(room: &Room, acts: &[ImportedAction], posts: bool) -> Vec<Uuid> {
    acts.iter().filter(|act| (act.deed == Deed::Post) == posts).map(|act| room.event_id(act).0).collect()
}

/// Who of the people in the lines is in the room now.
async fn members(read_model: &PgPool, room: &Room) -> sqlx::Result<Members> {
    let persons: HashMap<Uuid, Person> = (0..).zip(&room.users).map(|(person, user)| (user.0, person)).collect();
    let users = sql::members(read_model, room.id).await?;
    Ok(users.iter().filter_map(|user| persons.get(user).copied()).collect())
}

/// How many messages of the plan are in the room, and how many the log rejected, by reason.
async fn verify(
    read_model: &PgPool,
    room: &Room,
    acts: &[ImportedAction],
) -> sqlx::Result<(u64, BTreeMap<String, u64>)> {
    let posts = ids_of(room, acts, true);
    let there: HashSet<Uuid> = in_batches(&posts, |batch| sql::messages(read_model, room.id, batch)).await?;
    let absent: Vec<Uuid> = posts.into_iter().filter(|id| !there.contains(id)).collect();
    let rejected: HashMap<Uuid, String> =
        in_batches(&absent, |batch| sql::rejected(read_model, room.id, batch)).await?;
    let mut reasons = BTreeMap::new();
    for reason in rejected.into_values() {
        *reasons.entry(reason).or_default() += 1;
    }
    Ok((there.len() as u64, reasons))
}

/// Asks about many ids.
async fn in_batches<'a, Found, All, F>(ids: &'a [Uuid], ask: impl Fn(&'a [Uuid]) -> F) -> sqlx::Result<All>
where
    F: Future<Output = sqlx::Result<Vec<Found>>>,
    All: Default + Extend<Found>,
{
    let mut all = All::default();
    for batch in ids.chunks(BATCH) {
        all.extend(ask(batch).await?);
    }
    Ok(all)
}
