//! Keeps every generation that can be folded at work: the active one, the one that will be, and the one to go back to.
//!
//! Each has a consumer group, connections and checkpoints of its own. Only the active one makes the process unready when it
//! stands still.

use std::collections::HashMap;
use std::time::Duration;

use platform::readmodel::{FOLD_VERSION, search_path};
use platform::{HealthCheck, Lifecycle, Platform, postgres};
use tokio_util::sync::CancellationToken;

use crate::settings::Settings;
use crate::{Projector, start_on};

/// How often the generations are looked up.
const LOOK: Duration = Duration::from_secs(1);
/// A projector that has not ended by then is cut; its epochs keep it from doing harm.
const END: Duration = Duration::from_secs(8);

/// A projector of one generation. Dropping it cuts it.
struct Running {
    projector: Projector,
    lifecycle: Lifecycle,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.lifecycle.hard().cancel();
    }
}

/// The projectors of this process.
pub(crate) struct Generations {
    platform: Platform,
    settings: Settings,
    check: HealthCheck,
    running: HashMap<i32, Running>,
}

impl Generations {
    /// Begins with the active generation.
    pub(crate) fn new(platform: &Platform, settings: &Settings) -> Self {
        let check = platform.health.register("projector");
        let (platform, settings) = (platform.clone(), settings.clone());
        Self { platform, settings, check, running: HashMap::new() }
    }

    /// Folds a generation from now on.
    pub(crate) fn begin(&mut self, generation: i32, active: bool) -> Option<Projector> {
        let lifecycle = Lifecycle::new();
        let pool = match postgres::pool(&self.platform.settings.postgres, &search_path(generation)) {
            Ok(pool) => pool,
            Err(error) => {
                tracing::error!(generation, %error, "the generation cannot be folded");
                return None;
            }
        };
        let check = active.then(|| self.check.clone());
        let projector = start_on(&self.platform, &self.settings, generation, &pool, (&lifecycle, check));
        tracing::info!(generation, active, "folding this generation");
        self.running.insert(generation, Running { projector: projector.clone(), lifecycle });
        Some(projector)
    }

    /// Follows what becomes of the generations, until asked to end.
    pub(crate) async fn run(mut self, soft: CancellationToken) {
        loop {
            if tokio::time::timeout(LOOK, soft.cancelled()).await.is_ok() {
                break;
            }
            if let Err(error) = self.look().await {
                tracing::debug!(%error, "no look at the generations");
            }
        }
        let ends = self.running.values().map(|running| running.lifecycle.drain(END));
        futures::future::join_all(ends).await;
    }

    async fn look(&mut self) -> sqlx::Result<()> {
        let wanted: HashMap<i32, bool> = foldable(&self.platform).await?.into_iter().collect();
        let gone: Vec<i32> = self.running.keys().filter(|number| !wanted.contains_key(number)).copied().collect();
        for generation in gone {
            if let Some(running) = self.running.remove(&generation) {
                tracing::info!(generation, "this generation is no more");
                running.lifecycle.drain(END).await;
                running.projector.shared.pool.close().await;
            }
        }
        for (generation, active) in wanted {
            match self.running.get(&generation) {
                None => drop(self.begin(generation, active)),
                Some(running) => running.projector.shared.status.speak(active.then(|| self.check.clone())),
            }
        }
        Ok(())
    }
}

/// The generations that this program may fold, and which is the active one.
async fn foldable(platform: &Platform) -> sqlx::Result<Vec<(i32, bool)>> {
    let rows = sqlx::query!(
        r#"select generation, state = 'active' as "active!" from control.generations
           where state <> 'loading' and fold_version = $1 and log_id = $2"#,
        FOLD_VERSION,
        platform.log_id.0
    );
    let rows = rows.fetch_all(&platform.db).await?;
    Ok(rows.into_iter().map(|row| (row.generation, row.active)).collect())
}
