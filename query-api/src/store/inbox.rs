//! The rooms of a person.

use chrono::{DateTime, Utc};
use event_schema::{RoomId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::LATEST;

/// A room in somebody's inbox.
#[derive(Clone, Debug)]
pub struct InboxRow {
    pub room_id: Uuid,
    pub state: String,
    pub role: String,
    pub kind: String,
    pub name: Option<String>,
    pub archived: bool,
    pub member_count: i32,
    pub last_seq: i64,
    pub rev: i64,
    pub activity: DateTime<Utc>,
    pub read_seq: i64,
    pub deleted: i64,
    pub mentions: i64,
    pub other_id: Option<Uuid>,
    pub author_id: Option<Uuid>,
    pub item: Option<String>,
}

/// Where a walk through an inbox goes on: after the room with this activity.
pub type InboxPlace = (DateTime<Utc>, RoomId);

pub const NEWEST: InboxPlace = (LATEST, RoomId(Uuid::max()));

/// The rooms that somebody is in or invited to, newest activity first.
///
/// Which room spoke last stands in `rooms` alone (a post must not touch a row a member), so that a person's own rooms are
/// looked up and sorted; all the rest is done for the rooms of the page. What is unread is counted along two partial
/// indexes, `messages_deleted` and `messages_mentioning`, from the read mark on:
/// `Limit → Sort → Nested Loop (Index Scan room_members_by_user, Index Scan rooms_pkey)`, then a look-up each.
///
/// The sub-queries with `limit 1` are looked up one by one: otherwise the planner reads all rooms of the platform to find a
/// thousand of them, and looks each read mark up three times.
///
/// A room that one is only invited to shows nothing of what is said in it.
pub async fn inbox(
    db: &mut PgConnection,
    reader: UserId,
    after: InboxPlace,
    limit: i64,
) -> sqlx::Result<Vec<InboxRow>> {
    sqlx::query_as!(
        InboxRow,
        r#"with page as materialized (
               select m.room_id, m.state, m.role, m.join_seq, m.last_own_seq, r.kind, r.name, r.archived,
                      r.member_count, r.last_seq, r.rev, r.history_visibility, own.activity
               from room_members m
               cross join lateral (select * from rooms where rooms.room_id = m.room_id limit 1) r
               cross join lateral (
                   select case when m.state = 'joined' then greatest(r.last_message_at, m.since) else m.since end
               ) own (activity)
               where m.user_id = $1 and m.state in ('joined', 'invited') and (own.activity, m.room_id) < ($2, $3)
               order by own.activity desc, m.room_id desc
               limit $4
           )
           select page.room_id as "room_id!", page.state as "state!", page.role as "role!", page.kind as "kind!",
                  page.name, page.archived as "archived!", page.member_count as "member_count!",
                  page.last_seq as "last_seq!", page.rev as "rev!", page.activity as "activity!",
                  own.read_seq as "read_seq!",
                  (select count(*) from messages t
                   where t.room_id = page.room_id and t.seq > own.read_seq and t.deleted) as "deleted!",
                  (select count(*) from messages t
                   where t.room_id = page.room_id and t.seq > own.read_seq and t.mentions is not null
                     and t.mentions @> array[$1]) as "mentions!",
                  (select o.user_id from room_members o
                   where page.kind = 'direct' and o.room_id = page.room_id and o.user_id <> $1 limit 1) as other_id,
                  last.author_id as "author_id?", last.item as "item?"
           from page
           cross join lateral (
               select case when page.state = 'joined'
                      then greatest(least(coalesce((select c.read_seq from receipts c
                                                    where c.room_id = page.room_id and c.user_id = $1), 0), page.last_seq),
                                    page.join_seq, page.last_own_seq)
                      else page.last_seq end
               limit 1
           ) own (read_seq)
           left join lateral (
               select t.author_id, t.item from messages t
               where t.room_id = page.room_id and t.seq = page.last_seq and page.state = 'joined'
                 and t.seq >= control.first_visible_seq(page.history_visibility, page.join_seq, page.last_seq)
               limit 1
           ) last on true"#,
        reader.0,
        after.0,
        after.1.0,
        limit,
    )
    .fetch_all(db)
    .await
}
