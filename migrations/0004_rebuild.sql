-- A generation that is being loaded has no keys yet: nothing is folded into it.
alter table control.generations drop constraint generations_state_check;
alter table control.generations add constraint generations_state_check
    check (state in ('loading', 'building', 'active', 'standby'));

-- Which generation tells the world what the fold causes (rejections), from which offset on. Written when another
-- generation becomes active; before the first time, the active one tells all. So that at a switch nothing is told twice
-- and nothing is left out, the old one finishes what the new one has folded in silence.
create table control.effect_owners (
    id          bigint generated always as identity primary key,
    topic       text not null,
    partition   integer not null,
    from_offset bigint not null,
    generation  integer not null
);
create index effect_owners_by_place on control.effect_owners (topic, partition, from_offset, id);
