# What is tracked is in the triggers alone: whatever is done to the tables beside them, nothing is lost and no slot fails.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main');

sub sql { return $node->safe_psql('postgres', @_) }

sub read_slot {
    my ($slot, %options) = @_;
    my $list = join '', map { ", '$_', '$options{$_}'" } sort keys %options;
    return changes_in(sql("SELECT data FROM pg_logical_slot_get_changes('$slot', NULL, NULL$list)") . "\n");
}

sub stored_is {
    my ($key, $name) = @_;
    ok($node->poll_query_until('postgres', qq{SELECT count(*) = 1 FROM bemi.changes WHERE primary_key = '$key' AND context = '{"n": $key}'}),
        $name) or diag(one_of($node, 'SELECT m FROM bemi.metrics m'));
}

# REINDEX, VACUUM FULL and CLUSTER of all that is read while decoding, between the changes and their decoding.
create_todo($node);
create_slot($node, 'tracked');
sql('SELECT bemi.start()');
$node->poll_query_until('postgres', q{SELECT state = 'caught up' FROM bemi.status});
my $key = 0;
for my $command ('REINDEX TABLE bemi.tracked_schemas', 'REINDEX TABLE pg_trigger', 'VACUUM FULL pg_trigger', 'CLUSTER pg_trigger USING pg_trigger_oid_index',
    'VACUUM FULL bemi.tracked_schemas', 'REINDEX SCHEMA bemi', 'REINDEX SYSTEM postgres', 'VACUUM FULL todo', 'REINDEX TABLE todo') {
    $key++;
    sql('SELECT bemi.stop()');
    $node->poll_query_until('postgres', q{SELECT pid IS NULL FROM bemi.metrics});
    sql(qq{INSERT INTO todo VALUES ($key) /*Bemi {"n": $key} Bemi*/});
    sql($command);
    sql('SELECT bemi.start()');
    stored_is($key, "$command: stored");
    is(brief(read_slot('tracked', 'tracked-only' => 'on')), qq(CREATE $key {"n":$key}), 'and decoded');
}

# A tracked table that is dropped where triggers do not fire; all that follows works.
sql(q{
    CREATE TABLE gone (id int PRIMARY KEY);
    SELECT bemi.track('gone');
    INSERT INTO gone VALUES (100) /*Bemi {"n": 100} Bemi*/;
    SET session_replication_role = replica;
    DROP TABLE gone;
    RESET session_replication_role;
    CREATE TABLE event (id int) PARTITION BY RANGE (id);
    CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10);
    CREATE SCHEMA after CREATE TABLE t (id int);
    SELECT bemi.track('event');
    SELECT bemi.untrack('event');
});
stored_is(100, 'the change of a dropped table is stored');
is(one_of($node, q{SELECT count(*) FROM bemi.doctor() WHERE "check" = 'tables' AND NOT ok}), 0, 'nothing is wrong');
read_slot('tracked');

# The triggers go, and VACUUM clears pg_class.relhastriggers in place, before the changes are decoded.
sql(q{
    CREATE TABLE former (id int PRIMARY KEY);
    SELECT bemi.track('former');
    INSERT INTO former VALUES (1) /*Bemi {"n": 1} Bemi*/;
    SELECT bemi.untrack('former');
});
sql(q{VACUUM former});
sql(q{INSERT INTO former VALUES (2) /*Bemi {"n": 2} Bemi*/});
is(brief(read_slot('tracked', 'tracked-only' => 'on')), 'CREATE 1 {"n":1}', 'what was tracked then is');
stored_is(101, 'and what is tracked now') if sql(q{INSERT INTO todo VALUES (101) /*Bemi {"n": 101} Bemi*/; SELECT 1});
read_slot('tracked');

