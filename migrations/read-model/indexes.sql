-- Keys and indexes of one generation, apart from its tables so that a bulk load can build them afterwards.
alter table users add primary key (user_id);
create index users_by_username on users (workspace_id, lower(username) text_pattern_ops);

alter table friends add primary key (user_id, friend_id);
-- Who calls somebody a friend without being called one.
create index friends_by_friend on friends (friend_id, user_id);

alter table rooms add primary key (room_id);
-- The public channels by name, and nothing else: none of its columns changes when a message is posted. Names are ordered by
-- their bytes, the same on every server.
create index rooms_public on rooms (workspace_id, (coalesce(name, '')) collate "C", room_id)
    where kind = 'channel' and join_rule = 'open' and not archived;

alter table room_members add primary key (room_id, user_id);
create index room_members_by_user on room_members (user_id, room_id);

alter table messages add primary key (room_id, seq);
-- `seq` belongs to it: without it, messages of the same microsecond would have to be sorted.
create index messages_by_time on messages (room_id, created_at, seq);
create unique index messages_by_id on messages (room_id, message_id);
create index messages_by_reply on messages (room_id, reply_to, seq) where reply_to is not null;
-- For the inbox: what does not count as unread, and whom unread messages mention (a deleted message mentions nobody).
create index messages_deleted on messages (room_id, seq) where deleted;
create index messages_mentioning on messages (room_id, seq) include (mentions) where mentions is not null;

alter table message_edits add primary key (room_id, seq, version);
alter table reactions add primary key (room_id, seq, emoji, user_id);
alter table changes add primary key (room_id, rev);
alter table receipts add primary key (room_id, user_id);
alter table rejections add primary key (key_id, event_id);
alter table seen_events add primary key (key_id, event_id);
alter table parked add primary key (key_id, topic, at_offset);
create index parked_by_place on parked (topic, partition, key_id, at_offset);
