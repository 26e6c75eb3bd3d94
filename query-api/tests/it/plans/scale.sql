-- The read models at scale, in a schema of their own: 3 million messages, half of them in one room, the others in 999;
-- written in the order of time, so that a room's messages lie far apart, as they do when people chat. One in a hundred is
-- deleted, one in twenty mentions somebody, one in eight answers the first of a hundred thousand. Nothing here
-- needs to survive a crash.
set statement_timeout = 0;
set synchronous_commit = off;
set maintenance_work_mem = '256MB';

-- The id of the n-th thing of a kind (4 hexadecimal digits); neighbours lie far apart, and each n has its own.
create function id(kind text, n bigint) returns uuid language sql immutable parallel safe
    return (lpad(to_hex((n * 2654435761) % 281474976710656), 12, '0') || '40008000' || lpad(kind, 12, '0'))::uuid;

insert into users
select id('a', n), '00000000-0000-0000-0000-000000000001', 'human', 'user' || n, 'User ' || n, 'en', null, false, false, 1,
       '2026-01-01Z', ''
from generate_series(0, 99999) n;

insert into rooms
select id('b', n), '00000000-0000-0000-0000-000000000001',
       case when n % 10 = 0 then 'channel' else 'group' end, 'Room ' || n, case when n % 10 = 0 then 'open' else 'invite' end,
       'all', false, id('a', n), '2026-01-01Z', '2026-01-01Z'::timestamptz + n * 7919 % 1000 * interval '1 second',
       case when n = 0 then 1500000 when n < 1000 then 1500000 / 999 else 0 end, 1, 1, ''
from generate_series(0, 49999) n;

-- A hundred thousand members of room 0, a tenth of whom have left; a handful of each other room; and user 100000, who is in
-- every room that has messages.
insert into room_members
select id('b', 0), id('a', n), case when n % 10 = 9 then 'left' else 'joined' end, 'member', 0, 0, '2026-01-01Z'::timestamptz
from generate_series(0, 99999) n
union all
select id('b', n), id('a', (n * 7 + m) % 100000), 'joined', 'member', 0, 0, '2026-01-01Z'::timestamptz
from generate_series(1, 49999) n, generate_series(0, 3) m
union all
select id('b', n), id('a', 100000), 'joined', 'member', 0, 0, '2026-01-01Z'::timestamptz from generate_series(0, 999) n;

-- Everybody has read room 0 some way; user 100000 all but 1,000 messages of it, and all but 500 of each other room.
insert into receipts
select id('b', 0), id('a', n), 1499000 - n from generate_series(0, 99999) n
union all
select id('b', n), id('a', 100000), case when n = 0 then 1499000 else 1000 end from generate_series(0, 999) n;

-- Of 16 things that happened in room 0, one was an edit; each of its first hundred messages was edited a thousand times.
insert into changes
select id('b', 0), n * 16 + 1, 'message.edited', id('c', n * 30), n * 15 from generate_series(0, 99999) n;
insert into parked
select id('f', n), 'chat.rooms', 0, n, id('f', n), 'chat.message.posted', null from generate_series(0, 9999) n;
insert into seen_events select id('b', n % 1000), id('d', n), n from generate_series(0, 99999) n;
insert into rejections
select id('b', n % 1000), id('e', n), 'message.posted', id('a', n), 'not_a_member' from generate_series(0, 99999) n;
insert into message_edits
select id('b', 0), m, n, '{"format":"plain","text":"A line"}', '2026-01-01Z'::timestamptz + n * interval '1 second'
from generate_series(1, 1000) n, generate_series(1, 100) m;

insert into messages
select case when n % 2 = 0 then id('b', 0) else room.ids[1 + (n / 2) % 999] end,
       case when n % 2 = 0 then n / 2 + 1 else n / 2 / 999 + 1 end,
       id('c', n), room.ids[1 + n % 997], '2026-01-01Z'::timestamptz + n / 3 * interval '1 second',
       n % 101 = 51, case when n % 8 = 4 then n / 200000 * 100000 + 1 end,
       case when n % 21 = 3 then array[id('a', 100000 + n % 7)] end, rpad('{"seq":' || n, 240)
from generate_series(0, 2999999) n,
     (select array_agg(id('b', n) order by n) as ids from generate_series(1, 999) n) room;
