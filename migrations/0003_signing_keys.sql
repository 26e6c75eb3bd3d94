-- Keys that sign access tokens (Ed25519). The newest that is not retired signs; a retired one verifies until the tokens
-- it signed have expired.
create table identity.signing_keys (
    kid        text primary key,
    -- PKCS #8, DER.
    seed       bytea not null,
    created_at timestamptz not null default now(),
    retired_at timestamptz
);
