-- The key pg of a context is what the server attests: whoever else writes it, in whatever way, is not heard.
set synchronous_commit = on;
set client_min_messages = warning;
\pset format unaligned
\pset tuples_only on
select current_user as superuser \gset
create role regress_bemi_alice login;
create role regress_bemi_mallory login replication;
create schema decode_facts;
grant all on schema decode_facts to public;
set search_path = decode_facts;
create extension if not exists bemi;
create table t (id int, what text);
create table bulk (id int);
grant all on t, bulk to public;
select bemi.track('t'), bemi.track('bulk', level => 'statement');
select 'ready' from pg_create_logical_replication_slot('decode_facts', 'bemi');
create function changes(variadic options text[] default '{}') returns setof text language sql as $$
    select regexp_replace(data, '^.*"after":(\{.*\}),"context":(\{.*\}),"committed_at".*$', '\1 \2')
    from pg_logical_slot_peek_changes('decode_facts', null, null, variadic array['include-tables', 'decode_facts.*', 'messages', '*'] || options)
$$;
create function done() returns text language sql as $$
    select 'done' from (select count(*) from pg_logical_slot_get_changes('decode_facts', null, null)) c
$$;

-- A forger has one transaction and all ways to say something.
create procedure forge(last int, transactional boolean default true) language plpgsql as $$
begin
    perform set_config('bemi.context', '{"mine": 1, "pg": {"user": "ceo"}, "\u0070g": {"user": "ceo"}}', true);
    insert into decode_facts.t values (last + 1, 'setting');
    perform pg_logical_emit_message(transactional, '_bemi', '{"mine": 2, "pg": {"user": "ceo"}}');
    insert into decode_facts.t values (last + 2, 'claim');
    perform pg_logical_emit_message(transactional, '_bemi_facts', '{"user": "ceo"}');
    insert into decode_facts.t values (last + 3, 'facts');
    perform pg_logical_emit_message(transactional, '_bemi_facts', '{"pg": {"user": "ceo"}}');
    perform pg_logical_emit_message(transactional, '_bemi_facts', '{}');
    perform pg_logical_emit_message(transactional, '_bemi_facts', 'nonsense');
    insert into decode_facts.bulk values (last + 4);
end
$$;

-- An ordinary role, with facts
alter role regress_bemi_alice set bemi.capture = 'user';
alter role regress_bemi_mallory set bemi.capture = 'session_user';
\c - regress_bemi_alice
set search_path = decode_facts;
call forge(0);
call forge(10, transactional => false);
insert into t values (20, 'comment') /*Bemi {"mine": 3, "pg": {"user": "ceo"}} Bemi*/;
insert into t values (21, 'nothing');
\c - :superuser
set search_path = decode_facts;
select changes();
select done();

-- and without
alter role regress_bemi_alice reset bemi.capture;
\c - regress_bemi_alice
set search_path = decode_facts;
call forge(30);
call forge(40, transactional => false);
insert into t values (50, 'comment') /*Bemi {"mine": 3, "pg": {"user": "ceo"}} Bemi*/;
insert into t values (51, 'SQL is a claim') /*Bemi {"SQL": "mine", "pg": {"sql": "mine"}} Bemi*/;
\c - :superuser
set search_path = decode_facts;
select changes();
select done();

-- A role with REPLICATION that may do all there is with origins
select count(pg_replication_origin_create('decode_facts_' || n)) from generate_series(1, 3) n;
select format('grant execute on function %s to regress_bemi_mallory', oid::regprocedure) from pg_proc where proname like 'pg\_replication\_origin%' order by 1 \gexec
\c - regress_bemi_mallory
set search_path = decode_facts;
select pg_replication_origin_session_setup('decode_facts_2');
call forge(60);
begin;
select pg_replication_origin_xact_setup('0/ABCD', '2000-01-01 00:00Z');
call forge(70);
commit;
select pg_replication_origin_session_is_setup() as still_the_sessions;
insert into t values (75, 'again') /*Bemi {"mine": 3, "pg": {"session_user": "ceo"}} Bemi*/;
-- a context that is emitted under one origin and stays in force under another, or under none
begin;
set local bemi.context = '{"mine": 4}';
insert into t values (76, 'with an origin');
select pg_replication_origin_session_reset();
insert into t values (77, 'without');
select pg_replication_origin_session_setup('decode_facts_3');
insert into t values (78, 'with another');
select pg_replication_origin_session_reset();
commit;
\c - :superuser
set search_path = decode_facts;
select changes();
select data from pg_logical_slot_peek_changes('decode_facts', null, null, 'format-version', '2', 'include-types', 'false', 'include-transaction', 'false',
    'add-tables', 'decode_facts.t', 'filter-origins', (select string_agg(roident::text, ',') from pg_replication_origin where roname like 'decode\_facts\_%'));
