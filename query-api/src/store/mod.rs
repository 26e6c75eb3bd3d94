//! Every statement of this crate. They name tables unqualified: the pool is bound to the active generation.
//!
//! No statement has an OFFSET, and none sorts (but for the inbox, which says why): each walks an index in the order in which
//! it answers. `tests/plans` holds the plans of these very statements on millions of rows.

pub mod changes;
pub mod inbox;
pub mod mails;
pub mod people;
pub mod projections;
pub mod receipts;
pub mod registrations;
pub mod stream;
pub mod threads;

use chrono::{DateTime, Utc};
use event_schema::{MessageId, RoomId, UserId, WorkspaceId};
use futures::TryStreamExt as _;
use sqlx::postgres::PgRow;
use sqlx::{FromRow as _, PgConnection, Row as _};
use uuid::Uuid;

use crate::page::{PAGE_BYTES, PageBody};
use crate::window::{Ahead, Span};

/// A room, and what one person is to it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct RoomRow {
    pub kind: String,
    pub name: Option<String>,
    pub join_rule: String,
    pub history_visibility: String,
    pub archived: bool,
    pub creator_id: Uuid,
    pub created_at: DateTime<Utc>,
    pub last_message_at: Option<DateTime<Utc>>,
    pub last_seq: i64,
    pub rev: i64,
    pub member_count: i32,
    pub state: Option<String>,
    pub role: Option<String>,
    pub join_seq: Option<i64>,
    pub since: Option<DateTime<Utc>>,
    /// Events of it wait.
    pub parked: bool,
}

/// One round trip for both questions: is there such a room, and what is this person to it?
pub async fn room(db: &mut PgConnection, room: RoomId, user: UserId) -> sqlx::Result<Option<RoomRow>> {
    sqlx::query_as!(
        RoomRow,
        r#"select r.kind, r.name, r.join_rule, r.history_visibility, r.archived, r.creator_id, r.created_at,
                  r.last_message_at, r.last_seq, r.rev, r.member_count,
                  m.state as "state?", m.role as "role?", m.join_seq as "join_seq?", m.since as "since?",
                  exists (select from parked p where p.key_id = r.room_id and p.topic = 'chat.rooms') as "parked!"
           from rooms r
           left join room_members m on m.room_id = r.room_id and m.user_id = $2
           where r.room_id = $1"#,
        room.0,
        user.0,
    )
    .fetch_optional(db)
    .await
}

/// Messages that Postgres puts together into one row: see [`slice!`].
const SLICE: usize = 100;

/// The messages of a slice that begins `behind` the newest one of a page (`page_first` to `page_last`), in the room `$1`.
macro_rules! slice {
    () => {
        "(select string_agg(item, ',') as items, string_agg(uuid_send(author_id), '') as authors
          from (select author_id, item from messages
                where room_id = $1 and seq <= page_last - behind and seq > page_last - behind - 100
                  and seq >= page_first
                order by seq desc limit 100) message) slice"
    };
}

/// The messages of a span, newest first, as the beginning of a page.
///
/// Postgres puts the items together, because a thousand rows cost this process more than twice as much as a few; and in slices of
/// some 35 KB, because a page of a quarter of a megabyte in one row would be copied around in memory that Postgres asks the
/// system for each time, and could not be sent before it is complete. Against one row for all, a page takes Postgres two
/// thirds of the time, and 16 clients get twice as many.
///
/// Nested loops (nothing else can be done with it) keep the slices in the order of the array, and the aggregates take the rows in
/// the order in which the sub-query gives them. Its `limit` never cuts anything off (a slice holds no more); it tells the
/// planner that few rows are wanted, so that it walks the primary key backwards instead of collecting and sorting:
/// `Nested Loop → Function Scan, Aggregate → Limit → Index Scan Backward using messages_pkey, Index Cond (room_id, seq)`.
/// The slices are an array because the planner takes an unknown one to be short, and an unknown `generate_series` to be long.
///
/// By hand, because the items are copied straight from the connection's buffer into the page.
pub async fn messages(db: &mut PgConnection, room: RoomId, span: Span) -> sqlx::Result<SpanRead> {
    let mut page = PageBody::default();
    if span.is_empty() {
        return Ok(SpanRead::Page(page));
    }
    let mut slices = sqlx::query(concat!(
        "select slice.items, slice.authors
         from (select $2::bigint as page_last, $3::bigint as page_first) page cross join unnest($4::bigint[]) behind
              cross join lateral ",
        slice!()
    ))
    .bind(room.0)
    .bind(span.last)
    .bind(span.first)
    .bind(slices(span.last - span.first + 1))
    .fetch(db);
    while let Some(slice) = slices.try_next().await? {
        if let Some(fit) = add_slice(&mut page, &slice, (span.first, span.last))? {
            return Ok(SpanRead::TooLarge { fit });
        }
    }
    Ok(SpanRead::Page(page))
}

