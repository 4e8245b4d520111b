-- two-phase=on: changes come when their transaction is prepared, and later what becomes of it.
set synchronous_commit = on;
set client_min_messages = warning;
\pset format unaligned
create schema decode_two_phase;
set search_path = decode_two_phase;
create extension if not exists bemi;
select 'ready' as slot from pg_create_logical_replication_slot('decode_two_phase', 'bemi', false, true);
select 'ready' as slot from pg_create_logical_replication_slot('decode_two_phase_off', 'bemi', false, true);

create table t (id int primary key, what text);
select bemi.track('t');
-- What is new, short, and without what differs from run to run. Transactions get numbers by when they are first seen.
create table transactions (number int generated always as identity, transaction jsonb);
create function lines(variadic options text[] default '{}') returns setof text language plpgsql as $$
declare
    changes jsonb[] := array(
        select line::jsonb
        from pg_logical_slot_get_changes('decode_two_phase', null, null, variadic array['two-phase', 'on', 'include-tables', 'decode_two_phase.t'] || options),
             regexp_split_to_table(data, '\n') line);
begin
    insert into transactions (transaction)
    select change->'transaction_id' from unnest(changes) change where change->'transaction_id' not in (select transaction from transactions) group by 1 order by 1;
    return query
    select concat_ws(' ', change->>'operation', change->>'primary_key', change->>'content', 'transaction ' || number,
                     'sequence ' || (change->>'sequence'), change->>'gid', change->>'context',
                     case when change @> '{"committed_at": null, "commit_position": null}' then 'pending' when change ?| array['committed_at', 'commit_position'] then 'committed' end,
                     case when change @> '{"id": null}' then 'without id' when change ? 'id' then 'with id' end)
    from unnest(changes) with ordinality as c (change, n) left join transactions on transaction = change->'transaction_id'
    order by n;
end
$$;
select count(*) from lines();

--
-- Committed, and rolled back
--
begin;
set local bemi.context = '{"who": "first"}';
insert into t values (1, 'a');
savepoint a;
set local bemi.context = '{"who": "never"}';
update t set what = 'never';
rollback to a;
insert into t values (2, 'b');
prepare transaction 'first "one"';
select lines();
begin;
insert into t values (3, 'c');
rollback;
begin;
delete from t where id > 100;
insert into t values (4, 'd');
prepare transaction 'second';
insert into t values (5, 'not prepared');
select lines();
set bemi.context = '{"who": "ends it"}';
commit prepared 'first "one"';
select lines();
rollback prepared 'second';
reset bemi.context;
select lines();

-- Both parts at once, and again in the order of the WAL
begin;
insert into t values (6, 'e');
prepare transaction 'third';
begin;
insert into t values (7, 'f');
prepare transaction 'fourth';
commit prepared 'fourth';
commit prepared 'third';
select lines();

-- Bounds
begin;
insert into t values (8, 'g');
prepare transaction 'fifth';
commit prepared 'fifth';
insert into t values (9, 'h');
select lines('transactions', 'on');

-- What is filtered does not come
begin;
create table other (id int);
insert into other values (1);
prepare transaction 'sixth';
select lines('transactions', 'on');
commit prepared 'sixth';
-- (not known any more to have been empty)
select lines('transactions', 'on');
begin;
insert into other values (2);
prepare transaction 'seventh';
commit prepared 'seventh';
begin;
prepare transaction 'eighth';
commit prepared 'eighth';
select lines('transactions', 'on');

-- Messages
begin;
select pg_logical_emit_message(true, 'note', 'prepared') is not null as sent;
insert into t values (10, 'i');
prepare transaction 'ninth';
commit prepared 'ninth';
select lines('messages', 'note', 'batch-size', '1000000');

--
-- Streamed before they are prepared
--
set logical_decoding_work_mem = '64kB';
begin;
set local bemi.context = '{"who": "large"}';
insert into t select i, repeat('x', 100) from generate_series(1001, 2000) i;
savepoint a;
insert into t select i, repeat('x', 100) from generate_series(2001, 3000) i;
rollback to a;
insert into t select i, repeat('x', 100) from generate_series(3001, 4000) i;
prepare transaction 'large';
create function summary(variadic options text[]) returns setof text language sql as $$
    select regexp_replace(l.line, '^(CREATE) \d+ (transaction \d+) sequence \d+', '\1 \2')
    from decode_two_phase.lines(variadic options) with ordinality as l (line, n) group by 1 order by min(l.n)
$$;
select summary('stream', 'on');
commit prepared 'large';
select summary('stream', 'on');
begin;
insert into t select i, repeat('x', 100) from generate_series(4001, 5000) i;
prepare transaction 'large, never';
rollback prepared 'large, never';
begin;
insert into t select i, repeat('x', 100) from generate_series(5001, 6000) i;
prepare transaction 'large, not streamed';
commit prepared 'large, not streamed';
begin;
insert into t select i, repeat('x', 100) from generate_series(6001, 7000) i;
commit;
select summary('stream', 'on');