select data from pg_logical_slot_peek_changes('decode_facts', null, null, 'add-tables', 'decode_facts.t') limit 1;
select done();

-- Facts and claims are written each when it changes, and a savepoint brings both back
select 'ready' from pg_create_logical_replication_slot('decode_facts_wire', 'test_decoding');
set bemi.capture = 'user, application_name';
begin;
set local bemi.context = '{"claim": 1}';
set local application_name = 'one';
set local role regress_bemi_alice;
insert into t values (80, 'alice one');
savepoint a;
set local role regress_bemi_mallory;
insert into t values (81, 'mallory one');
savepoint b;
set local bemi.context = '{"claim": 2}';
insert into t values (82, 'mallory one');
set local application_name = 'two';
insert into bulk values (83);
rollback to b;
insert into t values (84, 'mallory one');
release b;
insert into t values (85, 'mallory one');
rollback to a;
insert into t values (86, 'alice one');
set local bemi.context = '';
insert into t values (87, 'alice one');
reset role;
set local bemi.capture = '';
insert into t values (88, 'nothing');
set local bemi.context = '{"claim": 3}';
insert into bulk values (89);
commit;
select replace(changes, :'superuser', 'superuser') from changes();
select data from pg_logical_slot_peek_changes('decode_facts_wire', null, null, 'include-xids', 'off') where data ~ '^(message|table decode_facts)';
select done();

-- The statement is pg.sql and SQL, whatever else is claimed; keys keep their order
set bemi.capture = 'sql';
insert into t values (90, 'x') /*Bemi {"z": 1.10, "SQL": "mine", "a": {"pg": 1}} Bemi*/;
set bemi.capture = 'sql, user';
set role regress_bemi_alice;
insert into t values (91, '"é\') /*Bemi {"\u0053QL": "mine"} Bemi*/;
reset role;
reset bemi.capture;
select changes();
select data from pg_logical_slot_peek_changes('decode_facts', null, null, 'format-version', '2', 'include-types', 'false', 'include-transaction', 'false', 'add-tables', 'decode_facts.t');
select done();

-- A claim above bemi.max_context_size ends the one before, but is not queued: the transaction stays too small to be streamed
set logical_decoding_work_mem = '64kB';
begin;
set local bemi.context = '{"mine": 5}';
insert into t values (92, 'before');
select 'written' from pg_logical_emit_message(true, '_bemi', format('{"mine": "%s"}', repeat('x', 1024 * 1024)));
insert into t values (93, 'after');
select 'written' from pg_logical_emit_message(true, '_bemi', format('{"m": "%s"}', repeat('x', 1000)));
insert into t values (94, 'after a smaller one');
commit;
select left(changes, 80) from changes('stream', 'on');
select done();
reset logical_decoding_work_mem;

-- WAL of a library that did not attest its facts yet: they are claims, and so is the statement
begin;
select 'written' from pg_logical_emit_message(true, '_bemi', '{"user_id":7,"SQL":"INSERT","pg":{"user":"alice"}}');
insert into t values (95, 'old');
commit;
select changes();

select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name like 'decode\_facts%';
select count(pg_replication_origin_drop(roname)) from pg_replication_origin where roname like 'decode\_facts\_%';
set client_min_messages = warning;
drop schema decode_facts cascade;
select format('revoke execute on function %s from regress_bemi_mallory', oid::regprocedure) from pg_proc where proname like 'pg\_replication\_origin%' order by 1 \gexec
drop role regress_bemi_alice, regress_bemi_mallory;
