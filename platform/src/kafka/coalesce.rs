//! What many ask the brokers at once (ends of partitions above all): one question per subject and 20 ms answers everybody
//! who came before it was asked. An older answer would not do: "create a room, post at once" must see the room's own
//! record.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::KafkaError;

const APART: Duration = Duration::from_millis(20);

type Answer<T> = Result<T, KafkaError>;

/// Questions about a `K`, answered by a `T`.
pub(super) struct Coalesced<K, T>(Mutex<HashMap<K, Arc<Subject<T>>>>);

struct Subject<T> {
    waiting: Mutex<Vec<oneshot::Sender<Answer<T>>>>,
    /// Held while a question is open.
    last_asked: tokio::sync::Mutex<Option<Instant>>,
}

impl<K, T> Default for Coalesced<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Default for Subject<T> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), last_asked: tokio::sync::Mutex::default() }
    }
}

impl<K: Eq + Hash, T: Clone + Send + 'static> Coalesced<K, T> {
    /// The answer to a question that is asked after this call.
    pub(super) async fn get<F>(&self, about: K, ask: impl FnOnce() -> F + Send + 'static) -> Answer<T>
    where
        F: Future<Output = Answer<T>> + Send,
    {
        let subject = Arc::clone(lock(&self.0).entry(about).or_default());
        let (sender, receiver) = oneshot::channel();
        let first = {
            let mut waiting = lock(&subject.waiting);
            waiting.push(sender);
            waiting.len() == 1
        };
        if first {
            // A task of its own: the others must get their answer even when the first goes away.
            tokio::spawn(async move { subject.answer(ask).await });
        }
        receiver.await.unwrap_or(Err(KafkaError::Client(rdkafka::error::KafkaError::Canceled)))
    }
}

impl<T: Clone> Subject<T> {
    /// One question at a time, and not sooner than 20 ms after the last.
    async fn answer<F: Future<Output = Answer<T>>>(&self, ask: impl FnOnce() -> F) {
        let mut last_asked = self.last_asked.lock().await;
        if let Some(last) = *last_asked {
            tokio::time::sleep_until(last + APART).await;
        }
        *last_asked = Some(Instant::now());
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        metrics::counter!("kafka_shared_questions_total").increment(1);
        let answer = ask().await;
        drop(last_asked);
        for sender in waiting {
            let _ = sender.send(answer.clone());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use event_schema::Topic;
    use futures::future::join_all;

    use super::*;

    const PLACE: (Topic, i32) = (Topic::Rooms, 0);

    #[tokio::test]
    async fn many_callers_share_one_question() {
        let (questions, asked) = (Coalesced::default(), Arc::new(AtomicI64::new(0)));
        let get = || {
            let asked = Arc::clone(&asked);
            questions.get(PLACE, move || async move { Ok(asked.fetch_add(1, Ordering::Relaxed)) })
        };
        let answers = join_all((0..100).map(|_| get())).await;
        assert!(answers.iter().all(|answer| matches!(answer, Ok(0))), "{answers:?}");
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn questions_are_apart_and_never_older_than_the_caller() {
        let (questions, asked) = (Coalesced::default(), Arc::new(AtomicI64::new(0)));
        let started = Instant::now();
        for expected in 0..5 {
            let asked = Arc::clone(&asked);
            let answer = questions.get(PLACE, move || async move { Ok(asked.fetch_add(1, Ordering::Relaxed)) }).await;
            assert_eq!(answer.ok(), Some(expected));
        }
        assert!(started.elapsed() >= APART * 4);
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_leaves_the_others_their_answer() {
        let questions = Coalesced::default();
        let (release, held) = oneshot::channel::<()>();
        let first = questions.get(PLACE, move || async move {
            let _ = held.await;
            Ok(7)
        });
        let second = questions.get(PLACE, || async { Ok(8) });
        {
            let mut both = std::pin::pin!(async { tokio::join!(first, second) });
            assert!(futures::poll!(both.as_mut()).is_pending());
        }
        let third = questions.get(PLACE, || async { Ok(9) });
        let _ = release.send(());
        let answer = third.await;
        assert!(answer.is_ok(), "{answer:?}");
    }
}
