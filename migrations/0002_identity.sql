-- Accounts: what must be unique at once, and what must never enter the log.
create schema identity;

create table identity.accounts (
    user_id       uuid primary key,
    workspace_id  uuid not null,
    kind          text not null check (kind in ('human', 'bot', 'imported')),
    username      text not null,
    -- The form in which names are compared (NFKC, case folded).
    username_key  text not null,
    email         text,
    email_key     text,
    display_name  text not null,
    locale        text not null,
    roles         text[] not null default '{}',
    status        text not null check (status in ('pending', 'registered', 'verified', 'suspended', 'deactivated')),
    created_at    timestamptz not null default now(),
    constraint accounts_username_taken unique (workspace_id, username_key),
    constraint accounts_email_taken unique (workspace_id, email_key)
);

-- Ways to log in; a password is the first.
create table identity.credentials (
    user_id    uuid not null references identity.accounts on delete cascade,
    kind       text not null check (kind in ('password')),
    -- PHC string (Argon2id).
    secret     text not null,
    changed_at timestamptz not null default now(),
    primary key (user_id, kind)
);
