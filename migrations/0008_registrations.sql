-- The sign-up as a saga: what was asked for, how far each participant is, what was decided.

-- Kept for ever, also where the account is gone again: a sign-up repeated under its key must find what became of it.
-- Nothing here is personal.
create table identity.registrations (
    registration_id uuid primary key,
    -- No reference: the account of a rejected registration is gone.
    user_id         uuid not null,
    -- The command that asked for it; what is decided says so too.
    command_id      uuid not null,
    status          text not null check (status in ('pending', 'registered', 'rejected')),
    -- Counts the changes that may be seen; followers name the last one that they saw.
    version         bigint not null default 1,
    deadline_at     timestamptz not null,
    -- The step that failed; null where the deadline passed.
    failed_step     text,
    reason          text,
    created_at      timestamptz not null,
    decided_at      timestamptz,
    constraint registrations_decided check ((status = 'pending') = (decided_at is null)),
    constraint registrations_reason check ((status = 'rejected') = (reason is not null))
);
create index registrations_undecided on identity.registrations (deadline_at) where status = 'pending';
create index registrations_by_age on identity.registrations (created_at, registration_id);

-- The participants that a registration needs, as the setting was when it began.
create table identity.registration_steps (
    registration_id uuid not null references identity.registrations on delete cascade,
    step            text not null,
    status          text not null check (status in ('pending', 'done', 'failed', 'undone')),
    reason          text,
    -- The event that completed it: seen again, it says nothing new.
    completed_by    uuid,
    updated_at      timestamptz not null,
    primary key (registration_id, step)
);

-- How far `chat.registrations` is taken in. Moved in the transaction of the rows, by whichever replica is first.
create table identity.registration_progress (
    partition   integer primary key,
    next_offset bigint not null
);

-- Profiles whose sign-up is not decided, in the generations that are there already. No log before this has any, so that the
-- fold that knows of them makes the same rows: they become its own, and older programs write them no more.
do $$
declare
    place text;
begin
    for place in select schema_name from control.generations loop
        execute format('alter table %I.users add column if not exists pending boolean not null default false', place);
    end loop;
end $$;
update control.generations set fold_version = 2 where fold_version = 1;