# UNLOGGED and back; a table in use meanwhile.
sql(q{ALTER TABLE todo SET UNLOGGED; INSERT INTO todo VALUES (102); ALTER TABLE todo SET LOGGED; INSERT INTO todo VALUES (103) /*Bemi {"n": 103} Bemi*/});
stored_is(103, 'after SET UNLOGGED and SET LOGGED');
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM bemi.changes WHERE primary_key = '102' AND operation = 'BASELINE'}),
    'and the row that was not logged, as a baseline');
is(one_of($node, q{SELECT problems IS NULL FROM bemi.tracked_tables WHERE relation = 'todo'::regclass}), 't', 'so nothing is missing');
read_slot('tracked');

# Whose context: rows without an enabled trigger have none, in every format.
sql(q{
    CREATE TABLE plain (id int PRIMARY KEY);
    ALTER TABLE plain REPLICA IDENTITY FULL;
    CREATE SCHEMA app;
    SELECT bemi.track_schema('app');
    BEGIN;
    INSERT INTO todo VALUES (200) /*Bemi {"n": 200} Bemi*/;
    INSERT INTO plain VALUES (201);
    CREATE TABLE app.made AS SELECT 202 AS id;
    INSERT INTO app.made VALUES (203) /*Bemi {"n": 203} Bemi*/;
    ALTER TABLE todo DISABLE TRIGGER ALL;
    INSERT INTO todo VALUES (204);
    ALTER TABLE todo ENABLE ALWAYS TRIGGER "~bemi_row";
    INSERT INTO todo VALUES (205) /*Bemi {"n": 205} Bemi*/;
    TRUNCATE todo;
    ALTER TABLE todo ENABLE ALWAYS TRIGGER "~bemi_truncate";
    TRUNCATE todo /*Bemi {"n": 206} Bemi*/;
    COMMIT;
});
my @contexts = map { $_->{table} . ' ' . ($_->{after}{id} // $_->{operation}) . ' ' . ($_->{context}{n} // 'none') } read_slot('tracked');
is_deeply(\@contexts, ['todo 200 200', 'plain 201 none', 'made 202 none', 'made 203 203', 'todo 204 none', 'todo 205 205', 'todo TRUNCATE none', 'todo TRUNCATE 206'],
    'rows without a trigger have no context');
ok($node->poll_query_until('postgres', q{SELECT count(*) = 8 FROM bemi.changes WHERE "table" IN ('todo', 'made') AND (after->>'id')::int > 199 OR operation = 'TRUNCATE'}),
    'all are stored, and the rows of the table that CREATE TABLE AS has made, as a baseline');
is(one_of($node, q{SELECT string_agg(COALESCE(context->>'n', 'none'), ' ' ORDER BY commit_position, sequence) FROM bemi.changes
    WHERE operation <> 'BASELINE' AND ((after->>'id')::int > 199 OR operation = 'TRUNCATE')}), '200 203 none 205 none 206', 'with the contexts that are theirs');
is(one_of($node, q{SELECT operation FROM bemi.changes WHERE after->>'id' = '202'}), 'BASELINE', 'which has its own operation');
sql($_) for split /\n/, one_of($node, q{SELECT fix FROM bemi.doctor() WHERE NOT ok AND "check" = 'tables'});
is(one_of($node, q{SELECT problems IS NULL, by_schema, baseline FROM bemi.tracked_tables WHERE relation = 'app.made'::regclass}), 't|t|complete',
    'nothing is missing');

# An event trigger sees no EXPLAIN: what it makes is not tracked, and shown.
sql(q{EXPLAIN ANALYZE CREATE TABLE app.explained AS SELECT 1 AS id});
is(one_of($node, q{SELECT level IS NULL, problems FROM bemi.tracked_tables WHERE relation = 'app.explained'::regclass}), 't|{"is not tracked"}', 'a table that was made by EXPLAIN');

# Arguments that somebody wrote by hand, up to what no database has.
sql(q{
    CREATE TABLE by_hand (id int PRIMARY KEY);
    SELECT bemi.track('by_hand');
    DROP TRIGGER "~bemi_truncate" ON by_hand;
    CREATE TRIGGER "~bemi_truncate" BEFORE TRUNCATE ON by_hand EXECUTE FUNCTION
        bemi.emit_context('level=row', 'level=', 'level=none', 'colour=blue', '', '=', 'identity=index ', 'identity=index', 'rule=mine');
    ALTER TABLE by_hand ENABLE ALWAYS TRIGGER "~bemi_truncate";
});
is(one_of($node, q{SELECT level, problems FROM bemi.tracked_tables WHERE relation = 'by_hand'::regclass}),
    q(row|{"options of trigger \"~bemi_truncate\" are not understood: \"level=\", \"level=none\", \"colour=blue\" and 5 more"}), 'arguments that are not understood are shown');
sql(q{DO $$ BEGIN EXECUTE format('CREATE OR REPLACE TRIGGER "~bemi_truncate" BEFORE TRUNCATE ON by_hand EXECUTE FUNCTION bemi.emit_context(%s)',
    (SELECT string_agg(quote_literal('exclude_columns=' || repeat('x', 64) || n), ', ') FROM generate_series(1, 1000) n)); END $$;
    ALTER TABLE by_hand ENABLE ALWAYS TRIGGER "~bemi_truncate"});
like(one_of($node, q{SELECT problems FROM bemi.tracked_tables WHERE relation = 'by_hand'::regclass}), qr/^\{"options of.*and 997 more"\}$/, 'a thousand of them');
sql(q{UPDATE pg_trigger SET tgargs = '\xff3dff00fe' WHERE tgrelid = 'by_hand'::regclass AND tgname = '~bemi_truncate'});
like(one_of($node, q{SELECT problems FROM bemi.tracked_tables WHERE relation = 'by_hand'::regclass}), qr/in another encoding/, 'bytes that are no text');
read_slot('tracked');
sql(q{INSERT INTO by_hand VALUES (300) /*Bemi {"n": 300} Bemi*/});
stored_is(300, 'no write and no stream fails for them');
is(brief(read_slot('tracked', 'tracked-only' => 'on')), 'CREATE 300 {"n":300}', 'and a client gets it');
sql(one_of($node, q{SELECT fix FROM bemi.doctor() WHERE NOT ok AND found LIKE '%by_hand%'}));
is(one_of($node, q{SELECT problems IS NULL FROM bemi.tracked_tables WHERE relation = 'by_hand'::regclass}), 't', 'and the fix mends it');

# The extension goes, with changes unread: other slots of the database are well.
sql(q{
    SELECT bemi.stop(drop_slot => true);
    CREATE PUBLICATION p FOR ALL TABLES;
    SELECT pg_create_logical_replication_slot('pgoutput', 'pgoutput'), pg_create_logical_replication_slot('test', 'test_decoding');
    INSERT INTO todo VALUES (400) /*Bemi {"n": 400} Bemi*/;
    CREATE TABLE more (id int);
});
sql(q{SELECT bemi.track('more')});
sql(q{SET client_min_messages = warning; DROP EXTENSION bemi CASCADE});
sql(q{VACUUM todo; VACUUM FULL pg_class; INSERT INTO todo VALUES (401)});
cmp_ok(one_of($node, q{SELECT count(*) FROM pg_logical_slot_get_binary_changes('pgoutput', NULL, NULL, 'proto_version', '1', 'publication_names', 'p')}), '>', 2, 'a slot of pgoutput');
is(one_of($node, q{SELECT count(*) FROM pg_logical_slot_get_changes('test', NULL, NULL) WHERE data LIKE 'table public.todo:%'}), 2, 'one of test_decoding');
is(brief(read_slot('tracked', 'tracked-only' => 'on')), 'CREATE 400 {"n":400}', 'one of bemi, which knows what was tracked');

done_testing();
