-- Parking: events of one key set aside, in every generation that has them, after one of them could not be processed.
--
-- The same table as in read-model/tables.sql, for the generations that are there already.
do $$
declare
    place text;
begin
    for place in select schema_name from control.generations loop
        execute format('create table if not exists %I.parked (
            key_id uuid not null, topic text not null, partition integer not null, at_offset bigint not null,
            event_id uuid not null, event_type text not null, reason text,
            parked_at timestamptz not null default now(), primary key (key_id, topic, at_offset))', place);
        execute format('create index if not exists parked_by_place on %I.parked (topic, partition, key_id, at_offset)', place);
    end loop;
end $$;

-- Events given up. The log says so itself (`chat.room.event_dropped`), but behind the event; whoever folds from the
-- beginning must know it before. All of it follows from the log; what is still on its way there has no offset yet.
create table control.dropped_events (
    topic     text not null,
    partition integer not null,
    key_id    uuid not null,
    event_id  uuid not null,
    -- Where the log says so: the event is not folded wherever it stands before that.
    at_offset bigint,
    primary key (topic, partition, key_id, event_id)
);
create index dropped_events_on_their_way on control.dropped_events (topic, partition) where at_offset is null;

-- What administrators ask of the owner of a parked key's partition; done rows go.
create table control.parked_requests (
    id         bigint generated always as identity primary key,
    generation integer not null references control.generations on delete cascade,
    topic      text not null,
    partition  integer not null,
    key_id     uuid not null,
    action     text not null check (action in ('retry', 'drop')),
    -- The event to be given up: the first parked one when it was asked for.
    event_id   uuid,
    created_at timestamptz not null default now(),
    constraint parked_requests_once unique (generation, topic, key_id, action)
);
