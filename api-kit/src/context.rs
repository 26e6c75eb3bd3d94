//! Everything an HTTP service needs, connected once per process.

use std::ops::Deref;
use std::sync::Arc;

use platform::{Platform, StartError};
use read_model::ReadModel;

use crate::access::Access;
use crate::csrf::Csrf;
use crate::outgoing::OutgoingBudget;
use crate::rate::RateLimits;
use crate::settings::ApiSettings;
use crate::tokens::Keyring;

/// The servers of a [`Platform`], the read models, and what requests are checked with. Cheap to clone: every request does,
/// several times. It gives access to the platform as itself.
#[derive(Clone)]
pub struct ApiContext(Arc<Parts>);

/// What an [`ApiContext`] consists of.
#[derive(Clone)]
pub struct Parts {
    /// Clients of the servers, health, lifecycle, clock and ids.
    pub platform: Platform,
    /// The tables that queries read, and how far they are.
    pub read_model: ReadModel,
    /// What it was connected with.
    pub api_settings: ApiSettings,
    /// How much users and addresses may ask for.
    pub rates: RateLimits,
    pub keyring: Keyring,
    /// Which sessions and accounts are let in.
    pub access: Access,
    /// Tokens against requests of other pages.
    pub csrf: Csrf,
    /// Bytes of answers that may wait for their clients.
    pub outgoing: OutgoingBudget,
}

impl ApiContext {
    /// Loads keys and secrets, and follows what changes until the process ends.
    pub async fn connect(
        platform: &Platform,
        read_model: &ReadModel,
        settings: &ApiSettings,
    ) -> Result<Self, StartError> {
        let lifecycle = &platform.lifecycle;
        let keyring = Keyring::load(platform.db.clone()).await.map_err(|error| StartError::Keys(error.to_string()))?;
        let csrf = Csrf::load(&platform.db, &platform.ids).await?;
        let access = Access::new(platform.db.clone(), platform.redis.clone());
        access.start(lifecycle).await;
        lifecycle.spawn("keys", keyring.clone().watch(lifecycle.soft()));
        let rates = RateLimits::new(&settings.rates, platform.redis.clone(), platform.clock.clone());
        Ok(Self(Arc::new(Parts {
            platform: platform.clone(),
            read_model: read_model.clone(),
            api_settings: settings.clone(),
            rates,
            keyring,
            access,
            csrf,
            outgoing: OutgoingBudget::new(settings.outgoing.outgoing_bytes),
        })))
    }

    /// The same over another platform: for trying what a service does whose servers fail.
    #[must_use]
    pub fn with_platform(&self, platform: Platform) -> Self {
        Self(Arc::new(Parts { platform, ..Parts::clone(&self.0) }))
    }
}

impl Deref for ApiContext {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Deref for Parts {
    type Target = Platform;

    fn deref(&self) -> &Platform {
        &self.platform
    }
}
