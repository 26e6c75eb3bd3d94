-- How far the rebuild at work is, or how the last one ended: one row, written about once a second by the process that
-- rebuilds, so that everybody else can see it.
create table control.rebuilds (
    one_row        boolean primary key default true check (one_row),
    generation     integer not null,
    -- What of it is running has not ended; if nobody writes any more, its process is gone.
    state          text not null check (state in ('running', 'done', 'stopped', 'failed')),
    phase          text not null,
    -- What `done` and `total` count: events, rows, indexes.
    unit           text not null,
    done           bigint not null,
    -- 0 where it is not known.
    total          bigint not null,
    began_at       timestamptz not null,
    phase_began_at timestamptz not null,
    updated_at     timestamptz not null,
    ended_at       timestamptz,
    -- Why it failed.
    problem        text,
    constraint rebuilds_ended check ((state = 'running') = (ended_at is null))
);

-- How often rooms of a generation were repaired: what readers keep of its pages by revs alone is worth nothing after that.
alter table control.generations add column repairs integer not null default 0;
