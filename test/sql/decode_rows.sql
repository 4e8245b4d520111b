-- Which rows, and what of them, the plugin writes.
set synchronous_commit = on;
set client_min_messages = warning;
\pset format unaligned
create schema decode_rows;
set search_path = decode_rows;
select 'ready' as slot from pg_create_logical_replication_slot('decode_rows', 'bemi');

-- What the slot has, without what differs from run to run; long values are cut.
create function lines(variadic options text[] default '{}') returns setof text language sql as $$
    select regexp_replace(regexp_replace(regexp_replace(data,
               '"(id|committed_at)":"[0-9TZ:.a-f-]+",?|"(transaction_id|position|commit_position)":[0-9]+,?|"database":"[^"]*",', '', 'g'),
               ',}$', '}'), '(a{50,}|b{50,}|c{50,}|d{50,})', 'long', 'g')
    from pg_logical_slot_get_changes('decode_rows', null, null, variadic options || array['include-tables', 'decode_rows*.*'])
$$;

--
-- Replica identities and primary keys
--

create table by_key (id int primary key, v text);
create table by_full (id int primary key, v text);
alter table by_full replica identity full;
create table by_index (id int primary key, other text not null unique, v text);
alter table by_index replica identity using index by_index_other_key;
create table by_nothing (id int primary key, v text);
alter table by_nothing replica identity nothing;
create table by_indexes (id int primary key, u text not null, v text not null, w text, unique (u, v));
alter table by_indexes replica identity using index by_indexes_u_v_key;
create table no_key (v text);
alter table no_key replica identity full;
create table compound (v text, b text, a bigint, primary key (a, b) include (v));
alter table compound replica identity full;
create table late_key (id timestamptz primary key deferrable initially deferred, v int);
alter table late_key replica identity full;
create domain name as text;
create table by_domain (called name primary key);

insert into by_key values (1, 'a');
update by_key set v = 'b';
update by_key set id = 2;
delete from by_key;
insert into by_full values (1, 'a');
update by_full set v = null;
update by_full set id = 2;
delete from by_full;
insert into by_index values (1, 'a', 'x');
update by_index set v = 'y';
update by_index set other = 'b';
delete from by_index;
insert into by_nothing values (1, 'a');
update by_nothing set v = 'b';
delete from by_nothing;
-- u is the first in what was before, but not in what is after
insert into by_indexes values (1, 'a', 'b', 'c');
update by_indexes set v = 'd';
insert into no_key values ('a');
update no_key set v = 'b';
delete from no_key;
insert into compound values ('v', E'"b"\\', 1);
update compound set b = 'c';
delete from compound;
insert into late_key values ('2023-12-11 17:09:15.5+02', 1);
update late_key set id = 'infinity';
insert into by_domain values ('a "name"');
select * from lines();

--
-- Values out of line
--

create table big (id int primary key, a text, b text, n int);
alter table big alter a set storage external, alter b set storage external;
insert into big values (1, repeat('a', 10000), repeat('b', 10000), 0);
update big set n = 1;
update big set n = 2, a = repeat('c', 10000);
alter table big replica identity full;
update big set n = 3;
update big set n = 4, b = repeat('d', 10000);
update big set a = 'short';
delete from big;
-- as a key
create table big_key (k text primary key, n int);
alter table big_key alter k set storage external;
insert into big_key select string_agg('k' || i, '') from generate_series(1, 600) i;
update big_key set n = 1;
delete from big_key;
select regexp_replace(line, '(k1k2)[k0-9]*(599k600)', '\1...\2', 'g') as lines from lines() line;

--
-- Columns that come, go and are computed
--

create table columns (id int primary key, gone text, twice int generated always as (id * 2) stored, counted int generated always as identity);
alter table columns replica identity full;
insert into columns values (1, 'there');
alter table columns drop column gone;
insert into columns values (2);
alter table columns add column added text default 'fast', add column later int;
update columns set later = 1;
alter table columns rename column added to renamed;
alter table columns alter column later type text using later || '!';
update columns set id = id + 10;
delete from columns where id = 11;
select * from lines();
-- a table with no columns
create table nothing ();
insert into nothing default values;
select * from lines();

--
-- What happens to a table between a change and its decoding
--

create table moved (id int primary key, v text);
insert into moved values (1, 'in its first place');
alter table moved rename to renamed;
insert into renamed values (2, 'with another name');
create schema decode_rows_2;
alter table renamed set schema decode_rows_2;
insert into decode_rows_2.renamed values (3, 'in another schema');
alter schema decode_rows_2 rename to decode_rows_3;
insert into decode_rows_3.renamed values (4, 'in a schema with another name');
alter table decode_rows_3.renamed drop constraint moved_pkey;
insert into decode_rows_3.renamed values (5, 'without a key');
drop schema decode_rows_3 cascade;
-- all in one transaction
begin;
create table brief (id int, v text);
insert into brief values (1, 'a');
alter table brief add primary key (id), add column w text default 'w';
insert into brief values (2, 'b');
alter table brief replica identity full;
update brief set v = 'c' where id = 1;
drop table brief;
commit;
select * from lines();

--
-- Partitions
--

create table parts (id int, region text, primary key (id, region)) partition by list (region);
create table parts_a partition of parts for values in ('a');
create table parts_b (region text not null, id int not null);
alter table parts attach partition parts_b for values in ('b');
alter table parts_a replica identity full;
insert into parts values (1, 'a'), (2, 'b');
update parts set region = 'b' where id = 1;
delete from parts where id = 2;
truncate parts;
select * from lines();

--
-- Truncation: one change a table
--

create table parent (id int primary key);
create table child (id int references parent);
create table other (id int);
truncate parent, other cascade;
truncate other restart identity;
select * from lines();

