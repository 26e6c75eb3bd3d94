-- What people do to their own accounts.

-- The form of a username that all names which look like it share (UTS #39, skeletons). Filled by `chatlog migrate` for
-- accounts that were there before, because SQL cannot; of two that look alike already, the older one has it. Imported people
-- have none: their names have a colon, which nobody who signs up can have.
alter table identity.accounts
    add column username_skeleton text,
    add constraint accounts_skeleton_taken unique (workspace_id, username_skeleton);

-- Commands of people about themselves, under an `Idempotency-Key`, by the id of their first event: each is done once, however
-- late it is repeated, although it changes a row of `accounts` beside the log.
create table identity.commands (
    user_id  uuid not null references identity.accounts on delete cascade,
    event_id uuid not null,
    primary key (user_id, event_id)
);

-- The same index as in read-model/indexes.sql, for the generations that have their indexes already.
do $$
declare
    place text;
begin
    for place in select schema_name from control.generations where state <> 'loading' loop
        execute format('create index if not exists friends_by_friend on %I.friends (friend_id, user_id)', place);
    end loop;
end $$;
