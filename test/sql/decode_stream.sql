-- stream=on: what is sent before the commit, put together, is what is sent after it.
set synchronous_commit = on;
set client_min_messages = warning;
set logical_decoding_work_mem = '64kB';
\pset format unaligned
create schema decode_stream;
set search_path = decode_stream;
create extension if not exists bemi;
select 'ready' as slot from pg_create_logical_replication_slot('decode_stream', 'bemi');

create table t (id int primary key, what text);
select bemi.track('t');
create table untracked (id int, what text);

create function changes(variadic options text[] default '{}') returns table (n bigint, change jsonb) language sql as $$
    select row_number() over (), line::jsonb
    from pg_logical_slot_peek_changes('decode_stream', null, null, variadic array['include-tables', 'decode_stream.*', 'messages', '*'] || options),
         regexp_split_to_table(data, '\n') line
$$;
-- What a consumer makes of a stream: a STREAM ABORT takes back what came before it, changes with its sequence or a higher one and
-- messages behind its position. A STREAM COMMIT completes what is left.
create function assembled(variadic options text[] default '{}') returns table (change jsonb) language sql as $$
    with lines as (
        select change, change->>'operation' as operation, change @> '{"commit_position": null}' as pending,
               jsonb_build_object('committed_at', change->'committed_at', 'commit_position', change->'commit_position') as commit,
               change->'transaction_id' as transaction, (change->>'sequence')::int as sequence,
               (change->'position')::numeric as position,
               min((change->'sequence')::int) filter (where change->>'operation' = 'STREAM ABORT') over later as taken_back_from,
               min((change->'position')::numeric) filter (where change->>'operation' = 'STREAM ABORT') over later as taken_back_behind
        from changes(variadic options || array['stream', 'on'])
        window later as (partition by change->'transaction_id' order by n desc))
    select (case when line.pending then line.change || ending.commit else line.change end) - 'id'
    from lines line left join lines ending on ending.operation = 'STREAM COMMIT' and ending.transaction = line.transaction
    where line.operation not like 'STREAM%' and (not line.pending or ending.transaction is not null)
        and (line.taken_back_from is null or line.sequence < line.taken_back_from or line.position <= line.taken_back_behind and line.sequence is null)
    order by (line.change || coalesce(ending.commit, '{}'))->'commit_position', line.sequence, line.position
$$;
-- What the stream is made of, and whether the whole is the same as without it.
create function stream(variadic options text[] default '{}')
returns table (lines text, whole bigint, same boolean) language plpgsql as $$
declare
    streamed jsonb[] := array(select change from assembled(variadic options));
    plain jsonb[] := array(select change - 'id' from changes(variadic options) order by change->'commit_position', (change->>'sequence')::int, change->'position');
begin
    lines := (select string_agg(line, ', ' order by line)
              from (select distinct concat_ws(' ', case when change ? 'id' then case when change @> '{"id": null}' then 'streamed' else 'committed' end end, change->>'operation')
                    from changes(variadic options || array['stream', 'on'])) l (line));
    whole := cardinality(streamed);
    same := streamed = plain;
    return next;
end
$$;
-- Each part has a slot of its own: of one that was read PostgreSQL may stream some again, to abort it at the end.
create function done() returns text language sql as $$
    select pg_drop_replication_slot('decode_stream');
    select 'done' from pg_create_logical_replication_slot('decode_stream', 'bemi')
$$;
create function fill(first int, last int, what text) returns void language sql as $$
    insert into decode_stream.t select i, what || ' ' || repeat('x', 100) from generate_series(first, last) i
$$;

--
-- Small transactions are not streamed; large ones are, each line with its sequence but without its commit
--
select fill(1, 3, 'small');
begin;
set local bemi.context = '{"who": "large"}';
select fill(1001, 2000, 'large');
commit;
select * from stream();
select change - array['position', 'committed_at', 'commit_position', 'transaction_id', 'database', 'id'] as change,
       change @> '{"id": null, "committed_at": null, "commit_position": null}' as pending, change ? 'transaction_id' as has_transaction
