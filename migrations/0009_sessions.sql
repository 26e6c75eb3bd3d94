-- What every process knows of an account while it lets requests in: status, roles, and the time before which no session
-- of it counts. A change of any of them sets `standing_changed_at`, whoever makes it, so that others can look for changes.
alter table identity.accounts
    add column sessions_not_before timestamptz,
    add column standing_changed_at timestamptz not null default now();

create function identity.note_standing() returns trigger language plpgsql as $$
begin
    -- Never the same twice: it also says which state somebody has read.
    new.standing_changed_at := greatest(clock_timestamp(), old.standing_changed_at + interval '1 microsecond');
    return new;
end $$;

create trigger accounts_standing before update on identity.accounts for each row
    when (old.status is distinct from new.status
          or old.roles is distinct from new.roles
          or old.sessions_not_before is distinct from new.sessions_not_before)
    execute function identity.note_standing();

create index accounts_by_standing on identity.accounts (standing_changed_at);

-- A new key is published before it signs.
alter table identity.signing_keys add column signs_from timestamptz not null default now();

-- Secrets that all processes share and nobody needs to set; each is made by the first that needs it.
create table identity.secrets (
    name       text primary key,
    value      bytea not null,
    created_at timestamptz not null default now()
);
