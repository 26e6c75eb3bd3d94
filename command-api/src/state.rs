//! What handlers share.

use std::time::Duration;

use axum::extract::FromRef;
use event_schema::Event;
use platform::{Placed, Platform, Position, Problem};

use crate::accounts::password::Passwords;
use crate::accounts::sessions::Sessions;
use crate::accounts::throttle::Throttle;
use crate::fresh::Fresh;
use crate::idempotency::Idempotency;
use crate::registration::Registrations;
use crate::settings::Settings;

/// The command API, connected. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Clients, clock, ids, keys.
    pub platform: Platform,
    /// The only hasher.
    pub passwords: Passwords,
    /// Refresh tokens.
    pub sessions: Sessions,
    /// Wrong passwords.
    pub throttle: Throttle,
    /// Answers to repeat.
    pub idempotency: Idempotency,
    /// Who waits before being refused.
    pub fresh: Fresh,
    /// How long an answer waits for the outbox's relay before it goes without a position.
    pub published_within: Duration,
    /// Whether nobody logs in before their address is proved.
    pub require_verified: bool,
    /// Sign-ups that are not decided yet, and who follows them.
    pub registrations: Registrations,
}

impl FromRef<App> for Platform {
    fn from_ref(app: &App) -> Self {
        app.platform.clone()
    }
}

impl App {
    /// Over these clients; what follows sign-ups runs until the process ends.
    #[must_use]
    pub fn new(platform: &Platform, settings: &Settings) -> Self {
        let (redis, clock, ids) = (&platform.redis, &platform.clock, &platform.ids);
        Self {
            platform: platform.clone(),
            passwords: Passwords::new(settings.hashes_at_once()),
            sessions: Sessions::new(redis.clone(), platform.access.clone(), clock.clone(), ids.clone()),
            throttle: Throttle::new(redis.clone(), platform.settings.rates.rate_failed_log_ins.0),
            idempotency: Idempotency::new(redis.clone(), clock.clone()),
            fresh: Fresh::new(settings.wait()),
            published_within: settings.wait(),
            require_verified: settings.require_verified,
            registrations: Registrations::start(platform, settings.registration_steps.clone(), settings.deadline()),
        }
    }

    /// The second it is.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.platform.clock.now().as_micros().div_euclid(1_000_000)
    }

    /// Writes events of one key and waits until the log has them all. They stand in the log in this order.
    pub async fn send(&self, events: &[Event]) -> Result<Position, Problem> {
        // Nothing is awaited between these calls, so that nobody else's events come between.
        let deliveries =
            events.iter().map(|event| self.platform.kafka.enqueue(event)).collect::<Result<Vec<_>, _>>()?;
        let placed = futures::future::try_join_all(deliveries).await?;
        placed
            .into_iter()
            .max_by_key(|placed| placed.offset)
            .map(|last| self.position(last))
            .ok_or_else(|| Problem::internal("a command without an event"))
    }

    /// The position right after a record.
    #[must_use]
    pub fn position(&self, placed: Placed) -> Position {
        Position::of(self.platform.log_id, placed.topic, placed.partition, placed.offset + 1)
    }

    /// Waits for the fold, if the client wants to. Says whether the read model includes the position now: if not, the
    /// client gets the same answer as if it had not waited.
    pub async fn folded(&self, position: &Position, wait: Option<Duration>) -> bool {
        match wait {
            Some(wait) => self.platform.progress.wait(position, wait).await.is_ok(),
            None => false,
        }
    }
}
