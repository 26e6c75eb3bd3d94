-- The read models of one generation, run with `search_path` set to its schema. Names are unqualified on purpose.
-- Every key begins with what the rows would be distributed by. Indexes follow in indexes.sql, after a bulk load.

create table checkpoints (
    topic         text not null,
    partition     integer not null,
    -- Counts the owners of the partition; a commit with an older one changes nothing.
    epoch         bigint not null,
    next_offset   bigint not null,
    -- The last event folded: at next assignment it must still stand where it stood. Null before the first.
    last_event_id uuid,
    -- Where it is. Null in a row that was written before offsets could have gaps: right before next_offset.
    last_event_offset bigint,
    primary key (topic, partition)
);

create table users (
    user_id      uuid not null,
    workspace_id uuid not null,
    kind         text not null,
    username     text,
    display_name text,
    locale       text not null,
    status       text,
    deactivated  boolean not null default false,
    -- The sign-up is not decided yet: whoever shows people leaves these out.
    pending      boolean not null default false,
    rev          bigint not null,
    created_at   timestamptz not null,
    digest       bytea not null
);

create table friends (
    user_id   uuid not null,
    friend_id uuid not null,
    added_at  timestamptz not null
);

create table rooms (
    room_id            uuid not null,
    workspace_id       uuid not null,
    kind               text not null,
    name               text,
    join_rule          text not null,
    history_visibility text not null,
    archived           boolean not null default false,
    creator_id         uuid not null,
    created_at         timestamptz not null,
    -- created_at of the newest message, null before the first; no later message goes before it.
    last_message_at    timestamptz,
    last_seq           bigint not null,
    rev                bigint not null,
    member_count       integer not null,
    -- Rolling BLAKE3 over (event id, outcome) of every event of the room.
    digest             bytea not null
);

create table room_members (
    room_id      uuid not null,
    user_id      uuid not null,
    -- joined, invited, left, removed
    state        text not null,
    role         text not null,
    -- The room's last seq when the current membership began: messages after it are new to the member.
    join_seq     bigint not null,
    -- The seq of the member's own newest message, 0 before the first.
    last_own_seq bigint not null,
    since        timestamptz not null
);

create table messages (
    room_id     uuid not null,
    seq         bigint not null,
    message_id  uuid not null,
    author_id   uuid not null,
    created_at  timestamptz not null,
    deleted     boolean not null default false,
    -- The seq of the message that this one answers, where it is known.
    reply_to    bigint,
    mentions    uuid[],
    -- The message as the API shows it, rendered once: a JSON object, complete.
    item        text not null
);

-- Superseded contents; the newest is in `messages`.
create table message_edits (
    room_id   uuid not null,
    seq       bigint not null,
    -- 1 is what was first posted.
    version   integer not null,
    content   jsonb not null,
    -- When this content began to count.
    at        timestamptz not null
);

create table reactions (
    room_id uuid not null,
    seq     bigint not null,
    emoji   text not null,
    user_id uuid not null,
    -- The room's rev of the reaction: the order in which reactions are shown.
    rev     bigint not null
);

-- Everything that happened to a room except posts: between two changes only posts happen, so their seq follows from rev.
create table changes (
    room_id    uuid not null,
    rev        bigint not null,
    type       text not null,
    subject_id uuid not null,
    last_seq   bigint not null
);

create table receipts (
    room_id  uuid not null,
    user_id  uuid not null,
    read_seq bigint not null
);

create table rejections (
    key_id     uuid not null,
    event_id   uuid not null,
    event_type text not null,
    actor_id   uuid not null,
    reason     text not null
);

-- Events seen, apart from posts (their unique message id tells) and rejections (which tell themselves).
create table seen_events (
    key_id   uuid not null,
    event_id uuid not null,
    -- The rev given to it.
    rev      bigint not null
);

-- Events set aside after the first of their key could not be processed, and its successors. Of an event only its place is
-- kept: the log has it for ever. Which events count, the log decides; when they are folded, an administrator.
create table parked (
    key_id     uuid not null,
    topic      text not null,
    partition  integer not null,
    at_offset  bigint not null,
    event_id   uuid not null,
    event_type text not null,
    -- Why it cannot be folded. Only the first of a key may have one; without one the key is on its way out.
    reason     text,
    parked_at  timestamptz not null default now()
);
