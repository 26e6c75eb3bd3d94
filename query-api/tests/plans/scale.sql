-- The read models at scale, in a schema of their own: 3 million messages, half of them in one room, the others in 999;
-- written in the order of time, so that a room's messages lie far apart, as they do when people chat. Nothing here needs to
-- survive a crash.
set statement_timeout = 0;
set synchronous_commit = off;
set maintenance_work_mem = '256MB';

-- The id of the n-th thing of a kind (4 hexadecimal digits); neighbours lie far apart, and each n has its own.
create function id(kind text, n bigint) returns uuid language sql immutable parallel safe
    return (lpad(to_hex((n * 2654435761) % 281474976710656), 12, '0') || '40008000' || lpad(kind, 12, '0'))::uuid;

insert into users
select id('a', n), '00000000-0000-0000-0000-000000000001', 'human', 'user' || n, 'User ' || n, 'en', null, false, 1,
       '2026-01-01Z', ''
from generate_series(0, 99999) n;

insert into rooms
select id('b', n), '00000000-0000-0000-0000-000000000001',
       case when n % 10 = 0 then 'channel' else 'group' end, 'Room ' || n, case when n % 10 = 0 then 'open' else 'invite' end,
       'all', false, id('a', n), '2026-01-01Z', '2026-01-01Z',
       case when n = 0 then 1500000 when n < 1000 then 1500000 / 999 else 0 end, 1, 1, ''
from generate_series(0, 49999) n;

-- A hundred thousand members of room 0, a tenth of whom have left; a handful of each other room.
insert into room_members
select id('b', 0), id('a', n), case when n % 10 = 9 then 'left' else 'joined' end, 'member', 0, 0, '2026-01-01Z'::timestamptz
from generate_series(0, 99999) n
union all
select id('b', n), id('a', (n * 7 + m) % 100000), 'joined', 'member', 0, 0, '2026-01-01Z'::timestamptz
from generate_series(1, 49999) n, generate_series(0, 3) m;

insert into messages
select case when n % 2 = 0 then id('b', 0) else room.ids[1 + (n / 2) % 999] end,
       case when n % 2 = 0 then n / 2 + 1 else n / 2 / 999 + 1 end,
       id('c', n), room.ids[1 + n % 997], '2026-01-01Z'::timestamptz + n / 3 * interval '1 second',
       false, null, null, rpad('{"seq":' || n, 240)
from generate_series(0, 2999999) n,
     (select array_agg(id('b', n) order by n) as ids from generate_series(1, 999) n) room;
