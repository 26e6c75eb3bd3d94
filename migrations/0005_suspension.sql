-- A suspended account: what it was before, and why, in words that may name people and therefore never enter the log.
alter table identity.accounts
    add column suspended_from   text check (suspended_from in ('registered', 'verified')),
    add column suspended_reason text,
    add constraint accounts_suspended_from check ((status = 'suspended') = (suspended_from is not null)),
    add constraint accounts_suspended_reason check (suspended_reason is null or status = 'suspended');
