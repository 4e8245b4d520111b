-- Nothing that an ordinary role can create or store makes decoding fail, in any format.
set timezone = 'UTC';
set synchronous_commit = on;
set client_min_messages = warning;
select 'ready' as slot from pg_create_logical_replication_slot('decode_harm', 'bemi');

create role regress_bemi_maker;
do $$ begin execute format('grant create on database %I to regress_bemi_maker', current_database()); end $$;
set role regress_bemi_maker;
create schema decode_harm;
set search_path = decode_harm;

--
-- Casts to json. to_jsonb calls them; here only that of hstore is called, all others give the text.
--

create type mood as enum ('sad', 'glad');
create cast (mood as json) with function to_json(anyelement);
create type span as range (subtype = int8);
create function span_to_json(span) returns json language sql as $$ select to_json(1 / 0) $$;
create cast (span as json) with function span_to_json(span);
create domain moody as mood;
create type record_of_casts as (m mood, s span);
create table casts (id int primary key, m mood, ms mood[], d moody, s span, r record_of_casts);
insert into casts values (1, 'sad', '{glad}', 'sad', '[1,2)', row('glad', '[3,4)'));

-- A type that pretends to be hstore's: its name, the name of the function, and even a member of the extension.
create extension hstore;
create table true_hstore (id int primary key, h hstore);
insert into true_hstore values (1, 'a=>1, b=>NULL');
create schema false_hstore;
create type false_hstore.hstore as enum ('false');
create function false_hstore.hstore_to_json(false_hstore.hstore) returns json language sql as $$ select to_json(1 / 0) $$;
create cast (false_hstore.hstore as json) with function false_hstore.hstore_to_json(false_hstore.hstore);
alter extension hstore add type false_hstore.hstore;
alter extension hstore add function false_hstore.hstore_to_json(false_hstore.hstore);
create table pretends (id int primary key, h false_hstore.hstore);
insert into pretends values (1, 'false');
-- The cast of the true one is replaced by one of the role's own.
reset role;
alter extension hstore drop cast (hstore as json);
drop cast (hstore as json);
set role regress_bemi_maker;
create function fails(hstore) returns json language sql as $$ select to_json(1 / 0) $$;
reset role;
create cast (hstore as json) with function fails(hstore);
set role regress_bemi_maker;
insert into true_hstore values (2, 'a=>2');

--
-- Types that change or go away while their values are on the way
--

create type growing as enum ('one');
alter type growing add value 'two';
begin;
alter type growing add value 'three';
create table grows (id int primary key, g growing, gs growing[]);
insert into grows values (1, 'two', '{one,two}');
alter type growing rename value 'two' to 'deux';
insert into grows values (2, 'deux', '{deux}');
alter type growing rename to grown;
alter type grown set schema false_hstore;
insert into grows values (3, 'deux', '{one}');
drop type false_hstore.grown cascade;
insert into grows values (4);
commit;

begin;
create type pair as (a int, b text);
create domain one_pair as pair check ((value).a > 0);
create type pairs as range (subtype = pair);
create table short_lived (id int primary key, p pair, ps pair[], o one_pair, os one_pair[], r pairs);
insert into short_lived values (1, row(1, 'x'), array[row(2, 'y')::pair], row(3, 'z'), array[row(4, '')::one_pair], pairs(row(1, 'a'), row(2, 'b')));
savepoint s;
drop table short_lived;
rollback to s;
alter type pair add attribute c date cascade;
insert into short_lived select 2, p, ps from short_lived where id = 1;
alter type pair drop attribute b cascade;
update short_lived set p = row(5, '2000-01-01') where id = 2;
drop domain one_pair cascade;
insert into short_lived (id, r) values (3, pairs(row(1, null), row(2, null)));
drop type pair cascade;
insert into short_lived values (4);
drop table short_lived;
commit;

-- A range whose functions are the role's own.
create function difference(text, text) returns float8 language plpgsql immutable as $$ begin raise 'never'; end $$;
create type texts as range (subtype = text, subtype_diff = difference, collation = "C");
create table ranges (id int primary key, r texts, rs texts[], m texts_multirange);
insert into ranges values (1, '[a,b)', '{"[a,b)"}', '{[a,b),[c,d)}');

-- What points at objects that are gone.
begin;
create table pointed_at (id int);
create function pointed_at() returns int language sql as 'select 1';
create table points (id int primary key, c regclass, f regproc, p regprocedure, t regtype, n regnamespace, r regrole);
create schema soon_gone;
insert into points values (1, 'pointed_at', 'pointed_at', 'pointed_at()', 'pointed_at', 'soon_gone', 'regress_bemi_maker');
drop function pointed_at();
drop table pointed_at;
drop schema soon_gone;
insert into points select 2, c, 0, 4294967295, t, n, 4294967295 from points;
commit;

