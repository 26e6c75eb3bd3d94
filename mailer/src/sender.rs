//! A sender: takes the mail that is due first, asks the account whether it may go out, hands it over, and says what became
//! of it. Any number of senders in any number of processes work on one queue.
//!
//! A mail is marked as being sent, durably, before a server hears of it. A sender that dies in between leaves the mark; when
//! its lease is over another takes the mail, which may then be the second of its `Message-ID`.

use std::sync::Arc;
use std::time::Duration;

use event_schema::Timestamp;
use platform::outbox::{self, OutboxError};
use platform::{codes, postgres};
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;

use crate::compose::{Letter, Mail, compose};
use crate::context::MailerContext;
use crate::events::{self, REGISTRATION_REJECTED, Taken};
use crate::send_policy::{PENDING, SendDecision, judge};
use crate::store::sending::{self, Claimed, MailEnd};
use crate::template::{Language, Template};
use crate::transport::{Connection, Failure, Transport};
use crate::{backoff, metrics};

/// How often the queue is looked at although nobody said that there is something: other processes fill it too.
const LOOK: Duration = Duration::from_secs(1);
/// How long a mail waits for its account; the log says sooner, as a rule, that it is there.
const ACCOUNT: Duration = Duration::from_secs(5);
/// How long a sender rests whose database is away.
const REST: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// Sends until asked to end; a mail in hand is finished first.
pub(crate) async fn run(shared: Arc<MailerContext>, soft: CancellationToken) {
    let Some(transport) = &shared.transport else { return };
    let mut sender = Sender { shared: &shared, transport, connection: None };
    let mut failures = 0;
    while !soft.is_cancelled() {
        let worked = sender.next(&soft).await;
        let rest = match worked {
            Ok(true) => {
                failures = 0;
                continue;
            }
            Ok(false) => {
                failures = 0;
                sender.let_go_if_idle().await;
                LOOK
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(%error, "failed to read the mail queue; retrying");
                backoff::wait(REST.0, REST.1, failures, shared.random())
            }
        };
        tokio::select! {
            () = soft.cancelled() => {}
            () = shared.wake.notified(), if failures == 0 => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
    if let Some(connection) = sender.connection.take() {
        connection.close().await;
    }
}

struct Sender<'a> {
    shared: &'a MailerContext,
    transport: &'a Transport,
    connection: Option<Connection>,
}

/// A mail that is about to be sent.
struct Ready {
    taken: Taken,
    attempt: u32,
    letter: Letter,
    mail: Mail,
}

/// What was found in the queue.
enum Found {
    Nothing,
    /// It needed no server.
    Settled,
    Ready(Box<Ready>),
}

impl Sender<'_> {
    /// Works on one mail; `false` when there was none to be had.
    async fn next(&mut self, soft: &CancellationToken) -> Result<bool, OutboxError> {
        let turn = tokio::select! {
            () = soft.cancelled() => return Ok(false),
            turn = self.shared.standing.admitted() => turn,
        };
        let ready = match self.take().await? {
            Found::Nothing => return Ok(false),
            Found::Settled => return Ok(true),
            Found::Ready(ready) => ready,
        };
        self.shared.pace.turn().await;
        let outcome = self.transport.send(&mut self.connection, &ready.letter, &ready.mail).await;
        match &outcome {
            Err(Failure::Away(why)) => self.shared.standing.failed(why, self.shared.random()),
            _ => self.shared.standing.answered(),
        }
        drop(turn);
        self.note(&ready, outcome).await?;
        Ok(true)
    }

    /// Takes a mail and looks whether it may go out: all of it in one transaction, which is durable before a server hears of
    /// the mail.
    async fn take(&self) -> Result<Found, OutboxError> {
        let platform = &self.shared.platform;
        let now = platform.clock.now();
        let mut tx = platform.db.begin().await?;
        let Some(claimed) = sending::claim(&mut tx, now, self.shared.settings.lease()).await? else {
            return Ok(Found::Nothing);
        };
        let found = match self.prepare(&mut tx, &claimed, now).await? {
            Prepared::Ready(ready) => {
                sending::begin(&mut tx, claimed.taken).await?;
                Found::Ready(ready)
            }
            Prepared::Wait(reason) => {
                sending::put_back(&mut tx, claimed.taken, reason, later(now, ACCOUNT)).await?;
                Found::Settled
            }
            Prepared::MailEnd(end, reason) => {
                self.end(&mut tx, claimed.taken, end, reason, now).await?;
                Found::Settled
            }
        };
        tx.commit().await?;
        if claimed.abandoned {
            tracing::warn!(request = %claimed.taken.request, "mail lease expired without an outcome; sending again");
        }
        if let Found::Settled = found {
            platform.outbox.wake();
        }
        Ok(found)
    }

    async fn prepare(&self, tx: &mut PgConnection, claimed: &Claimed, now: Timestamp) -> Result<Prepared, sqlx::Error> {
        let taken = claimed.taken;
        if claimed.rejected {
            return Ok(Prepared::MailEnd(MailEnd::Dropped, REGISTRATION_REJECTED));
        }
        // A later version writes it; an older one can only set it aside.
        let Some(template) = Template::from_word(&claimed.template) else {
            return Ok(Prepared::MailEnd(MailEnd::Parked, "template_unknown"));
        };
        let account = sending::account(tx, taken.user).await?;
        let counts = match template.purpose() {
            Some(purpose) => codes::renew(tx, taken.user, purpose, taken.request, now).await?,
            None => false,
        };
        let (account, address) = match (judge(template, account.as_ref(), counts), account) {
            (SendDecision::Send(address), Some(account)) => (account, address),
            (SendDecision::Wait(reason), _) => return Ok(Prepared::Wait(reason)),
            (SendDecision::Drop(reason), _) => return Ok(Prepared::MailEnd(MailEnd::Dropped, reason)),
            (SendDecision::Send(_), None) => return Ok(Prepared::Wait(PENDING)),
        };
        let code = match template.purpose() {
            Some(_) => Some(self.shared.platform.codes.code(taken.request).await?),
            None => None,
        };
        let letter = Letter {
            request: taken.request,
            template,
            language: Language::of(&claimed.locale),
            address,
            display_name: account.display_name,
            username: account.username,
            code,
            date: now.to_datetime(),
        };
        let from = &self.shared.settings.mail_from;
        Ok(match compose(&self.shared.templates, from, &letter, self.transport.form()) {
            Ok(mail) => {
                let attempt = claimed.attempts.unsigned_abs() + 1;
                Prepared::Ready(Box::new(Ready { taken, attempt, letter, mail }))
            }
            Err(unwritable) => Prepared::MailEnd(MailEnd::Parked, unwritable.0),
        })
    }

    /// Writes down what became of a mail, however long the database is away: until it stands there, nobody knows.
    async fn note(&self, ready: &Ready, outcome: Result<(), Failure>) -> Result<(), OutboxError> {
        let mut failures = 0;
        loop {
            let noted = self.try_note(ready, &outcome).await;
            let Err(OutboxError::Database(error)) = &noted else { return noted };
            if !postgres::is_transient(error) || self.shared.platform.lifecycle.hard().is_cancelled() {
                return noted;
            }
            failures += 1;
            tracing::warn!(request = %ready.taken.request, %error, "failed to record the outcome of a mail; retrying");
            tokio::time::sleep(backoff::wait(REST.0, REST.1, failures, self.shared.random())).await;
        }
    }

    async fn try_note(&self, ready: &Ready, outcome: &Result<(), Failure>) -> Result<(), OutboxError> {
        let (platform, taken) = (&self.shared.platform, ready.taken);
        let now = platform.clock.now();
        let spent = ready.attempt >= self.shared.settings.mail_attempts;
        let mut tx = platform.db.begin().await?;
        match outcome {
            Ok(()) => self.sent(&mut tx, taken, now).await?,
            Err(Failure::Refused(code)) => {
                self.end(&mut tx, taken, MailEnd::Parked, &format!("refused_{code}"), now).await?;
            }
            Err(Failure::Unsendable(reason)) => self.end(&mut tx, taken, MailEnd::Parked, reason, now).await?,
            Err(Failure::Deferred(code)) if spent => {
                self.end(&mut tx, taken, MailEnd::Parked, &format!("attempts_exhausted_{code}"), now).await?;
            }
            Err(Failure::Away(_)) if spent => {
                self.end(&mut tx, taken, MailEnd::Parked, "attempts_exhausted", now).await?;
            }
            Err(Failure::Deferred(code)) => self.defer(&mut tx, ready, &format!("deferred_{code}"), now).await?,
            Err(Failure::Away(_)) => self.defer(&mut tx, ready, "server_away", now).await?,
        }
        tx.commit().await?;
        platform.outbox.wake();
        Ok(())
    }

    async fn sent(&self, tx: &mut PgConnection, taken: Taken, now: Timestamp) -> Result<(), OutboxError> {
        if sending::finish(tx, taken, MailEnd::Sent, None, now).await? {
            outbox::insert(tx, &[events::sent(taken, now)]).await?;
            metrics::sent();
        } else {
            tracing::warn!(request = %taken.request, "mail sent after its lease expired; it may arrive twice");
        }
        Ok(())
    }

    async fn end(
        &self,
        tx: &mut PgConnection,
        taken: Taken,
        end: MailEnd,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), OutboxError> {
        if sending::finish(tx, taken, end, Some(reason), now).await? {
            outbox::insert(tx, &[events::failed(taken, now, reason)]).await?;
            metrics::failed(reason);
            tracing::info!(request = %taken.request, reason, ?end, "mail not sent");
        }
        Ok(())
    }

    async fn defer(
        &self,
        tx: &mut PgConnection,
        ready: &Ready,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), OutboxError> {
        let wait = backoff::wait(self.shared.backoff(), backoff::CAP, ready.attempt, self.shared.random());
        metrics::deferred();
        tracing::info!(request = %ready.taken.request, reason, attempt = ready.attempt, ?wait, "mail failed; retrying later");
        // Where its sign-up was rejected meanwhile, whoever takes it next drops it.
        sending::put_back(tx, ready.taken, reason, later(now, wait)).await?;
        Ok(())
    }

    async fn let_go_if_idle(&mut self) {
        if self.connection.as_ref().is_some_and(Connection::is_idle)
            && let Some(connection) = self.connection.take()
        {
            connection.close().await;
        }
    }
}

/// What a mail that was taken comes to.
enum Prepared {
    Ready(Box<Ready>),
    Wait(&'static str),
    MailEnd(MailEnd, &'static str),
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    (now.to_datetime() + wait).into()
}
