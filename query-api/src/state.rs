//! What every handler shares.

use std::sync::Arc;

use api_kit::ApiContext;
use api_kit::admission::Admission;
use axum::extract::FromRef;
use event_schema::Topic;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Settings;
use crate::log_explorer::LogExplorer;
use crate::log_reader::LogReader;
use crate::names::Names;
use crate::read_consistency::ReadConsistency;

/// The state of the query API; cheap to clone.
#[derive(Clone)]
pub struct QueryState(Arc<Inner>);

struct Inner {
    context: ApiContext,
    read_consistency: ReadConsistency,
    names: Names,
    log_reader: LogReader,
    streams: Admission,
    log_explorer: LogExplorer,
    tails: Admission,
}

/// Tails of the log that one administrator may have open, and all of them: each has a consumer.
const TAILS: (usize, usize) = (2, 4);

impl QueryState {
    /// Fresh state over connected clients.
    #[must_use]
    pub fn new(context: &ApiContext, settings: &Settings) -> Self {
        Self(Arc::new(Inner {
            context: context.clone(),
            read_consistency: ReadConsistency::new(context, settings),
            names: Names::default(),
            log_reader: LogReader::new(&context.kafka),
            streams: Admission::new(settings.streams_per_user(), settings.streams()),
            log_explorer: LogExplorer::new(&context.kafka, context.lifecycle.soft()),
            tails: Admission::new(TAILS.0, TAILS.1),
        }))
    }

    pub(crate) fn read_consistency(&self) -> &ReadConsistency {
        &self.0.read_consistency
    }

    pub(crate) fn context(&self) -> &ApiContext {
        &self.0.context
    }

    /// Single records of the log.
    pub(crate) fn log_reader(&self) -> &LogReader {
        &self.0.log_reader
    }

    /// Who reads whole rooms now.
    pub(crate) fn streams(&self) -> &Admission {
        &self.0.streams
    }

    /// The log for administrators.
    pub(crate) fn log_explorer(&self) -> &LogExplorer {
        &self.0.log_explorer
    }

    /// Who watches the log now.
    pub(crate) fn tails(&self) -> &Admission {
        &self.0.tails
    }

    /// The names of these people, for what stands beside messages; `fresh` as the tables say now.
    pub(crate) async fn names_of(
        &self,
        db: &mut PgConnection,
        ids: &[Uuid],
        fresh: bool,
    ) -> sqlx::Result<Vec<(Uuid, Arc<str>)>> {
        let stamp = (!fresh).then(|| self.0.context.read_model.progress.stamp(Topic::Users));
        self.0.names.of(db, ids, stamp).await
    }
}

impl FromRef<QueryState> for ApiContext {
    fn from_ref(state: &QueryState) -> Self {
        state.0.context.clone()
    }
}
