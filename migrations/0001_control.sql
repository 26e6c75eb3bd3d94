-- What is neither an account nor a read model: which generation is read, and what is still to be sent to the log.
create schema control;

-- One complete build of the read models. Queries read the active one; its tables lie in a schema of their own.
create table control.generations (
    generation   integer primary key,
    schema_name  text not null unique,
    -- Only this version of the fold writes to it.
    fold_version integer not null,
    -- The log it was folded from.
    log_id       uuid not null,
    state        text not null check (state in ('building', 'active', 'standby')),
    created_at   timestamptz not null default now(),
    activated_at timestamptz
);
create unique index generations_one_active on control.generations ((true)) where state = 'active';

-- Events on their way to Kafka: sent per key in the order of `id`, deleted after the broker has them.
create table control.outbox (
    id         bigint generated always as identity primary key,
    -- Hash of the key; one relay at a time holds a shard.
    shard      smallint not null,
    -- An effect of the fold names its cause (topic/partition/offset/n) and is written once; commands leave it empty.
    origin     text unique,
    topic      text not null,
    key        text not null,
    headers    jsonb not null,
    value      bytea not null,
    created_at timestamptz not null default now()
);
create index outbox_by_shard on control.outbox (shard, id);
