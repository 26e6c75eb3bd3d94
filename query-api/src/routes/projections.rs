//! How far the read models are behind the log, for administrators.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use api_kit::{Admin, Problem};
use axum::Json;
use axum::extract::State;
use event_schema::{Timestamp, Topic};
use platform::log_explorer::{ExploreError, Place, Reader};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::openapi::AdminProblems;
use crate::state::QueryState;
use crate::store::projections::{self, PartitionRow, ProjectionRow};

/// How long Kafka may take to say when records were written that are not folded yet.
const TIMES: Duration = Duration::from_secs(2);

pub(super) fn router() -> OpenApiRouter<QueryState> {
    OpenApiRouter::default().routes(routes!(list_projections))
}

/// The read models.
#[derive(Debug, Serialize, ToSchema)]
struct Projections {
    /// The log's id.
    log_id: Uuid,
    /// The generations, in order.
    generations: Vec<Generation>,
}

/// One complete build of the read models.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProjectionGeneration)]
#[expect(clippy::struct_field_names, reason = "the API's own word")]
struct Generation {
    /// Its number.
    generation: i32,
    /// `loading`: being filled; `building`: complete, not read yet; `active`: the one that is read; `standby`: read before,
    /// folded on.
    state: String,
    /// The version of the fold that writes it.
    fold_version: i32,
    /// When it was begun.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it began to be read, the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    activated_at: Option<Timestamp>,
    /// Its size on disk.
    bytes: i64,
    /// Events folded into it.
    events: i64,
    /// Events of the log that are not folded into it yet; absent if Kafka does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    lag_events: Option<i64>,
    /// Keys of which an event could not be processed.
    parked_keys: i64,
    /// Events that wait with them.
    parked_events: i64,
    /// Its partitions.
    partitions: Vec<Partition>,
}

/// How far a generation is in one partition.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProjectionPartition)]
#[expect(clippy::struct_field_names, reason = "the API's own word")]
struct Partition {
    /// The topic.
    topic: String,
    /// The partition.
    partition: i32,
    /// The offset that is folded next.
    next_offset: i64,
    /// The offset that the next record will get; absent if Kafka does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    log_end: Option<i64>,
    /// Events that are not folded yet; absent if Kafka does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    lag_events: Option<i64>,
    /// For how long the first of them has been in the log; absent where there is none, or it cannot be read now.
    #[serde(skip_serializing_if = "Option::is_none")]
    lag_seconds: Option<f64>,
    /// Keys of which an event could not be processed.
    parked_keys: i64,
    /// Events that wait with them.
    parked_events: i64,
}

/// Read how far the read models are
///
/// Each generation with its state and size, and each partition of it with what is not folded yet and what is parked.
#[utoipa::path(
    get,
    path = "/v1/admin/projections",
    tag = "admin",
    responses((status = 200, description = "The generations", body = Projections), AdminProblems),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all)]
async fn list_projections(State(state): State<QueryState>, _: Admin) -> Result<Json<Projections>, Problem> {
    let found = generations(&state).await?;
    // The end of the log is asked after the checkpoints: none is beyond it.
    let ends = ends(&state).await;
    let mut generations = Vec::with_capacity(found.len());
    for (row, partitions) in found {
        let partitions = all_partitions(partitions, ends.as_ref());
        let times = times(&state, &partitions, ends.as_ref()).await;
        generations.push(Generation::new(row, &partitions, ends.as_ref(), (&times, state.context().clock.now())));
    }
    Ok(Json(Projections { log_id: state.context().log_id.0, generations }))
}

type Ends = BTreeMap<Place, i64>;
type Times = BTreeMap<(Place, i64), Timestamp>;

async fn generations(state: &QueryState) -> Result<Vec<(ProjectionRow, Vec<PartitionRow>)>, Problem> {
    let mut db = state.context().db.acquire().await?;
    let mut found = Vec::new();
    for row in projections::generations(&mut db).await? {
        if let Some(partitions) = projections::partitions(&mut db, row.generation).await? {
            found.push((row, partitions));
        }
    }
    Ok(found)
}

