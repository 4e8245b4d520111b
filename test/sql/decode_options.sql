-- The options of the output plugin.
\pset format unaligned
set synchronous_commit = on;
set client_min_messages = warning;
create schema decode_options;
create schema "decode.options, *";
set search_path = decode_options;
select 'ready' as slot from pg_create_logical_replication_slot('decode_options', 'bemi');

-- What the slot has, short, and without what differs from run to run. The options replace the defaults given here.
create function lines(variadic options text[] default '{}') returns setof text language sql as $$
    select concat_ws(' ', change->>'sequence', change->>'operation', change->>'schema', change->>'table', coalesce(nullif(change->>'after', '{}'), change->>'before'),
                     change->>'prefix', change->>'content', change->>'transactional', nullif(change->>'context', '{}'))
    from (select data::json as change from pg_logical_slot_peek_changes('decode_options', null, null, variadic array['include-tables', 'decode*.*'] || options)) c
$$;

create table a (id int primary key);
create table b (id int primary key);
create table "decode.options, *"."a" (id int primary key);
create table "decode.options, *"."x.y" (id int primary key);
create table "decode.options, *"."*" (id int primary key);
begin;
insert into a values (1), (2);
insert into b values (3);
update a set id = 4 where id = 1;
select pg_logical_emit_message(true, 'audit', 'text') is not null as sent;
delete from a where id = 4;
insert into "decode.options, *"."a" values (5);
insert into "decode.options, *"."x.y" values (6);
insert into "decode.options, *"."*" values (7);
truncate a, b;
commit;
begin;
create table c (id int);
rollback;
insert into b values (8);
select * from lines();

-- Filters: the sequence counts what they leave out
select * from lines('include-tables', 'decode_options.a');
select * from lines('include-tables', 'decode_options.a, *.b');
select * from lines('include-tables', 'decode*.a');
select * from lines('include-tables', 'decode\.options\,\ \*.*');
select * from lines('include-tables', '*.x\.y, *.\*');
select * from lines('exclude-tables', 'decode_options.*');
select * from lines('exclude-tables', '*.*');
select * from lines('include-tables', 'decode_options.*', 'exclude-tables', '*.a');
select * from lines('include-tables', 'nowhere.a');
select * from lines('include-tables', 'DECODE_OPTIONS.a');
select * from lines('operations', 'create');
select * from lines('operations', 'UPDATE, delete');
select * from lines('operations', 'truncate', 'include-tables', '*.b');

-- Bounds of transactions that are not empty
select regexp_replace(replace(data, current_database(), 'here'), ':("[0-9a-f-]{36}"|"[0-9TZ:.-]{10,}"|[0-9]+)', ':...', 'g') as line
from pg_logical_slot_peek_changes('decode_options', null, null, 'include-tables', '*.b', 'transactions', 'on', 'operations', 'create');
select * from lines('transactions', 'on', 'include-tables', 'nowhere.a');
select * from lines('transactions', 'off', 'operations', 'truncate');

-- Messages
select pg_logical_emit_message(true, 'audit.2', E'line\nbreak "quoted" \\') is not null as sent;
select pg_logical_emit_message(false, 'audit', '') is not null as sent;
select pg_logical_emit_message(true, 'binary', '\x00ff'::bytea) is not null as sent;
select pg_logical_emit_message(true, 'binary', '\xc328'::bytea) is not null as sent;
select pg_logical_emit_message(true, 'utf-8', 'é€😀') is not null as sent;
begin;
select pg_logical_emit_message(true, '_bemi', '{"user_id":1}') is not null as sent;
select pg_logical_emit_message(true, 'odd "prefix"', 'in a context') is not null as sent;
select pg_logical_emit_message(false, 'audit', 'not in it') is not null as sent;
select pg_logical_emit_message(false, '_bemi', '{"user_id":2}') is not null as sent;
insert into a values (9);
commit;
select * from lines('messages', 'audit', 'exclude-tables', '*.*');
select * from lines('messages', 'audit*,binary', 'exclude-tables', '*.*');
select * from lines('messages', '*', 'exclude-tables', '*.*');
select * from lines('messages', '_bemi', 'exclude-tables', '*.*');
select * from lines('messages', '', 'exclude-tables', '*.*');
select regexp_replace(replace(data, current_database(), 'here'), ':("[0-9a-f-]{36}"|"[0-9TZ:.-]{10,}"|[0-9]+)', ':...', 'g') as line
from pg_logical_slot_peek_changes('decode_options', null, null, 'exclude-tables', '*.*', 'messages', 'odd*,audit', 'transactions', 'on') offset 5;

-- Only what is tracked, as it was at the time
create extension if not exists bemi;
create table tracked_later (id int primary key);
insert into tracked_later values (10);
select bemi.track('tracked_later');
insert into tracked_later values (11);
begin;
insert into tracked_later values (12);
select bemi.untrack('tracked_later');
insert into tracked_later values (13);
commit;
insert into tracked_later values (14);
create table parts (id int primary key) partition by list (id);
create table part_1 partition of parts for values in (1);
select bemi.track('parts');
create table part_2 partition of parts for values in (2);
insert into parts values (1), (2);
select * from lines('tracked-only', 'on');
select * from lines('tracked-only', 'on', 'exclude-tables', '*.part_1', 'operations', 'create');
select count(*) > 15 as more from lines('tracked-only', 'off');
-- bemi's own tables never appear
select count(*) from lines('include-tables', 'bemi.*');

-- Bad options
\set SHOW_CONTEXT never
select * from lines('no-such-option', 'x');
select * from lines('FORMAT', 'bemi');
select * from lines('format', 'xml');
select * from lines('format', 'bemi ');
select * from lines('operations', 'insert');
select * from lines('operations', '');
select * from lines('operations', 'create,');
select * from lines('tracked-only', 'maybe');
select * from lines('transactions', '');
select * from lines('include-tables', 'a');
select * from lines('include-tables', 'a.b.c');
select * from lines('include-tables', 'a.b,,c.d');
select * from lines('include-tables', '.a');
select * from lines('include-tables', 'a.b\');
select * from lines('exclude-tables', '*');
select * from lines('messages', 'a,');
select * from lines(repeat('long', 1000), 'x');
-- the last one wins
select * from lines('operations', 'update', 'operations', 'truncate');
-- a slot is made without options, and reading goes on after an error
select count(*) > 15 as still_there from lines();

-- materialized views are no tables: their rows, and what refreshing does to them, have lines in format wal2json only
create materialized view m as select id from a with no data; -- some versions write the rows of others as changes
refresh materialized view m;
create unique index on m (id);
alter materialized view m replica identity full;
insert into a values (100);
refresh materialized view concurrently m;
refresh materialized view m;
select * from lines('include-tables', '*.m');
select data::json ->> 'action' as action, data::json -> 'columns' as columns
from pg_logical_slot_peek_changes('decode_options', null, null, 'format', 'wal2json', 'format-version', '2', 'add-tables', '*.m',
                                  'include-transaction', 'off', 'include-types', 'off', 'add-msg-prefixes', 'none');

set client_min_messages = error;
select bemi.untrack('parts');
drop schema decode_options, "decode.options, *" cascade;
select pg_drop_replication_slot('decode_options');