/// The messages of a span, or that they are more bytes than a page may have.
#[derive(Debug)]
pub enum SpanRead {
    Page(PageBody),
    /// About so many of them are as much as a page may have; at least one.
    TooLarge {
        fit: i64,
    },
}

/// Rows that were read up to a bound of bytes.
#[derive(Clone, Debug)]
pub struct Bounded<T> {
    pub rows: Vec<T>,
    /// There are more, which were not read because of their size.
    pub cut: bool,
}

impl<T> Bounded<T> {
    /// Reads rows until they are as many bytes as a page may have; always one.
    async fn read(
        mut found: impl futures::Stream<Item = sqlx::Result<T>> + Unpin,
        bytes: impl Fn(&T) -> usize,
    ) -> sqlx::Result<Self> {
        let (mut rows, mut sum) = (Vec::new(), 0);
        while let Some(row) = found.try_next().await? {
            sum += bytes(&row);
            if sum > PAGE_BYTES && !rows.is_empty() {
                return Ok(Self { rows, cut: true });
            }
            rows.push(row);
        }
        Ok(Self { rows, cut: false })
    }
}

/// A room, and messages that were read along with it.
#[derive(Debug)]
pub struct RoomAhead {
    /// The room, and what the person is to it.
    pub room: RoomRow,
    /// The messages, from the oldest to the newest seq; none for who is no member.
    pub read: Option<((i64, i64), PageBody)>,
}

/// One round trip for the room, what this person is to it, and messages that they are likely to ask for. The statements of
/// [`room`] and [`messages`] in one.
///
/// For who is no member the bounds are null, and no message is read; for a member they are not beyond what the member may see,
/// lest a page of ten costs as much as one of a thousand. What may be shown is decided by the caller all the same.
pub async fn room_ahead(
    db: &mut PgConnection,
    room: RoomId,
    user: UserId,
    ahead: Ahead,
) -> sqlx::Result<Option<RoomAhead>> {
    let mut rows = sqlx::query(concat!(
        // Materialized: once, and not for every slice.
        "with reader as materialized (
             select r.kind, r.name, r.join_rule, r.history_visibility, r.archived, r.creator_id, r.created_at,
                    r.last_message_at, r.last_seq, r.rev, r.member_count, m.state, m.role, m.join_seq, m.since,
                    exists (select from parked p where p.key_id = r.room_id and p.topic = 'chat.rooms') as parked,
                    case when m.state = 'joined' then least(r.last_seq, $3 - 1) end as page_last,
                    greatest(least(r.last_seq, $3 - 1) - $4 + 1,
                             control.first_visible_seq(r.history_visibility, m.join_seq, r.last_seq)) as page_first
             from rooms r left join room_members m on m.room_id = r.room_id and m.user_id = $2
             where r.room_id = $1)
         select slice.items, slice.authors, reader.*
         from reader cross join unnest($5::bigint[]) behind cross join lateral ",
        slice!()
    ))
    .bind(room.0)
    .bind(user.0)
    .bind(ahead.before)
    .bind(ahead.limit)
    .bind(slices(ahead.limit))
    .fetch(db);
    let mut found: Option<RoomAhead> = None;
    while let Some(row) = rows.try_next().await? {
        let found = match &mut found {
            Some(found) => found,
            none => {
                let last: Option<i64> = row.try_get("page_last")?;
                let read = match last {
                    Some(last) => Some(((row.try_get("page_first")?, last), PageBody::default())),
                    None => None,
                };
                none.insert(RoomAhead { room: RoomRow::from_row(&row)?, read })
            }
        };
        if let Some((bounds, page)) = &mut found.read
            && add_slice(page, &row, *bounds)?.is_some()
        {
            // Fewer of them are read by themselves.
            found.read = None;
            break;
        }
    }
    Ok(found)
}

/// How far behind the newest message each slice of a page begins.
fn slices(messages: i64) -> Vec<i64> {
    (0..messages).step_by(SLICE).collect()
}

