//! What every handler shares.

use std::sync::Arc;

use axum::extract::FromRef;
use platform::Platform;

use crate::Settings;
use crate::freshness::Freshness;
use crate::names::Names;

/// The state of the query API; cheap to clone.
#[derive(Clone)]
pub struct QueryState(Arc<Shared>);

struct Shared {
    platform: Platform,
    freshness: Freshness,
    names: Names,
}

impl QueryState {
    /// Fresh state over connected clients.
    #[must_use]
    pub fn new(platform: &Platform, settings: &Settings) -> Self {
        Self(Arc::new(Shared {
            platform: platform.clone(),
            freshness: Freshness::new(platform, settings),
            names: Names::default(),
        }))
    }

    pub(crate) fn freshness(&self) -> &Freshness {
        &self.0.freshness
    }

    pub(crate) fn names(&self) -> &Names {
        &self.0.names
    }
}

impl FromRef<QueryState> for Platform {
    fn from_ref(state: &QueryState) -> Self {
        state.0.platform.clone()
    }
}