--
-- Read, but not acknowledged, when it ends: a client that has kept its lines is told of the end
--
select count(*) from lines('stream', 'on');
create function ends(variadic options text[] default '{}') returns setof text language sql as $$
    select concat_ws(' ', change->>'operation', change->>'gid', count(*) filter (where change ? 'id'))
    from pg_logical_slot_peek_changes('decode_two_phase', null, null, variadic array['two-phase', 'on', 'include-tables', 'decode_two_phase.t', 'messages', 'note'] || options) with ordinality as c (lsn, xid, data, n),
         jsonb(data) change
    group by change->>'operation', change->>'gid' order by min(n)
$$;
begin;
insert into t values (101, 'a');
prepare transaction 'small';
begin;
insert into t select i, repeat('x', 100) from generate_series(7001, 8000) i;
prepare transaction 'streamed';
begin;
insert into t values (102, 'b');
savepoint a;
insert into t values (103, 'c');
rollback to a;
prepare transaction 'savepoint';
begin;
select pg_logical_emit_message(true, 'note', 'prepared') is not null as sent;
prepare transaction 'message';
begin;
insert into other values (3);
prepare transaction 'filtered';
begin;
insert into t values (104, 'd');
prepare transaction 'kept';
select ends(), ends('stream', 'on');
select * from ends('transactions', 'on');
rollback prepared 'small';
rollback prepared 'streamed';
rollback prepared 'savepoint';
rollback prepared 'message';
commit prepared 'kept';
-- again they do not come, but their ends do; PREPARE had come
select ends();
select ends('stream', 'on', 'transactions', 'on');
-- (that it had nothing to send is not known any more)
rollback prepared 'filtered';
select ends();
-- acknowledged before the end
begin;
insert into t values (105, 'e');
prepare transaction 'acknowledged';
select lines();
select ends();
rollback prepared 'acknowledged';
select ends();
select lines();
-- (nor is it of one that is rolled back before it is read)
begin;
insert into other values (4);
prepare transaction 'filtered again';
rollback prepared 'filtered again';
begin;
insert into other values (5);
prepare transaction 'filtered and kept';
commit prepared 'filtered and kept';
select lines();

--
-- Off: they come when they are committed, with the same identity
--
select concat_ws(' ', change->>'operation', change->>'primary_key', 'sequence ' || (change->>'sequence'), change->>'context') as line
from (select data::jsonb as change from pg_logical_slot_peek_changes('decode_two_phase_off', null, null, 'include-tables', 'decode_two_phase.t')) c
where length(change->>'primary_key') < 4;
select count(*), count(distinct change->'id') as ids, count(*) filter (where change->'commit_position' is null) as without_commit
from (select data::jsonb as change from pg_logical_slot_peek_changes('decode_two_phase_off', null, null, 'include-tables', 'decode_two_phase.t')) c;
with pending as (
    select data::jsonb as change from pg_logical_slot_peek_changes('decode_two_phase_off', null, null, 'include-tables', 'decode_two_phase.t', 'two-phase', 'on', 'stream', 'on')
), assembled as (
    select coalesce(e.change, p.change)->'commit_position' as commit_position, coalesce(e.change, p.change)->'committed_at' as committed_at, p.change->'sequence' as sequence, p.change->'after' as after
    from pending p left join pending e on p.change @> '{"id": null}' and e.change->'transaction_id' = p.change->'transaction_id' and e.change->>'operation' in ('COMMIT PREPARED', 'STREAM COMMIT')
    where p.change ? 'id'
), committed as (
    select data::jsonb as change from pg_logical_slot_peek_changes('decode_two_phase_off', null, null, 'include-tables', 'decode_two_phase.t')
)
select count(*) as changes, count(a.commit_position) as assembled
from committed c left join assembled a on a.commit_position = c.change->'commit_position' and a.sequence = c.change->'sequence'
    and a.committed_at = c.change->'committed_at' and a.after = c.change->'after';

-- What is not allowed
select count(*) from pg_logical_slot_peek_changes('decode_two_phase', null, null, 'two-phase', 'maybe');
\set VERBOSITY terse
select count(*) from pg_logical_slot_peek_changes('decode_two_phase', null, null, 'two-phase', 'on', 'format', 'wal2json');
select count(*) from pg_logical_slot_peek_changes('decode_two_phase', null, null, 'format', 'wal2json', 'stream', 'on');
\set VERBOSITY default

select bemi.untrack('t');
drop schema decode_two_phase cascade;
select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name like 'decode_two_phase%';