from changes('stream', 'on') where change->>'primary_key' in ('3', '1001', '2000') order by n;
select change - array['committed_at', 'commit_position', 'transaction_id', 'database'] as change, jsonb_typeof(change->'committed_at') as committed_at,
       jsonb_typeof(change->'commit_position') as commit_position, jsonb_typeof(change->'transaction_id') as transaction_id
from changes('stream', 'on') where change->>'operation' like 'STREAM%';
select * from stream('transactions', 'on', 'operations', 'update');
select * from stream('stream', 'off', 'transactions', 'off');
select done();

--
-- Savepoints that are rolled back after they were streamed
--
begin;
set local bemi.context = '{"who": "top"}';
select fill(3001, 3010, 'before');
savepoint a;
set local bemi.context = '{"who": "a"}';
select fill(3011, 4000, 'in a');
savepoint b;
set local bemi.context = '{"who": "b"}';
select fill(4001, 5000, 'in b');
release b;
select fill(5001, 6000, 'in a again');
rollback to a;
select fill(6001, 7000, 'after a');
savepoint c;
set local bemi.context = '{"who": "c"}';
select fill(7001, 8000, 'in c');
release c;
savepoint d;
delete from t where id between 6001 and 7000;
truncate t;
rollback to d;
savepoint e;
update t set what = 'kept' where id between 6001 and 6100;
rollback to e;
delete from t where id between 6001 and 6100;
commit;
select * from stream();
-- what went back and forth, and the contexts that stay
select change->'sequence' as sequence from changes('stream', 'on') where change->>'operation' = 'STREAM ABORT' order by n;
select change->'context' as context, count(*) from assembled() group by 1 order by 1;
select * from stream('batch-size', '1000000');
select done();

-- A subtransaction that writes only after one within it
begin;
select fill(9001, 9100, 'top');
savepoint outer_one;
savepoint inner_one;
select fill(10001, 10500, 'inner');
release inner_one;
select fill(10501, 11000, 'outer');
savepoint inner_two;
select fill(11001, 11500, 'inner again');
release inner_two;
rollback to outer_one;
select fill(11501, 12000, 'top');
commit;
select * from stream();
select done();

-- A subtransaction that is rolled back without having written itself
begin;
select fill(13001, 13100, 'top');
savepoint outer_one;
savepoint inner_one;
select fill(13101, 14000, 'inner');
release inner_one;
savepoint inner_two;
select fill(14001, 15000, 'inner');
release inner_two;
rollback to outer_one;
select fill(15001, 16000, 'top');
commit;
select * from stream();
select done();

-- A whole transaction
begin;
select fill(17001, 18000, 'never');
savepoint a;
select fill(18001, 19000, 'never');
rollback;
select * from stream();
select done();

-- Blocks that catch exceptions
begin;
do $$
begin
    for i in 1..400 loop
        begin
            perform set_config('bemi.context', format('{"i": %s}', i), true);
            perform decode_stream.fill(20000 + 10 * i, 20009 + 10 * i, 'block');
            if i % 3 = 0 then
                raise 'rolled back';
            end if;
        exception when raise_exception then null;
        end;
        insert into decode_stream.untracked values (i, 'no message here');
    end loop;
end
$$;
commit;
select * from stream();
select done();

-- A large value, which PostgreSQL spills to disk before it is streamed
alter table t alter what set storage external;
begin;
select fill(26001, 26010, 'top');
insert into t values (26011, repeat('x', 100000));
savepoint a;
insert into t values (26012, repeat('x', 9000000));
rollback to a;
select fill(26013, 27000, 'after it');
commit;
-- 18 does not send what it knows to be rolled back
select whole, same from stream('include-tables', 'decode_stream.t');
select done();

