//! Events that are taken in together: checkpoints, queue and answers in one transaction.

use std::collections::BTreeMap;

use event_schema::{Event, MailRequestId, Timestamp};
use platform::foreign_records::{self, ForeignRecord};
use platform::outbox::{self, OutboxError};
use sqlx::PgConnection;
use uuid::Uuid;

use super::mail_action::{self, MailAction};
use crate::context::MailerContext;
use crate::store::checkpoints::{self, Checkpoint, Place};
use crate::store::outgoing::{self, Rejected, Request};
use crate::{events, metrics};

/// What was read of one partition since its checkpoint.
#[derive(Debug)]
pub(crate) struct Run {
    /// Where the checkpoint stands.
    pub(crate) from: i64,
    /// Where it will stand.
    pub(crate) to: Checkpoint,
    /// Those that ask for something, in the log's order.
    pub(crate) events: Vec<Event>,
    /// Records that cannot be read, which are set aside.
    pub(crate) foreign: Vec<ForeignRecord>,
}

/// Partitions, in a fixed order: two processes that take in the same ones wait for each other, never in a circle.
pub(crate) type Batch = BTreeMap<Place, Run>;

/// Takes a batch in; `false` if somebody else has moved one of its checkpoints, and nothing is done.
pub(crate) async fn take_in(shared: &MailerContext, batch: &Batch) -> Result<bool, OutboxError> {
    let platform = &shared.platform;
    let mut tx = platform.db.begin().await?;
    for (place, run) in batch {
        if !checkpoints::advance(&mut tx, platform.log_id, *place, run.from, run.to).await? {
            return Ok(false);
        }
        foreign_records::set_aside(&mut tx, platform.log_id, &run.foreign).await?;
    }
    let now = platform.clock.now();
    let mut released = Vec::new();
    let mut asked = false;
    for event in batch.values().flat_map(|run| &run.events) {
        match mail_action::of(event) {
            Some(MailAction::Release { user }) => released.push(user.0),
            Some(act) => {
                apply(&mut tx, event, act, now).await?;
                asked = true;
            }
            None => {}
        }
    }
    release(&mut tx, &released, now).await?;
    tx.commit().await?;
    if asked {
        platform.outbox.wake();
    }
    if asked || !released.is_empty() {
        shared.wake.notify_waiters();
        shared.wake.notify_one();
    }
    Ok(true)
}

async fn apply(tx: &mut PgConnection, event: &Event, act: MailAction, now: Timestamp) -> Result<(), OutboxError> {
    let time = event.envelope.time;
    match act {
        MailAction::Accept { registration, user, locale } => {
            let template = crate::template::Template::Verify.as_str();
            let mail = Request { id: MailRequestId(registration.0), user, template, locale: &locale, time };
            // A mail that is there already was answered for, or asked for by the sign-up itself: answering again is harmless.
            outgoing::enqueue(tx, mail, now).await?;
            outbox::insert(tx, &events::accepted(event, registration, &locale)).await?;
        }
        MailAction::Reject { registration } => match outgoing::reject(tx, MailRequestId(registration.0), now).await? {
            Rejected::Nothing => {}
            Rejected::Beyond => drop(outbox::insert(tx, &[events::compensated(event, registration)]).await?),
            Rejected::Dropped(taken) => {
                let dropped = events::failed(taken, now, events::REGISTRATION_REJECTED);
                outbox::insert(tx, &[dropped, events::compensated(event, registration)]).await?;
                metrics::failed(events::REGISTRATION_REJECTED);
            }
        },
        MailAction::Enqueue { request, user, template, locale } => {
            let mail = Request { id: request, user, template: &template, locale: &locale, time };
            outgoing::enqueue(tx, mail, now).await?;
        }
        MailAction::Release { .. } => {}
    }
    Ok(())
}

async fn release(tx: &mut PgConnection, users: &[Uuid], now: Timestamp) -> Result<(), sqlx::Error> {
    if users.is_empty() { Ok(()) } else { outgoing::release(tx, users, now).await }
}
