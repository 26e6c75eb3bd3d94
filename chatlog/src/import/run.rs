//! Carries a plan out: what is missing goes into the log, and the import is done when the read models show it.
//!
//! Nothing is remembered outside: what the log has judged is asked of the read models, after they have caught up with it.
//! So an import that was interrupted anywhere is finished by running it again, and one that is finished changes nothing.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use event_schema::{Event, Topic, UserId};
use platform::{Delivery, Platform, Position, WaitError};
use sqlx::PgPool;
use tokio::time::Instant;
use uuid::Uuid;

use super::events::{Account, Room};
use super::meter::Meter;
use super::plan::{self, Act, Counts, Deed, Members};
use super::read::Person;
use super::report::Report;
use super::{ids, sql};
use crate::output;

/// Records on their way at a time: enough to fill the producer's batches, far below its queue.
const IN_FLIGHT: usize = 20_000;
/// Ids asked about at a time.
const BATCH: usize = 10_000;
/// The read models are given up when they do not move for so long.
const STANDSTILL: Duration = Duration::from_secs(30);
/// How often a wait shows how far it is.
const LOOK: Duration = Duration::from_millis(250);

/// A room and what is to be done for it.
pub struct Job {
    /// The room.
    pub room: Room,
    /// Everything its lines mean, in order.
    pub acts: Vec<Act>,
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

/// Imports one room.
pub async fn import(platform: &Platform, job: &Job) -> anyhow::Result<Report> {
    let Job { room, acts, counts, .. } = job;
    let home = platform.kafka.partition_for(Topic::Rooms, &room.id.to_string()).await?;
    let mut partitions: Vec<(Topic, i32)> = vec![(Topic::Rooms, home)];
    partitions.extend((0..platform.kafka.partitions(Topic::Users).await?).map(|partition| (Topic::Users, partition)));
    catch_up(platform, "catching up", &ends(platform, &partitions).await?).await?;

    let started = Instant::now();
    let accounts = accounts(job);
    let ids: Vec<Uuid> = accounts.iter().map(|account| account.user_id.0).collect();
    add_accounts(&platform.db, &accounts, &ids).await?;
    let read_model = platform.read_model.pool();
    let known_users = in_batches(&ids, |batch| sql::users(&read_model, batch)).await?;
    let registrations = accounts.iter().filter(|account| !known_users.contains(&account.user_id.0));
    let registrations: Vec<&Account> = registrations.collect();
    let count = registrations.len();
    let at = room.begin();
    append(platform, "people", count, registrations.into_iter().map(|account| account.registered(&room.name, at)))
        .await?;

    let known = known(&read_model, room, acts).await?;
    let members = members(&read_model, room).await?;
    let missing = plan::missing(acts, |act| known.contains(&room.event_id(act).0), members);
    let created = room.created(owner_of(job));
    let is_new = sql::judged(&read_model, room.id, &[created.envelope.id.0]).await?.is_empty();
    let new = missing.iter().filter(|act| act.deed == Deed::Post).count();
    let count = missing.len() + usize::from(is_new);
    let events = is_new.then_some(created).into_iter().chain(missing.iter().map(|act| room.event(act)));
    append(platform, "events", count, events).await?;

    catch_up(platform, "folding", &ends(platform, &partitions).await?).await?;
    let took = started.elapsed();
    let (imported, rejected) = verify(&platform.read_model.pool(), room, acts).await?;
    Ok(Report {
        title: room.name.clone(),
        counts: counts.clone(),
        repaired: room.lines.repaired,
        imported,
        new: new as u64,
        rejected,
        took,
    })
}

fn owner_of(job: &Job) -> UserId {
    job.owner.unwrap_or_else(|| ids::importer(&job.room.name))
}

/// The accounts of everybody who does something, and of the importer where it is needed.
fn accounts(job: &Job) -> Vec<Account> {
    let mut people: Vec<Person> = job.acts.iter().map(|act| act.person).collect();
    people.sort_unstable();
    people.dedup();
    let name = &job.room.name;
    let nicks = job.room.lines.people.nicks();
    let importer = job.owner.is_none().then(|| Account::of_importer(name));
    importer.into_iter().chain(people.iter().map(|person| Account::of_person(name, &nicks[*person as usize]))).collect()
}

async fn add_accounts(db: &PgPool, accounts: &[Account], ids: &[Uuid]) -> anyhow::Result<()> {
    let there = in_batches(ids, |batch| sql::accounts(db, batch)).await?;
    let missing: Vec<Account> =
        accounts.iter().filter(|account| !there.contains(&account.user_id.0)).cloned().collect();
    for batch in missing.chunks(BATCH) {
        sql::add_accounts(db, batch).await?;
    }
    let there = in_batches(ids, |batch| sql::accounts(db, batch)).await?;
    let without = accounts.iter().find(|account| !there.contains(&account.user_id.0));
    ensure!(
        without.is_none(),
        "the username {} is taken by an account that was not imported",
        without.map(|account| account.username.shown.as_str()).unwrap_or_default()
    );
    Ok(())
}

/// The ids of the plan that the log has judged already.
async fn known(read_model: &PgPool, room: &Room, acts: &[Act]) -> sqlx::Result<HashSet<Uuid>> {
    let ids_of = |posts: bool| -> Vec<Uuid> {
        acts.iter().filter(|act| (act.deed == Deed::Post) == posts).map(|act| room.event_id(act).0).collect()
    };
    let (posts, others) = (ids_of(true), ids_of(false));
    let mut known = in_batches(&posts, |batch| sql::messages(read_model, room.id, batch)).await?;
    known.extend(in_batches(&posts, |batch| sql::judged(read_model, room.id, batch)).await?);
    known.extend(in_batches(&others, |batch| sql::judged(read_model, room.id, batch)).await?);
    Ok(known)
}

/// Who of the people in the lines is in the room now.
async fn members(read_model: &PgPool, room: &Room) -> sqlx::Result<Members> {
    let persons: HashMap<Uuid, Person> = (0..).zip(&room.users).map(|(person, user)| (user.0, person)).collect();
    let users = sql::members(read_model, room.id).await?;
    Ok(users.iter().filter_map(|user| persons.get(user).copied()).collect())
}

/// How many messages of the plan are in the room, and how many the log rejected, by reason.
async fn verify(read_model: &PgPool, room: &Room, acts: &[Act]) -> sqlx::Result<(u64, Vec<(String, u64)>)> {
    let posts: Vec<Uuid> = acts.iter().filter(|act| act.deed == Deed::Post).map(|act| room.event_id(act).0).collect();
    let there = in_batches(&posts, |batch| sql::messages(read_model, room.id, batch)).await?;
    let absent: Vec<Uuid> = posts.into_iter().filter(|id| !there.contains(id)).collect();
    let rejected = sql::rejected(read_model, room.id, &absent).await?;
    let rejected = rejected.into_iter().map(|(reason, count)| (reason, u64::try_from(count).unwrap_or_default()));
    Ok((there.len() as u64, rejected.collect()))
}

async fn in_batches<'a, F: Future<Output = sqlx::Result<Vec<Uuid>>>>(
    ids: &'a [Uuid],
    ask: impl Fn(&'a [Uuid]) -> F,
) -> sqlx::Result<HashSet<Uuid>> {
    let mut found = HashSet::new();
    for batch in ids.chunks(BATCH) {
        found.extend(ask(batch).await?);
    }
    Ok(found)
}

/// Appends events in order. Ends early when the process is asked to, or when the log does not take one: what is on its
/// way is awaited, and nothing follows it, so that the log holds a beginning of `events`.
async fn append(
    platform: &Platform,
    what: &'static str,
    count: usize,
    events: impl Iterator<Item = Event>,
) -> anyhow::Result<()> {
    let mut meter = Meter::start(what, count as u64);
    let mut in_flight: VecDeque<Delivery> = VecDeque::with_capacity(IN_FLIGHT.min(count));
    let end = platform.lifecycle.soft();
    let mut outcome = Ok(());
    for event in events {
        if end.is_cancelled() {
            outcome = Err(anyhow!("interrupted; run it again to go on"));
            break;
        }
        if in_flight.len() >= IN_FLIGHT
            && let Some(oldest) = in_flight.pop_front()
        {
            outcome = oldest.await.map(drop).map_err(anyhow::Error::from);
            meter.advance();
        }
        if outcome.is_ok() {
            outcome = platform.kafka.enqueue(&event).map(|delivery| in_flight.push_back(delivery)).map_err(Into::into);
        }
        if outcome.is_err() {
            break;
        }
    }
    for delivery in in_flight {
        let delivered = delivery.await.map(drop).map_err(anyhow::Error::from);
        outcome = outcome.and(delivered);
        meter.advance();
    }
    meter.finish();
    outcome.context("not everything is in the log yet; run it again to go on")
}

/// The ends of these partitions now.
async fn ends(platform: &Platform, partitions: &[(Topic, i32)]) -> anyhow::Result<Vec<((Topic, i32), i64)>> {
    let mut ends = Vec::with_capacity(partitions.len());
    for (topic, partition) in partitions {
        ends.push(((*topic, *partition), platform.kafka.end_offset(*topic, *partition).await?));
    }
    Ok(ends)
}

/// Waits until the read models include these ends, as long as they move.
async fn catch_up(platform: &Platform, what: &'static str, ends: &[((Topic, i32), i64)]) -> anyhow::Result<()> {
    let reached = |(topic, partition): (Topic, i32)| platform.progress.reached(topic, partition);
    let begin: i64 = ends.iter().map(|(place, end)| reached(*place).unwrap_or(0).min(*end)).sum();
    let total: i64 = ends.iter().map(|(_, end)| end).sum::<i64>() - begin;
    let mut meter = Meter::start(what, u64::try_from(total).unwrap_or_default());
    let mut moved = (begin, Instant::now());
    let mut told = false;
    for ((topic, partition), end) in ends {
        let position = Position::of(platform.log_id, *topic, *partition, *end);
        while *end > 0 {
            match platform.progress.wait(&position, LOOK).await {
                Ok(()) => break,
                Err(WaitError::Behind | WaitError::Unavailable) => {}
                Err(error) => bail!(error),
            }
            ensure!(!platform.lifecycle.soft().is_cancelled(), "interrupted; run it again to go on");
            let now: i64 = ends.iter().map(|(place, end)| reached(*place).unwrap_or(0).min(*end)).sum();
            meter.set(u64::try_from(now - begin).unwrap_or_default());
            if now != moved.0 {
                moved = (now, Instant::now());
                told = false;
            } else if moved.1.elapsed() > STANDSTILL {
                bail!(
                    "the read models do not move ({topic:?} partition {partition} is to reach {end}): is `chatlog serve` \
                     running with the role projector? Everything sent is in the log; run this again to finish and check",
                );
            } else if moved.1.elapsed() > STANDSTILL / 10 && !told {
                output::note("waiting for the read models, which do not move; is `chatlog serve` running?");
                told = true;
            }
        }
    }
    meter.finish();
    Ok(())
}