--
-- Values that their type takes, but cannot show. What cannot be shown is left out, and named.
--

create extension ltree;
create extension cube;
create extension seg;
create extension isn;
create extension intarray;
create extension citext;
create table deep (id int primary key, l ltxtquery, ls ltxtquery[], note text);
alter table deep replica identity full;
insert into deep values (1, 'a & b', '{a}', 'shown'), (2, (repeat('a & ', 30000) || 'a')::ltxtquery, null, 'not shown');
insert into deep values (3, 'a', array[(repeat('a & ', 30000) || 'a')::ltxtquery], 'not in an array either');
update deep set note = 'still not' where id = 2;
update deep set l = 'c' where id = 2;
delete from deep where id in (1, 3);
create type deep_pair as (l ltxtquery, n int);
create table deeper (id int primary key, p deep_pair);
insert into deeper values (1, row((repeat('a & ', 30000) || 'a')::ltxtquery, 1)), (2, row('a', 2));
-- Row types in each other twice, and again so: thousands of members. Or one in the other hundreds of times.
create type twice_0 as (n int);
create type deep_0 as (n int);
create table deepest (id int primary key, d deep_0);
insert into deepest values (0, row(1));
do $$
begin
    for i in 1 .. 12 loop
        execute format('create type twice_%s as (a twice_%s, b twice_%2$s)', i, i - 1);
    end loop;
end $$;
create table branches (id int primary key, t twice_12);
insert into branches values (1, null), (2, row(null, row(null, null)));
create type six as (a twice_1, b twice_1[]);
create table twigs (id int primary key, s six);
insert into twigs values (1, row(row(row(1), row(2)), array[row(row(3), null)::twice_1]));
do $$
begin
    for i in 1 .. 250 loop
        execute format('create type deep_%s as (d deep_%s)', i, i - 1);
        execute format('alter table deepest alter d type deep_%s using case when d is null then null else row(d)::deep_%1$s end', i);
    end loop;
end $$;
insert into deepest values (1, null);
update deepest set id = 2 where id = 0;
create domain deep_key as ltree;
create table contrib (id deep_key primary key, c cube, s seg, i isbn, q query_int, t citext, l lquery);
insert into contrib values ('a.b', '(1,2),(3,4)', '1.0 .. 2.5', '978-0-393-04002-9', '1&(2|!3)', 'CaSe', '*.b{1,}');

--
-- Nothing of all that is an error
--

reset role;
set max_stack_depth = '100kB';
create temp table decoded as select line, line ->> 'table' as name
    from (select data::jsonb as line from pg_logical_slot_peek_changes('decode_harm', null, null, 'include-tables', 'decode_harm.*')) l;
select name, line ->> 'operation' as operation, left((line -> 'before')::text, 110) as before, left((line -> 'after')::text, 180) as after, line -> 'unavailable' as unavailable
from decoded where name not in ('points') order by (line ->> 'position')::bigint, (line ->> 'commit_position')::bigint, (line ->> 'sequence')::int;
select line -> 'after' ->> 'c' ~ '^(pointed_at|\d+)$' as c, line -> 'after' ->> 'f' ~ '^(pointed_at|0|-)$' as f, line -> 'after' ->> 'n' ~ '^(soon_gone|\d+)$' as n
from decoded where name = 'points';
select count(*) = (select count(*) from decoded) as all_are_there
from pg_logical_slot_peek_changes('decode_harm', null, null, 'add-tables', 'decode_harm.*', 'format', 'wal2json')
where data::jsonb ->> 'action' not in ('B', 'C');
select string_agg(c ->> 'name', ' ') as columns_of_2 from pg_logical_slot_peek_changes('decode_harm', null, null, 'add-tables', 'decode_harm.deep', 'format', 'wal2json'),
    jsonb_array_elements(data::jsonb -> 'columns') c where data::jsonb ->> 'action' = 'I' and data::jsonb -> 'columns' -> 0 ->> 'value' = '2';
select count(*) filter (where data like '%"table":"deep"%') as of_deep from pg_logical_slot_peek_changes('decode_harm', null, null, 'add-tables', 'decode_harm.*');

set client_min_messages = error;
select pg_drop_replication_slot('decode_harm');
drop owned by regress_bemi_maker cascade;
drop role regress_bemi_maker;
