//! Keeps every generation that can be folded at work: the active one, the one that will be, and the one to go back to.
//!
//! Each has leases, connections and checkpoints of its own. Only the active one makes the process unready when it
//! stands still. What another fold version writes is left to programs of that version, which run beside this one while
//! replicas are exchanged (`docs/adr/0009`).

use std::collections::HashMap;
use std::time::Duration;

use platform::{HealthCheck, Lifecycle, Platform, postgres};
use read_model::generations::{Fold, search_path};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::settings::Settings;
use crate::{Projector, Target, metrics, start_on};

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
    fold: Fold,
    settings: Settings,
    check: HealthCheck,
    running: HashMap<i32, Running>,
    /// Whether this process has folded what queries read.
    served: bool,
}

/// A generation that is complete.
#[derive(Clone, Copy, Debug)]
struct Complete {
    number: i32,
    fold_version: i32,
    active: bool,
}

impl Generations {
    pub(crate) fn new(platform: &Platform, fold: Fold, settings: &Settings) -> Self {
        let check = platform.health.register("projector");
        let (platform, settings) = (platform.clone(), settings.clone());
        Self { platform, fold, settings, check, running: HashMap::new(), served: false }
    }

    /// Folds a generation from now on.
    fn begin(&mut self, generation: i32, active: bool) {
        let lifecycle = Lifecycle::new();
        let pool = match postgres::pool(&self.platform.settings.postgres, &search_path(generation)) {
            Ok(pool) => pool,
            Err(error) => {
                tracing::error!(generation, %error, "failed to start folding a generation");
                return;
            }
        };
        let check = active.then(|| self.check.clone());
        let target = Target { fold: self.fold, generation, pool };
        let projector = start_on(&self.platform, &self.settings, &target, &lifecycle, check);
        tracing::info!(generation, active, "generation folding started");
        self.running.insert(generation, Running { projector, lifecycle });
    }

    /// Follows what becomes of the generations, until asked to end.
    pub(crate) async fn run(mut self, soft: CancellationToken) {
        loop {
            if let Err(error) = self.refresh().await {
                tracing::debug!(%error, "no look at the generations");
            }
            if tokio::time::timeout(LOOK, soft.cancelled()).await.is_ok() {
                break;
            }
        }
        let ends = self.running.values().map(|running| running.lifecycle.drain(END));
        futures::future::join_all(ends).await;
    }

    async fn refresh(&mut self) -> sqlx::Result<()> {
        let fold = self.fold;
        let complete = complete(&self.platform.db, fold).await?;
        let ours = |it: &&Complete| it.fold_version == fold.version;
        let wanted: HashMap<i32, bool> = complete.iter().filter(ours).map(|it| (it.number, it.active)).collect();
        let gone: Vec<i32> = self.running.keys().filter(|number| !wanted.contains_key(number)).copied().collect();
        for generation in gone {
            if let Some(running) = self.running.remove(&generation) {
                tracing::info!(generation, "generation dropped; folding stopped");
                running.lifecycle.drain(END).await;
                running.projector.shared.pool.close().await;
            }
        }
        for (generation, active) in wanted {
            match self.running.get(&generation) {
                None => self.begin(generation, active),
                Some(running) => running.projector.shared.status.report_to(active.then(|| self.check.clone())),
            }
        }
        let active = complete.iter().find(|it| it.active);
        metrics::folds_active(active.is_some_and(|active| ours(&active)));
        match active {
            Some(active) if ours(&active) => self.served = true,
            Some(active) => self.leave_to_others(active, fold),
            None => self.check.not_ready("there is no generation that is read"),
        }
        Ok(())
    }

    /// The generation that is read is another version's.
    fn leave_to_others(&self, active: &Complete, fold: Fold) {
        match why_not_ready(active, fold.version, self.served) {
            Some(why) => self.check.not_ready(why),
            None => self.check.ready(),
        }
    }
}

/// A newer program that comes before its generation is not ready, so that an exchange of replicas does not take the older
/// ones away that are needed still. In all other cases it is not this process's to worry: an older program beside a newer
/// generation is on its way out, and one that has served goes on serving what does not depend on the fold.
fn why_not_ready(active: &Complete, ours: i32, served: bool) -> Option<String> {
    let Complete { number, fold_version, .. } = active;
    (ours > *fold_version && !served).then(|| {
        format!(
            "generation {number}, which is read, is of fold version {fold_version}, this program is of {ours}: run `chatlog rebuild`"
        )
    })
}

/// The generations of this log that can be folded, by whichever program.
async fn complete(db: &PgPool, fold: Fold) -> sqlx::Result<Vec<Complete>> {
    let rows = sqlx::query!(
        r#"select generation, fold_version, state = 'active' as "active!" from control.generations
           where state <> 'loading' and log_id = $1"#,
        fold.log_id.0
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    Ok(rows
        .map(|row| Complete { number: row.generation, fold_version: row.fold_version, active: row.active })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_newer_program_that_has_not_served_waits() {
        let active = |fold_version| Complete { number: 7, fold_version, active: true };
        let why = why_not_ready(&active(1), 2, false).expect("a reason");
        assert!(why.contains("generation 7") && why.contains("chatlog rebuild"), "{why}");
        assert_eq!(why_not_ready(&active(1), 2, true), None, "after a rollback");
        assert_eq!(why_not_ready(&active(2), 1, false), None, "an older one that was restarted");
    }
}
