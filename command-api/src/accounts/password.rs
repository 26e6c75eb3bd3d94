//! Argon2id off the async threads: few at once, few waiting, and the same work for a name that nobody has.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use api_kit::Problem;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use tokio::sync::Semaphore;

/// OWASP's choice for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// How many requests may wait for each one that is being hashed; more would wait longer than a client does.
const WAITING_PER_HASH: usize = 32;

/// What a password is compared with where there is no account: a hash under the same parameters.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$vrrUE62Lz1JhwcTYVTPVgA$Ga7zpMBnjyhfWuK5kr5VTdyEx9Sb+HmYP6aK5MGUEAs";

/// Why there is no answer about a password.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// As many as may wait are waiting.
    #[error("too many passwords are being hashed")]
    Busy,
    /// A stored hash cannot be read, or the hash function failed.
    #[error("a password could not be hashed: {0}")]
    Hash(String),
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::unavailable().detail("Too many passwords are being checked; try again."),
            PasswordError::Hash(_) => Self::internal(error),
        }
    }
}

/// The only place where passwords are hashed and compared.
#[derive(Clone, Debug)]
pub struct Passwords {
    hashing: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
    done: Arc<AtomicU64>,
}

impl Passwords {
    /// At most `at_once` hashes run at the same time, each with 19 MiB of memory and a thread of its own.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        let at_once = at_once.max(1);
        let admitted = Arc::new(Semaphore::new(at_once * (1 + WAITING_PER_HASH)));
        Self { hashing: Arc::new(Semaphore::new(at_once)), admitted, done: Arc::default() }
    }

    /// How many passwords were hashed or compared: what a request cost can be told by it.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// The PHC string of a password, under a fresh salt.
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.run(move || hash(&password)).await
    }

    /// Whether a password is the stored one. Without a stored one the answer is no, and takes as long.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, PasswordError> {
        let exists = stored.is_some();
        let stored = stored.unwrap_or_else(|| NOBODY.to_owned());
        let matches = self.run(move || verify(&password, &stored)).await?;
        Ok(matches && exists)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| PasswordError::Busy)?;
        let hashing = Arc::clone(&self.hashing).acquire_owned().await.map_err(|_| PasswordError::Busy)?;
        self.done.fetch_add(1, Ordering::Relaxed);
        // The permits go with the work: a client that hangs up does not make room before its hash is done.
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop((hashing, admitted));
            result
        });
        done.await.map_err(|error| PasswordError::Hash(error.to_string()))?
    }
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| PasswordError::Hash(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String, PasswordError> {
    let hash = argon2()?.hash_password(password.as_bytes()).map_err(|error| PasswordError::Hash(error.to_string()))?;
    Ok(hash.to_string())
}

fn verify(password: &str, stored: &str) -> Result<bool, PasswordError> {
    let stored = PasswordHash::new(stored).map_err(|error| PasswordError::Hash(error.to_string()))?;
    Ok(argon2()?.verify_password(password.as_bytes(), &stored).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn knows_the_right_password_only() {
        let passwords = Passwords::new(1);
        let stored = passwords.hash("correct horse".into()).await.expect("a hash");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        let verify = async |password: &str, stored| passwords.verify(password.into(), stored).await.expect("an answer");
        assert!(verify("correct horse", Some(stored.clone())).await);
        assert!(!verify("wrong horse", Some(stored)).await);
        assert!(!verify("the password of nobody", None).await, "nobody logs in");
    }

    #[tokio::test]
    async fn nobody_is_as_much_work_as_somebody() {
        let somebody = hash("somebody's password").expect("a hash");
        let form = |hash: &str| hash.split('$').map(str::to_owned).take(4).collect::<Vec<_>>();
        assert_eq!(form(NOBODY), form(&somebody));
        assert_eq!(NOBODY.len(), somebody.len());
        assert!(verify("the password of nobody", NOBODY).expect("readable"));
    }

    #[tokio::test]
    async fn refuses_more_than_can_wait() {
        let passwords = Passwords::new(1);
        let all: Vec<_> = (0..=1 + WAITING_PER_HASH)
            .map(|n| {
                let passwords = passwords.clone();
                async move { passwords.hash(format!("password {n}")).await }
            })
            .collect();
        let answers = futures::future::join_all(all).await;
        let busy = answers.iter().filter(|answer| matches!(answer, Err(PasswordError::Busy))).count();
        assert_eq!(busy, 1);
    }
}