/// The ends of all partitions that are folded; none if Kafka does not say.
async fn ends(state: &QueryState) -> Option<Ends> {
    let kafka = &state.context().kafka;
    let mut places = Vec::new();
    for topic in Topic::PROJECTED {
        let count = kafka.partitions(topic).await.ok()?;
        places.extend((0..count).map(|partition| (topic, partition)));
    }
    let asked = move |reader: &mut Reader, _: &CancellationToken| {
        let ends: Vec<Range<i64>> = reader.ends(&places)?;
        Ok::<_, ExploreError>(places.into_iter().zip(ends).map(|(place, held)| (place, held.end)).collect())
    };
    state.log_explorer().read(asked).await.ok()
}

/// Also those of which no checkpoint tells.
fn all_partitions(rows: Vec<PartitionRow>, ends: Option<&Ends>) -> Vec<PartitionRow> {
    let mut all: BTreeMap<(String, i32), PartitionRow> = BTreeMap::new();
    for (topic, partition) in ends.into_iter().flat_map(BTreeMap::keys) {
        all.insert((topic.name().to_owned(), *partition), PartitionRow::untouched(*topic, *partition));
    }
    all.extend(rows.into_iter().map(|row| ((row.topic.clone(), row.partition), row)));
    all.into_values().collect()
}

/// When the records were written that are folded next.
async fn times(state: &QueryState, partitions: &[PartitionRow], ends: Option<&Ends>) -> Times {
    let waits = partitions.iter().filter_map(|row| {
        let place = (Topic::from_name(&row.topic)?, row.partition);
        (row.next_offset < *ends?.get(&place)?).then_some((place, row.next_offset))
    });
    let waits: Vec<(Place, i64)> = waits.collect();
    if waits.is_empty() {
        return Times::new();
    }
    let read = state.log_explorer().read(move |reader, stop| reader.times(&waits, TIMES, stop));
    read.await.unwrap_or_default()
}

impl Generation {
    fn new(row: ProjectionRow, partitions: &[PartitionRow], ends: Option<&Ends>, times: (&Times, Timestamp)) -> Self {
        let partitions: Vec<Partition> = partitions.iter().map(|row| Partition::new(row, ends, times)).collect();
        Self {
            generation: row.generation,
            state: row.state,
            fold_version: row.fold_version,
            created_at: row.created_at.into(),
            activated_at: row.activated_at.map(Timestamp::from),
            bytes: row.bytes,
            events: partitions.iter().map(|it| it.next_offset).sum(),
            lag_events: partitions.iter().map(|it| it.lag_events).sum(),
            parked_keys: partitions.iter().map(|it| it.parked_keys).sum(),
            parked_events: partitions.iter().map(|it| it.parked_events).sum(),
            partitions,
        }
    }
}

impl Partition {
    fn new(row: &PartitionRow, ends: Option<&Ends>, (times, now): (&Times, Timestamp)) -> Self {
        let place = Topic::from_name(&row.topic).map(|topic| (topic, row.partition));
        let log_end = place.and_then(|place| ends?.get(&place).copied());
        let waits_since = place.and_then(|place| times.get(&(place, row.next_offset)));
        #[expect(clippy::cast_precision_loss, reason = "seconds are shown, to less than a microsecond for a century")]
        let seconds = |since: &Timestamp| (now.as_micros() - since.as_micros()).max(0) as f64 / 1e6;
        Self {
            topic: row.topic.clone(),
            partition: row.partition,
            next_offset: row.next_offset,
            log_end,
            lag_events: log_end.map(|end| (end - row.next_offset).max(0)),
            lag_seconds: waits_since.map(seconds),
            parked_keys: row.parked_keys,
            parked_events: row.parked_events,
        }
    }
}
