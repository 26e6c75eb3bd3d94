//! The system that most tests share: two replicas with all roles, behind no load balancer, so that a test can choose.

use std::sync::{Arc, Weak};

use tokio::sync::Mutex;

use crate::answer::Api;
use crate::instance::Instance;
use crate::log::{self, LogRecord};
use crate::person::Person;
use crate::process::Process;

/// Two replicas of everything.
pub struct System {
    // Dropped in this order: first the processes, then what they use.
    replicas: [Process; 2],
    pub instance: Instance,
}

static SHARED: Mutex<Weak<System>> = Mutex::const_new(Weak::new());

/// A test's hold on the shared system; the last one ends it.
pub struct Shared(Arc<System>);

impl System {
    /// The system that the tests of this program share; each keeps to rooms and accounts of its own.
    pub async fn shared() -> Shared {
        let mut shared = SHARED.lock().await;
        if let Some(system) = shared.upgrade() {
            return Shared(system);
        }
        let system = Arc::new(Self::start().await);
        *shared = Arc::downgrade(&system);
        Shared(system)
    }

    async fn start() -> Self {
        let instance = Instance::on_given_servers().await;
        let replicas = instance.serve_replicas(&[]).await;
        Self { replicas, instance }
    }

    /// The API of one replica (0 or 1), for nobody in particular.
    pub fn api(&self, replica: usize) -> Api {
        Api::new(self.replicas[replica].url())
    }

    pub fn replica(&self, replica: usize) -> &Process {
        &self.replicas[replica]
    }

    /// Somebody new, signed up and logged in, who talks to replica 0.
    pub async fn person(&self, role: &str) -> Person {
        Person::sign_up(&self.api(0), role).await
    }

    /// Everything that is in the log now.
    pub async fn log(&self) -> Vec<LogRecord> {
        log::read(&self.instance).await
    }
}

impl std::ops::Deref for Shared {
    type Target = System;

    fn deref(&self) -> &System {
        &self.0
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The last holder's processes show their logs themselves.
        if std::thread::panicking() && Arc::strong_count(&self.0) > 1 {
            for replica in &self.0.replicas {
                #[expect(clippy::print_stdout, reason = "the test runner shows it when the test fails")]
                {
                    println!("{}", replica.log_tail());
                }
            }
        }
    }
}
