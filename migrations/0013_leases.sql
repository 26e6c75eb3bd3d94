-- Who does which part of work that processes share: the shards of the outbox, the partitions that are folded or read for
-- mails. A lease ends when its holder has not renewed for a while by this server's clock, or when the session that the
-- holder keeps open is gone: a process that is frozen holds nothing for long, one that was killed nothing at all.
create table control.lease_holders (
    -- Also the key of the advisory lock that the holder's session keeps.
    holder     integer generated always as identity primary key,
    work       text not null,
    expires_at timestamptz not null,
    -- It goes on until others have had the time to notice, and then gives everything back.
    leaving    boolean not null default false
);
create index lease_holders_of_work on control.lease_holders (work);

create table control.leases (
    work   text not null,
    item   integer not null,
    holder integer references control.lease_holders on delete set null,
    -- Counts the holders.
    epoch  bigint not null default 0,
    primary key (work, item)
);
create index leases_of_holder on control.leases (holder);

-- Where a row goes: murmur2 of its key, as Kafka's clients place it. Rows of before have none.
alter table control.outbox add column key_hash integer;
-- Whether something about a key is on its way.
create index outbox_of_key on control.outbox (topic, key);

-- Offsets may have gaps: where the last folded event is, in the generations that are there already.
do $$
declare
    place text;
begin
    for place in select schema_name from control.generations loop
        execute format('alter table %I.checkpoints add column if not exists last_event_offset bigint', place);
    end loop;
end $$;

alter table mail.checkpoints add column last_event_offset bigint;

-- Records of the log that no Chatlog wrote: every reader sets them aside and goes on.
create table control.foreign_records (
    log_id    uuid not null,
    topic     text not null,
    partition integer not null,
    at_offset bigint not null,
    reason    text not null,
    seen_at   timestamptz not null default now(),
    primary key (log_id, topic, partition, at_offset)
);

-- Up to where a generation has folded and told what it had to tell: should its tables be lost, nothing else knows.
create table control.effect_marks (
    generation  integer not null references control.generations on delete cascade,
    topic       text not null,
    partition   integer not null,
    next_offset bigint not null,
    primary key (generation, topic, partition)
);

-- The one rule of which messages a member may see, for statements: the first seq. `read_model::visibility` says the same.
create function control.first_visible_seq(history_visibility text, join_seq bigint, last_seq bigint) returns bigint
language sql immutable parallel safe
as $$ select case when history_visibility = 'all' then 1 else coalesce(join_seq, last_seq) + 1 end $$;
