-- Values of every type: what the plugin writes must be, as jsonb, what to_jsonb makes of the row.
set timezone = 'UTC';
set datestyle = 'ISO';
set intervalstyle = 'postgres';
set extra_float_digits = 1;
set synchronous_commit = on;
set client_min_messages = warning;

create extension hstore;
create extension citext;
create extension ltree;
create schema decode_types;
set search_path = decode_types, public;

select 'ready' as slot from pg_create_logical_replication_slot('decode_types', 'bemi');

--
-- A table for each type, with its values alone, in an array and in an array of two dimensions
--

create table samples (type text, value text);
insert into samples values
    ('aclitem', '=r/' || quote_ident(current_user)),
    ('bit', ''), ('bit', '10110'),
    ('bool', 'true'), ('bool', 'false'),
    ('box', '(1,2),(-3,4.5e300)'),
    ('bpchar', ''), ('bpchar', 'padded   '),
    ('bytea', ''), ('bytea', '\x00ff5c22'), ('bytea', 'abc'),
    ('char', ''), ('char', 'x'), ('char', '"'), ('char', '\'),
    ('cid', '0'), ('cid', '4294967295'),
    ('cidr', '10.0.0.0/8'), ('cidr', '2001:db8::/32'),
    ('circle', '<(1,2),3>'),
    ('date', '2023-12-11'), ('date', '2000-01-01'), ('date', '1999-12-31'), ('date', '1600-02-29'), ('date', '0001-01-01'),
    ('date', '0001-12-31 BC'), ('date', '4713-01-01 BC'), ('date', '9999-12-31'), ('date', '10000-01-01'),
    ('date', '5874897-12-31'), ('date', 'infinity'), ('date', '-infinity'),
    ('datemultirange', '{}'), ('datemultirange', '{[2000-01-01,2000-02-01),[2001-01-01,)}'),
    ('daterange', 'empty'), ('daterange', '[2000-01-01,2000-02-01)'), ('daterange', '(,)'),
    ('float4', '0'), ('float4', '-0'), ('float4', '1.5'), ('float4', '0.1'), ('float4', '1e-45'), ('float4', '3.4028235e38'),
    ('float4', '16777216'), ('float4', '1e7'), ('float4', '9.5e-5'), ('float4', 'NaN'), ('float4', 'Infinity'), ('float4', '-Infinity'),
    ('float8', '0'), ('float8', '-0'), ('float8', '1.5'), ('float8', '0.1'), ('float8', '5e-324'), ('float8', '1.7976931348623157e308'),
    ('float8', '9007199254740993'), ('float8', '1e15'), ('float8', '1e16'), ('float8', '1e23'), ('float8', '2e-5'), ('float8', '9e22'),
    ('float8', '-1.0000000000000002'), ('float8', 'NaN'), ('float8', 'Infinity'), ('float8', '-Infinity'),
    ('inet', '192.168.1.1/24'), ('inet', '::1'),
    ('int2', '0'), ('int2', '-32768'), ('int2', '32767'),
    ('int2vector', ''), ('int2vector', '1'), ('int2vector', '1 -2 3'),
    ('int4', '0'), ('int4', '-2147483648'), ('int4', '2147483647'),
    ('int4multirange', '{[1,3),[5,9)}'), ('int4range', '[1,10)'), ('int4range', 'empty'),
    ('int8', '0'), ('int8', '-9223372036854775808'), ('int8', '9223372036854775807'),
    ('int8multirange', '{[1,3),[5,9)}'), ('int8range', '[1,10)'),
    ('interval', '0'), ('interval', '1 year 2 mons -3 days 04:05:06.789'), ('interval', '-178000000 years'), ('interval', '-00:00:00.000001'),
    ('json', '{}'), ('json', E' {"b" : 1 ,\n\t"a":\r\n[ 1.10, "x\\ny\\u00e9", null ], "b":2 } '), ('json', '"scalar"'), ('json', 'null'), ('json', '1e3'),
    ('json', E'[\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"\\r\\n"]'),
    ('jsonb', '{}'), ('jsonb', '[]'), ('jsonb', '{"b":1,"a":[1.10,"x\ny",null,true,false,{"":[]},{"k":{}}]}'), ('jsonb', '"a \"quoted\" \\ scalar"'),
    ('jsonb', 'null'), ('jsonb', 'true'), ('jsonb', '-12345678901234567890.12345678901234567890'), ('jsonb', '1e1000'), ('jsonb', '[[[[[1],2],3],4],[5]]'),
    ('jsonpath', '$.a[*] ? (@.b > 1)'),
    ('line', '{1,2,3}'), ('lseg', '[(0,0),(1,1.5)]'),
    ('macaddr', '08:00:2b:01:02:03'), ('macaddr8', '08:00:2b:01:02:03:04:05'),
    ('money', '0'), ('money', '-1234567.89'), ('money', '92233720368547758.07'),
    ('name', ''), ('name', 'a "name" with \ odd characters'),
    ('numeric', '0'), ('numeric', '0.00'), ('numeric', '1'), ('numeric', '-1'), ('numeric', '1.10'), ('numeric', '-0.1'), ('numeric', '100'),
    ('numeric', '9999'), ('numeric', '10000'), ('numeric', '10000.0001'), ('numeric', '100000000'), ('numeric', '0.0001'), ('numeric', '0.00001'),
    ('numeric', '-0.000000000000000000000000000001'), ('numeric', '123456789012345678901234567890.123456789012345678901234567890'),
    ('numeric', '1e100'), ('numeric', '1.000'), ('numeric', '20000000000.50'), ('numeric', '1' || repeat('0', 131071)), ('numeric', '0.' || repeat('0', 16382) || '1'),
    ('numeric', repeat('1234567890', 100) || '.' || repeat('0987654321', 100)), ('numeric', '0.' || repeat('0', 70)),
    ('numeric', 'NaN'), ('numeric', 'Infinity'), ('numeric', '-Infinity'),
    ('nummultirange', '{[1.10,3),[5,)}'), ('numrange', '[1.10,3)'), ('numrange', '(,)'),
    ('oid', '0'), ('oid', '4294967295'), ('oidvector', ''), ('oidvector', '1 2 4294967295'),
    ('path', '[(0,0),(1,1)]'), ('path', '((0,0),(1,1))'),
    ('pg_lsn', 'FFFFFFFF/FFFFFFFF'), ('pg_snapshot', '10:20:10,14,15'),
    ('point', '(0.1,-Infinity)'), ('polygon', '((0,0),(1,1),(2,0))'),
    ('refcursor', 'a cursor'),
    ('regclass', 'samples'), ('regclass', 'pg_class'), ('regclass', '0'), ('regcollation', '"C"'), ('regconfig', 'english'), ('regdictionary', 'simple'),
    ('regnamespace', 'decode_types'), ('regoper', '||/'), ('regoperator', '+(integer,integer)'), ('regproc', 'now'), ('regprocedure', 'abs(numeric)'),
    ('regrole', quote_ident(current_user)), ('regtype', 'timestamp with time zone'),
    ('text', ''), ('text', 'plain'), ('text', E'all that is escaped: " \\ / \b \f \n \r \t \x01 \x1f \x7f'), ('text', 'exactly sixteen.'),
    ('text', 'exactly sixteen.exactly sixteen.'), ('text', 'exactly sixteen"'), ('text', '"exactly sixteen'), ('text', repeat(E'\n', 100)),
    ('text', repeat('é€😀', 50)), ('text', repeat('long ', 10000)), ('text', repeat('"', 5000)), ('text', '</script>'), ('text', E'\u2028\u2029\ufeff'),
    ('tid', '(0,1)'), ('tid', '(4294967295,65535)'),
    ('time', '00:00'), ('time', '23:59:59.999999'), ('time', '24:00'), ('timetz', '12:34:56.78+14:59'),
    ('timestamp', '2023-12-11 17:09:15.123456'), ('timestamp', '2023-12-11 17:09:15.1'), ('timestamp', '2023-12-11 17:09:15.000001'), ('timestamp', '2023-12-11'),
    ('timestamp', '2000-01-01'), ('timestamp', '1999-12-31 23:59:59.999999'), ('timestamp', '0001-01-01'), ('timestamp', '0001-12-31 23:59:59.999999 BC'),
    ('timestamp', '4713-01-01 BC'), ('timestamp', '9999-12-31 23:59:59.999999'), ('timestamp', '10000-01-01'), ('timestamp', '294276-12-31 23:59:59.999999'),
    ('timestamp', 'infinity'), ('timestamp', '-infinity'),
    ('timestamptz', '2023-12-11 17:09:15.123456+02'), ('timestamptz', '2023-12-11 17:09:15.1-09:30'), ('timestamptz', '2000-01-01 00:00+00'), ('timestamptz', '1969-12-31 23:59:59.999999+00'),
    ('timestamptz', '0001-01-01 00:00+00'), ('timestamptz', '0001-12-31 23:59:59.999999+00 BC'), ('timestamptz', '4714-11-24 00:00+00 BC'), ('timestamptz', '9999-12-31 23:59:59.999999+00'),
    ('timestamptz', '10000-01-01 00:00+00'), ('timestamptz', '294276-12-31 23:59:59.999999+00'), ('timestamptz', 'infinity'), ('timestamptz', '-infinity'),
    ('tsmultirange', '{[2000-01-01,2000-02-01)}'), ('tsrange', '[2000-01-01 00:00,infinity)'),
    ('tsquery', $$'fat' & ( 'rat':AB | 'cat' )$$), ('tsvector', $$'a':1A 'it''s "quoted"':2,3B$$),
    ('tstzmultirange', '{[2000-01-01 00:00+05,2000-02-01 00:00+05)}'), ('tstzrange', '(,2000-01-01 00:00:00.5+05]'),
    ('txid_snapshot', '10:20:10,14,15'),
    ('uuid', '00000000-0000-0000-0000-000000000000'), ('uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'),
    ('varbit', ''), ('varbit', '1010110101'),
    ('varchar', ''), ('varchar', 'plain'),
    ('xid', '0'), ('xid', '4294967295'), ('xid8', '18446744073709551615'),
    ('xml', '<a b="c">text</a>'), ('xml', 'a fragment'),
    ('hstore', ''), ('hstore', '"a"=>"1", "b"=>NULL, "q\"\\"=>"line\nbreak"'), ('citext', 'CaSe'), ('ltree', 'a.b.c'), ('lquery', '*.b{1,}'), ('ltxtquery', 'a & b*');
-- Of these no value can be typed in.
insert into samples
    select typname, null from pg_type
    where typname in ('gtsvector', 'pg_brin_bloom_summary', 'pg_brin_minmax_multi_summary', 'pg_dependencies', 'pg_mcv_list', 'pg_ndistinct', 'pg_node_tree');

create sequence sample;
do $$
declare
    s record;
begin
    for s in select distinct type, t.oid::regtype as name, t.typarray from samples join pg_type t on typname = type loop
        execute format('create table %I (id int, value %s, list %s, matrix %s)', 'type ' || s.type, s.name,
                       coalesce(nullif(s.typarray, 0)::regtype, 'text'), coalesce(nullif(s.typarray, 0)::regtype, 'text'));
        execute format('insert into %I values (0, null, null, null), (-1, null, ''{}'', ''{}'')', 'type ' || s.type);
    end loop;
    for s in
        select type, value, oid::regtype as name, coalesce(nullif(typarray, 0)::regtype, 'text') as array, typdelim as comma,
               '"' || replace(replace(value, '\', '\\'), '"', '\"') || '"' as element
        from samples join pg_type on typname = type where value is not null
    loop
        execute format('insert into %I values (nextval(''sample''), %L::%s, %L::%s, %L::%s)', 'type ' || s.type, s.value, s.name,
                       format('{%s%sNULL}', s.element, s.comma), s.array, format('[-1:0][3:3]={{%s}%s{NULL}}', s.element, s.comma), s.array);
    end loop;
end $$;

-- Every built-in type that a column can have is in there.
select typname as untested from pg_type
where typnamespace = 'pg_catalog'::regnamespace and typtype in ('b', 'e', 'd', 'r', 'm') and typname not in (select type from samples)
    and oid not in (select typarray from pg_type where typname in (select type from samples))
    -- but for arrays of the catalogs' rows and of cstring, which a column cannot have
    and typelem not in (select oid from pg_type where typtype in ('c', 'p'));

--
-- Types that users make
--

create type mood as enum ('sad', 'a "happy" one', '');
create domain positive as numeric(10, 2) check (value > 0);
create domain moods as mood[];
create domain some_json as json;
create type floats as range (subtype = float8);
create type pair as (x int, "odd ""name""" text);
create type nest as (p pair, ps pair[], m mood, d positive, ds moods, r floats, t timestamptz, b bytea);
create domain one_pair as pair;
create table row_type (a int, b text, c int);
alter table row_type drop column b;
create table uses_types (id int, m mood, ms mood[], d positive, dd moods, j some_json, f floats, fm floats_multirange, n nest, ns nest[], o one_pair, os one_pair[], r row_type, h hstore[], c citext[]);
insert into uses_types values
    (1, 'sad', '{sad,NULL,""}', 1.10, '{{sad},{"a \"happy\" one"}}', E'[\n1]', '[0.1,NaN)', '{[1,2),[3,4)}',
     row(row(1, null), array[row(2, 'x')::pair, null], '', 3, '{sad}', '[1,1]', '2023-12-11 17:09:15.5+02', '\x00'),
     array[row(null, null, null, null, null, null, null, null)::nest, null], row(1, E'\n"'), array[row(2, '')::one_pair], row(1, 2), array['a=>1'::hstore], '{A,b}'),
    (2, null, null, null, null, null, null, null, null, null, null, null, null, null, null),
    (3, null, '{}', null, '{}', null, 'empty', '{}', null, '{}', null, '{}', null, '{}', '{}');
-- A type that changes: each row must look as it did then.
create type changing as (a int, gone text);
create table uses_changing (id int, c changing, cs changing[]);
create table rows_then (id int, row_then jsonb);
insert into uses_changing values (1, row(1, 'x'), array[row(2, 'y')::changing]);
insert into rows_then select 1, to_jsonb(t) from uses_changing t where id = 1;
alter type changing add attribute b int;
insert into uses_changing select 2, c, cs from uses_changing;
insert into uses_changing values (3, row(3, 'z', 4), array[row(5, 'a', 6)::changing]);
insert into rows_then select id, to_jsonb(t) from uses_changing t where id > 1;
alter type changing drop attribute gone;
alter type changing rename attribute b to renamed;
insert into uses_changing select 4, c, cs from uses_changing where id = 3;
insert into uses_changing values (5, row(7, 8), array[row(9, 10)::changing]);
insert into rows_then select id, to_jsonb(t) from uses_changing t where id > 3;

-- Casts to json: to_jsonb calls any of them; while decoding only one in C can be called.
create type colour as (r int, g int, b int);
create function colour_to_json(colour) returns json language sql as $$ select '"a colour"'::json $$;
create cast (colour as json) with function colour_to_json(colour);
create type shade as enum ('dark', 'light');
create function shade_to_json(shade) returns json language sql as $$ select '["shade"]'::json $$;
create cast (shade as json) with function shade_to_json(shade);
create table uses_casts (id int, c colour, s shade);
insert into uses_casts values (1, row(1, 2, 3), 'dark');

-- Values that only the server makes
create table big as select i % 2 as a, i % 4 as b from generate_series(1, 100) i;
create statistics some_statistics (ndistinct, dependencies, mcv) on a, b from big;
analyze big;
create table server_values as
    select 1 as id, stxdndistinct, stxddependencies, stxdmcv, (select ev_action from pg_rewrite order by oid limit 1)
    from pg_statistic_ext_data join pg_statistic_ext on oid = stxoid where stxname = 'some_statistics';

--
-- The comparison
--

create table decoded as
    select change->>'table' as name, (change->'after'->>'id')::int as id, change->'after' as after
    from (select data::jsonb as change from pg_logical_slot_get_changes('decode_types', null, null, 'include-tables', 'decode_types.*', 'exclude-tables', '*.samples, *.big, *.decoded, *.rows_then')) c;

create table mismatches (name text, id int, expected text, decoded text);
do $$
declare
    t text;
begin
    for t in select distinct name from decoded where name <> 'uses_changing' loop
        execute format('insert into mismatches select %L, id, to_jsonb(t), after from %I t full join (select * from decoded where name = %L) d using (id)
                        where to_jsonb(t)::text is distinct from after::text', t, t, t);
    end loop;
end $$;
insert into mismatches
    select name, id, row_then, after from rows_then full join (select * from decoded where name = 'uses_changing') d using (id)
    where row_then::text is distinct from after::text;

select count(distinct name) as types, count(*) as rows from decoded where name like 'type %';
select name, id, left(expected, 200) as expected, left(decoded, 200) as decoded from mismatches order by 1, 2;

-- What an update leaves as it was looks the same before and after.
do $$
declare
    t text;
begin
    for t in select distinct name from decoded where name <> 'uses_changing' loop
        execute format('alter table %I replica identity full; update %1$I set id = id + 1000', t);
    end loop;
end $$;
select count(*) = (select count(*) from decoded where name <> 'uses_changing') as all_updated,
       count(*) filter (where (change->'before') || jsonb_build_object('id', (change->'before'->'id')::int + 1000) <> change->'after') as different,
       count(*) filter (where d.after - 'id' <> (change->'after') - 'id') as changed
from (select data::jsonb as change from pg_logical_slot_get_changes('decode_types', null, null, 'include-tables', 'decode_types.*', 'operations', 'update')) c
left join decoded d on d.name = change->>'table' and d.id = (change->'before'->'id')::int;

set client_min_messages = error;
drop schema decode_types cascade;
drop extension hstore;
drop extension citext;
drop extension ltree;
select pg_drop_replication_slot('decode_types');