/// Adds a slice to its page, which goes from one seq to another; where the page would be too large, how many messages it may
/// have.
fn add_slice(page: &mut PageBody, row: &PgRow, (first, last): (i64, i64)) -> sqlx::Result<Option<i64>> {
    let (items, authors) = (row.try_get_raw(0)?, row.try_get::<Option<&[u8]>, _>(1)?);
    // Null where every row of a slice is missing.
    let Some(authors) = authors else { return Ok(None) };
    let items = items.as_bytes().map_err(sqlx::Error::Decode)?;
    let (known, more) = (page.len(), authors.len() / 16);
    if page.messages_end() + items.len() > PAGE_BYTES && known + more > 1 {
        let left = PAGE_BYTES.saturating_sub(page.messages_end());
        let fit = known + left * more / items.len().max(1);
        return Ok(Some(i64::try_from(fit.max(1)).unwrap_or(i64::MAX)));
    }
    if page.is_empty() {
        // The others are about as long.
        let whole = usize::try_from(last - first + 1).unwrap_or(0).div_ceil(SLICE) * items.len();
        page.reserve(whole.min(PAGE_BYTES));
    }
    page.add(items, authors.as_chunks::<16>().0.iter().map(|author| Uuid::from_bytes(*author)));
    Ok(None)
}

/// The seq of the oldest message of a time or later, and of the newest message before another time.
#[derive(Clone, Copy, Debug)]
pub struct TimeBounds {
    pub first: Option<i64>,
    pub last: Option<i64>,
}

/// The years 0001 and 9999: before and after every message. A null in their place would be planned as a sort of nothing.
const EARLIEST: DateTime<Utc> = DateTime::from_timestamp(-62_135_596_800, 0).expect("a time");
pub(crate) const LATEST: DateTime<Utc> = DateTime::from_timestamp(253_402_300_799, 0).expect("a time");

/// Finds the ends of a range of time: two look-ups in `messages_by_time`, a row each. A time that is not given stands for
/// every message.
pub async fn time_bounds(
    db: &mut PgConnection,
    room: RoomId,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
) -> sqlx::Result<TimeBounds> {
    sqlx::query_as!(
        TimeBounds,
        r#"select (select seq from messages where room_id = $1 and created_at >= $2
                   order by created_at, seq limit 1) as first,
                  (select seq from messages where room_id = $1 and created_at < $3
                   order by created_at desc, seq desc limit 1) as last"#,
        room.0,
        from.unwrap_or(EARLIEST),
        to.unwrap_or(LATEST),
    )
    .fetch_one(db)
    .await
}

/// A message as the projection rendered it.
#[derive(Clone, Debug)]
pub struct MessageRow {
    pub seq: i64,
    pub author_id: Uuid,
    pub item: String,
}

/// One message by its id.
pub async fn message(db: &mut PgConnection, room: RoomId, message: MessageId) -> sqlx::Result<Option<MessageRow>> {
    sqlx::query_as!(
        MessageRow,
        "select seq, author_id, item from messages where room_id = $1 and message_id = $2",
        room.0,
        message.0,
    )
    .fetch_optional(db)
    .await
}

/// A member of a room.
#[derive(Clone, Debug)]
pub struct MemberRow {
    pub user_id: Uuid,
    pub role: String,
    pub since: DateTime<Utc>,
}

/// The members of a room after one of them, in the order of their ids.
pub async fn members(db: &mut PgConnection, room: RoomId, after: UserId, limit: i64) -> sqlx::Result<Vec<MemberRow>> {
    sqlx::query_as!(
        MemberRow,
        "select user_id, role, since from room_members
         where room_id = $1 and user_id > $2 and state = 'joined'
         order by user_id limit $3",
        room.0,
        after.0,
        limit,
    )
    .fetch_all(db)
    .await
}

/// A public channel, and whether the reader is in it.
#[derive(Clone, Debug)]
pub struct ChannelRow {
    pub room_id: Uuid,
    pub name: String,
    pub member_count: i32,
    pub created_at: DateTime<Utc>,
    pub last_message_at: Option<DateTime<Utc>>,
    pub joined: bool,
}

/// The public channels after one of them, by name and id: a walk along `rooms_public`, which holds nothing else.
pub async fn channels(
    db: &mut PgConnection,
    reader: UserId,
    after: (&str, RoomId),
    limit: i64,
) -> sqlx::Result<Vec<ChannelRow>> {
    sqlx::query_as!(
        ChannelRow,
        r#"select r.room_id, coalesce(r.name, '') as "name!", r.member_count, r.created_at, r.last_message_at,
                  coalesce((select m.state = 'joined' from room_members m
                            where m.room_id = r.room_id and m.user_id = $2), false) as "joined!"
           from rooms r
           where r.workspace_id = $1 and r.kind = 'channel' and r.join_rule = 'open' and not r.archived
             and (coalesce(r.name, '') collate "C", r.room_id) > ($3::text collate "C", $4)
           order by coalesce(r.name, '') collate "C", r.room_id
           limit $5"#,
        WorkspaceId::DEFAULT.0,
        reader.0,
        after.0,
        after.1.0,
        limit,
    )
    .fetch_all(db)
    .await
}