--
-- Contexts that nobody repeats after a rollback, and other messages
--
-- (they are written by hand here, in place of such a trigger)
create trigger _bemi_row_trigger_x before insert on untracked for each row when (false) execute function suppress_redundant_updates_trigger();
begin;
select pg_logical_emit_message(true, '_bemi', '{"who": "top"}') is not null as sent;
insert into untracked select i, repeat('x', 100) from generate_series(1, 1000) i;
savepoint a;
select pg_logical_emit_message(true, '_bemi', '{"who": "a"}') is not null as sent;
select pg_logical_emit_message(true, 'note', 'in a') is not null as sent;
select pg_logical_emit_message(false, 'note', 'at once') is not null as sent;
insert into untracked select i, repeat('x', 100) from generate_series(1001, 2000) i;
savepoint b;
select pg_logical_emit_message(true, '_bemi', '{"who": "b"}') is not null as sent;
select pg_logical_emit_message(true, '_bemi', '{"who": "b again"}') is not null as sent;
insert into untracked select i, repeat('x', 100) from generate_series(2001, 3000) i;
rollback to a;
select pg_logical_emit_message(true, 'note', 'after a') is not null as sent;
insert into untracked select i, repeat('x', 100) from generate_series(3001, 4000) i;
savepoint c;
select pg_logical_emit_message(true, '_bemi', '{"who": "c"}') is not null as sent;
insert into untracked values (4000, 'in c');
release c;
insert into untracked select i, repeat('x', 100) from generate_series(4001, 5000) i;
savepoint d;
select pg_logical_emit_message(true, '_bemi', 'nonsense') is not null as sent;
select pg_logical_emit_message(true, '_bemi', '{}') is not null as sent;
insert into untracked select i, repeat('x', 100) from generate_series(5001, 6000) i;
rollback to d;
truncate t, untracked;
commit;
select * from stream();
select change->>'operation' as operation, change->'context' as context, count(*) from assembled() group by 1, 2 order by min((change->>'sequence')::int), 1, 2::text;
select * from stream('include-tables', 'decode_stream.none', 'messages', 'none');
select * from stream('include-tables', 'decode_stream.none', 'messages', 'note');
select done();

--
-- Catalogs that were rolled back together with the rows
--
begin;
select fill(30001, 30500, 'before');
savepoint a;
create type mood as enum ('sad', 'happy');
create table moody (id int, m mood, filler text);
insert into moody select i, 'sad', repeat('x', 100) from generate_series(1, 1000) i;
rollback to a;
create type mood as enum ('fine');
create table moody (m mood, filler text);
insert into moody select 'fine', repeat('x', 100) from generate_series(1, 1000) i;
savepoint b;
alter table moody add note text default 'new';
alter type mood rename value 'fine' to 'great';
insert into moody select 'great', repeat('x', 100) from generate_series(1, 1000) i;
rollback to b;
insert into moody select 'fine', repeat('x', 100) from generate_series(1, 1000) i;
commit;
select * from stream();
select * from stream('batch-size', '1000000');
select * from stream('tracked-only', 'on');
select change->'after'->'m' as mood, change->'after' ? 'note' as note, count(*) from assembled() where change->>'table' = 'moody' group by 1, 2;
select done();

-- What is to be known of a table, when it is first needed in what was rolled back
begin;
select fill(40001, 40500, 'before');
savepoint a;
update t set what = 'never' where id between 40001 and 40500;
rollback to a;
update t set what = 'after' where id between 40001 and 40500;
commit;
select * from stream('operations', 'update', 'tracked-only', 'on');
select done();

-- A value whose text needs the catalog, which tells in the middle of the line that its transaction was rolled back
create table classes (id int, class regclass, filler text);
begin;
insert into classes select i, 'pg_class', repeat('x', 100) from generate_series(1, 500) i;
savepoint a;
insert into classes values (501, 'pg_attribute', 'rolled back');
insert into classes select i, 'pg_class', repeat('x', 100) from generate_series(502, 1000) i;
rollback to a;
insert into classes select i, 'pg_proc', repeat('x', 100) from generate_series(1001, 1500) i;
commit;
select * from stream();
select * from stream('batch-size', '1000000');

select bemi.untrack('t');
drop schema decode_stream cascade;
select pg_drop_replication_slot('decode_stream');
