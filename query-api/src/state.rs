//! What every handler shares.

use std::sync::Arc;

use api_kit::ApiContext;
use api_kit::admission::Waiters;
use axum::extract::FromRef;
use event_schema::Topic;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Settings;
use crate::browser::Browser;
use crate::freshness::Freshness;
use crate::log_reader::LogReader;
use crate::names::Names;

/// The state of the query API; cheap to clone.
#[derive(Clone)]
pub struct QueryState(Arc<Shared>);

struct Shared {
    context: ApiContext,
    freshness: Freshness,
    names: Names,
    log_reader: LogReader,
    streams: Waiters,
    browser: Browser,
    tails: Waiters,
}

/// Tails of the log that one administrator may have open, and all of them: each has a consumer.
const TAILS: (usize, usize) = (2, 4);

impl QueryState {
    /// Fresh state over connected clients.
    #[must_use]
    pub fn new(context: &ApiContext, settings: &Settings) -> Self {
        Self(Arc::new(Shared {
            context: context.clone(),
            freshness: Freshness::new(context, settings),
            names: Names::default(),
            log_reader: LogReader::new(&context.kafka),
            streams: Waiters::new(settings.streams_per_user(), settings.streams()),
            browser: Browser::new(&context.kafka, context.lifecycle.soft()),
            tails: Waiters::new(TAILS.0, TAILS.1),
        }))
    }

    pub(crate) fn freshness(&self) -> &Freshness {
        &self.0.freshness
    }

    pub(crate) fn context(&self) -> &ApiContext {
        &self.0.context
    }

    /// Single records of the log.
    pub(crate) fn log_reader(&self) -> &LogReader {
        &self.0.log_reader
    }

    /// Who reads whole rooms now.
    pub(crate) fn streams(&self) -> &Waiters {
        &self.0.streams
    }

    /// The log for administrators.
    pub(crate) fn browser(&self) -> &Browser {
        &self.0.browser
    }

    /// Who watches the log now.
    pub(crate) fn tails(&self) -> &Waiters {
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
