-- Codes that are mailed: what proves that an address is somebody's. The code itself is nowhere: it follows from the request's
-- id and a key.
create table identity.mail_codes (
    user_id    uuid not null references identity.accounts on delete cascade,
    purpose    text not null check (purpose in ('verify', 'reset')),
    -- The mail that carries the code; a later request makes an earlier code void.
    request_id uuid not null,
    -- When it was asked for, then when it was sent.
    issued_at  timestamptz not null,
    tries      smallint not null default 0,
    primary key (user_id, purpose)
);

-- The key of the codes, where no setting gives one: made once, shared by all replicas.
create table identity.code_keys (
    one_row boolean primary key default true check (one_row),
    secret  bytea not null
);

-- The mailer's own: how far it has read the log, and mails on their way.
create schema mail;

create table mail.checkpoints (
    log_id        uuid not null,
    topic         text not null,
    partition     integer not null,
    next_offset   bigint not null,
    last_event_id uuid,
    primary key (log_id, topic, partition)
);

create table mail.outgoing (
    -- One mail per request, for ever: rows stay.
    request_id   uuid primary key,
    user_id      uuid not null,
    template     text not null,
    locale       text not null,
    requested_at timestamptz not null,
    status       text not null default 'waiting' check (status in ('waiting', 'sending', 'sent', 'parked', 'dropped')),
    -- The sign-up that it belongs to was rejected: it must not be tried again.
    rejected     boolean not null default false,
    -- Answers and silences of mail servers since it was asked for, or asked for again.
    attempts     integer not null default 0,
    -- How often somebody took it to send it: whoever took it last says what became of it.
    claims       integer not null default 0,
    -- Waiting: when it is due. Sending: when it is taken for abandoned.
    due_at       timestamptz not null,
    -- Why it waits, is parked or was dropped: a stable word.
    reason       text,
    done_at      timestamptz
);
create index outgoing_due on mail.outgoing (due_at) where status in ('waiting', 'sending');
create index outgoing_parked on mail.outgoing (requested_at, request_id) where status = 'parked';
create index outgoing_of_user on mail.outgoing (user_id) where status = 'waiting';