--
-- Names
--

create table "A ""quoted"" \ name" ("id" int primary key, "a ""column""" int, "line
break" int);
create table "größe€😀" ("schlüssel😀" text primary key);
insert into "A ""quoted"" \ name" values (1, 2, 3);
insert into "größe€😀" values ('wert😀');
select * from lines();

--
-- Contexts: what was in force for each row
--

create table rows (id int primary key);
-- whose contexts are written by hand here, in place of such a trigger
create trigger _bemi_row_trigger_rows before insert on rows for each row when (false) execute function suppress_redundant_updates_trigger();
create procedure context(content text) language sql as $$ select pg_logical_emit_message(true, '_bemi', content); $$;
begin;
insert into rows values (1);
call context('{"user_id":1}');
insert into rows values (2);
savepoint a;
call context('{"user_id":2}');
insert into rows values (3);
rollback to a;
call context('{"user_id":1}');
insert into rows values (4);
call context('{}');
insert into rows values (5);
call context(E' {\n"text" : "a\\nb",\r\n"é€😀":"é€😀" } ');
insert into rows values (6);
commit;
insert into rows values (7);
-- messages that are no claims of the transaction
begin;
call context('{"user_id":1}');
do $$ begin
    perform pg_logical_emit_message(false, '_bemi', '{"user_id":2}');
    perform pg_logical_emit_message(true, '_bem', '{"user_id":2}');
    perform pg_logical_emit_message(true, '_bemi2', '{"user_id":2}');
end $$;
insert into rows values (8);
commit;
select * from lines();
-- claims that cannot be read, or are too large, end the one before, which is about other changes: that of the even rows
do $$
declare
    n int := -100;
    content bytea;
begin
    foreach content in array array['', '[1]', 'null', '{"a":1', '{"a":1} {}', '{"a":"' || chr(10) || '"}', '{"a":"\\u0000"}', '{"a":"\\ud800"}',
        repeat('[', 100000), repeat('{"a":', 100000), '\xff00', '{"a":"'::bytea || '\xc328'::bytea || '"}'::bytea,
        '{"a":"' || repeat('x', 1024 * 1024) || '"}', '{"a":1}' || repeat(' ', 1024 * 1024)]::bytea[]
    loop
        perform pg_logical_emit_message(true, '_bemi', '{"user_id":1}');
        insert into rows values (n);
        perform pg_logical_emit_message(true, '_bemi', content);
        insert into rows values (n + 1);
        n := n + 2;
    end loop;
end $$;
select (line->>'primary_key')::int % 2 <> 0 as odd, line->'context' as context, count(*) from (select line::jsonb from lines() line) as l group by 1, 2 order by 1, 2;

--
-- Subtransactions, rolled back and kept; two-phase commit; commands that write nothing
--

begin;
insert into rows values (10);
savepoint a;
insert into rows values (11);
savepoint b;
insert into rows values (12);
rollback to b;
insert into rows values (13);
release a;
commit;
begin;
insert into rows values (14);
rollback;
do $$ begin
    insert into rows values (15);
    begin
        insert into rows values (16), (15);
    exception when unique_violation then
        insert into rows values (17);
    end;
end $$;
begin;
call context('{"user_id":1}');
insert into rows values (19);
savepoint a;
call context('{"user_id":2}');
insert into rows values (20);
prepare transaction 'decode_rows';
commit prepared 'decode_rows';
insert into rows values (15) on conflict do nothing;
insert into rows values (15) on conflict (id) do update set id = 18;
select * from lines();

--
-- The ids of changes: the same at every reading, unlike each other, in the order of the changes
--

begin;
insert into rows select generate_series(100, 199);
commit;
insert into rows select generate_series(200, 299);
create temp table first_reading as
    select row_number() over () as n, data::jsonb as change from pg_logical_slot_peek_changes('decode_rows', null, null);
create temp table second_reading as
    select row_number() over () as n, data::jsonb as change
    from pg_logical_slot_get_changes('decode_rows', null, null, 'include-tables', 'decode_rows.rows');
select count(*), count(distinct f.change), count(distinct f.change->'id'), bool_and(f.change = s.change) as same
from first_reading f full join second_reading s using (n);
select count(*) from (select change->>'id' <= lag(change->>'id') over (order by n) as unordered from first_reading) c where unordered;
select (change->>'commit_position')::numeric - lag((change->>'commit_position')::numeric) over (order by n) > 0 as next, change->>'sequence' as sequence
from first_reading where n % 50 = 1;
select count(*) from first_reading
where change->>'id' !~ '^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
    or change->>'committed_at' !~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$' or change->>'database' <> current_database();

--
-- The caller's settings come back, also after an error
--

set timezone = 'Asia/Tokyo';
set datestyle = 'German';
set intervalstyle = 'iso_8601';
set extra_float_digits = -10;
set bytea_output = 'escape';
create table of_settings (a timestamptz, b interval, c point, d bytea);
insert into of_settings values ('2023-12-11 17:09:15+00', '1 day 2 hours', '(0.1,0.2)', '\x00');
create function settings() returns text language sql as $$
    select concat_ws(' ', current_setting('timezone'), current_setting('datestyle'), current_setting('intervalstyle'),
                     current_setting('extra_float_digits'), current_setting('bytea_output'))
$$;
begin;
set local extra_float_digits = -5;
select * from lines();
select settings();
commit;
select settings();
select * from lines('operations', 'none');
select settings();
do $$ begin
    perform lines('operations', 'none');
exception when invalid_parameter_value then
    raise warning '%', settings();
end $$;
select settings();
-- PostgreSQL keeps a slot for the session whose error was caught.
\c -

set client_min_messages = error;
drop schema decode_rows cascade;
select pg_drop_replication_slot('decode_rows');
