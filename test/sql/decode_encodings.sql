-- Databases that are not UTF-8: the output is ASCII, and so the same JSON in any encoding.
\pset format unaligned
set client_min_messages = warning;
create database bemi_latin1 template template0 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C';
create database bemi_euc_jp template template0 encoding 'EUC_JP' lc_collate 'C' lc_ctype 'C';
create database bemi_sql_ascii template template0 encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C';
select current_database() as home \gset


\c bemi_latin1
set client_encoding = 'UTF8';
set synchronous_commit = on;
select 'ready' as slot from pg_create_logical_replication_slot('bemi_encoding', 'bemi');
create table "tüble" ("cölumn" text primary key, j json, x "char", a text[]);
-- whose contexts are written by hand here, in place of such a trigger
create trigger _bemi_row_trigger_x before insert on "tüble" for each row when (false) execute function suppress_redundant_updates_trigger();
begin;
select pg_logical_emit_message(true, '_bemi', '\x7b226e616d65223a22c3a9e282acf09f9880222c0a2262223a317d'::bytea) is not null as sent;
insert into "tüble" values ('é "quoted" ÿ', E'{"é":\n"ü"}', 'x', array['ß', null, 'plain']);
insert into "tüble" values (repeat('é', 3000));
insert into "tüble" values (repeat('plain', 1000) || 'é');
commit;
select regexp_replace(regexp_replace(substr(data, strpos(data, '"table"'), strpos(data, ',"committed_at"') - strpos(data, '"table"')), '(\\u00e9){100,}', 'many \\u00e9', 'g'), '(plain){100,}', 'many plain', 'g') as line
from pg_logical_slot_peek_changes('bemi_encoding', null, null);
-- what is written is the row
select count(*), bool_and(after = to_jsonb(t)) as same
from (select substring(data from '"after":(.*),"context"')::jsonb as after from pg_logical_slot_get_changes('bemi_encoding', null, null)) c
    join "tüble" t on after->>'cölumn' = t."cölumn";
select pg_logical_emit_message(true, 'präfix', 'tëxt') is not null as sent;
select pg_logical_emit_message(true, 'präfix', '\xff00'::bytea) is not null as sent;
select substr(data, strpos(data, '"prefix"'), strpos(data, ',"context"') - strpos(data, '"prefix"')) as line
from pg_logical_slot_get_changes('bemi_encoding', null, null, 'messages', 'präfix', 'include-tables', '*.tüble');
select 'dropped' as slot from pg_drop_replication_slot('bemi_encoding');

\c bemi_euc_jp
set client_encoding = 'UTF8';
set synchronous_commit = on;
select 'ready' as slot from pg_create_logical_replication_slot('bemi_encoding', 'bemi');
create table "表" ("列" text primary key);
insert into "表" values ('日本語 "text" ｱ 丂'), (repeat('あ', 3000) || 'x' || repeat('い', 3000));
-- valid in the encoding, but without an equivalent in UTF-8
insert into "表" select convert_from('\x61a9fe62'::bytea, 'EUC_JP');
select regexp_replace(substr(data, strpos(data, '"table"'), strpos(data, ',"context"') - strpos(data, '"table"')), '(\\u304[24]){100,}', 'many \1', 'g') as line
from pg_logical_slot_peek_changes('bemi_encoding', null, null);
select 'dropped' as slot from pg_drop_replication_slot('bemi_encoding');

\c bemi_sql_ascii
set synchronous_commit = on;
select 'ready' as slot from pg_create_logical_replication_slot('bemi_encoding', 'bemi');
create table t (id int primary key, v text);
insert into t values (1, E'UTF-8: \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80');
insert into t values (2, E'not UTF-8: \xe9 \xc3 \xe2\x82 \xed\xa0\x80 \xf8\x88\x80\x80\x80 \xff');
insert into t values (3, E'\xe9');
select substr(data, strpos(data, '"after"'), strpos(data, ',"context"') - strpos(data, '"after"')) as line
from pg_logical_slot_get_changes('bemi_encoding', null, null);
select 'dropped' as slot from pg_drop_replication_slot('bemi_encoding');

\c :home
drop database bemi_latin1;
drop database bemi_euc_jp;
drop database bemi_sql_ascii;
