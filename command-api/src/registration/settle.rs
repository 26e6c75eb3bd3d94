//! Writing what was decided: rows of registrations, the accounts, and the events that say so, in one transaction.

use std::collections::{HashMap, HashSet};

use event_schema::user::Registered;
use event_schema::{Event, RegistrationId, Timestamp, UserId};
use platform::outbox::{self, OutboxError, Queued};
use sqlx::PgConnection;

use super::saga::{ACCOUNT_GONE, Registration, SagaDecision, SagaStatus};
use super::{events, store};

/// What may be seen once the transaction is committed.
#[derive(Debug, Default)]
pub struct Settled {
    /// Registrations that changed, with their new versions.
    pub changed: Vec<(RegistrationId, i64)>,
    /// Events on their way.
    pub queued: Vec<Queued>,
}

/// Writes registrations as they are now, and does what follows, in this order. Their rows are locked by the caller, or new:
/// so is, for the outbox, everything else of their keys.
pub async fn settle(
    tx: &mut PgConnection,
    mut registrations: Vec<Registration>,
    follows: &[(RegistrationId, SagaDecision)],
    now: Timestamp,
) -> Result<Settled, OutboxError> {
    let mut accounts = decide(tx, &mut registrations, follows).await?;
    let by_id: HashMap<RegistrationId, &Registration> = registrations.iter().map(|it| (it.id, it)).collect();
    let mut said: Vec<Event> = Vec::new();
    for (id, follows) in follows {
        let Some(of) = by_id.get(id) else { continue };
        match follows {
            SagaDecision::Nothing => {}
            SagaDecision::Register => match accounts.remove(&of.user) {
                Some(account) => said.push(events::registered(of, now, account)),
                None => said.push(events::rejected(of, now)),
            },
            SagaDecision::Reject => said.push(events::rejected(of, now)),
            SagaDecision::RejectAgain(completion) => said.push(events::rejected_again(of, now, *completion)),
        }
    }
    store::write(tx, &registrations, now).await?;
    let queued = outbox::insert(tx, &said).await?;
    Ok(Settled { changed: registrations.iter().map(|it| (it.id, it.version)).collect(), queued })
}

/// Makes accounts usable, or takes them away; gives what there is to say of those that are usable now.
async fn decide(
    tx: &mut PgConnection,
    registrations: &mut [Registration],
    follows: &[(RegistrationId, SagaDecision)],
) -> Result<HashMap<UserId, Registered>, sqlx::Error> {
    let decided: HashSet<RegistrationId> = follows
        .iter()
        .filter(|(_, it)| matches!(it, SagaDecision::Register | SagaDecision::Reject))
        .map(|(id, _)| *id)
        .collect();
    let users = |registrations: &[Registration], status| -> Vec<UserId> {
        let of = registrations.iter().filter(|it| decided.contains(&it.id) && it.status == status);
        of.map(|it| it.user).collect()
    };
    let accounts = store::register(tx, &users(registrations, SagaStatus::Registered)).await?;
    for it in registrations.iter_mut().filter(|it| decided.contains(&it.id) && it.status == SagaStatus::Registered) {
        if !accounts.contains_key(&it.user) {
            tracing::warn!(registration = %it.id, "sign-up rejected: its account no longer exists");
            it.status = SagaStatus::Pending;
            it.reject(None, ACCOUNT_GONE);
        }
    }
    store::free(tx, &users(registrations, SagaStatus::Rejected)).await?;
    Ok(accounts)
}
