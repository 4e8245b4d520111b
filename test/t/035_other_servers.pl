# Servers on which nothing can be decoded: the context and tracked tables are harmless there, and errors are clear.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Cluster;
use Test::More;

my $write = q{
    SET bemi.context = '{"user_id": 1}';
    INSERT INTO todo VALUES (1, 'Sleep');
    UPDATE todo SET task = 'Nap';
    SELECT bemi.set_context('{"user_id": 2}', is_local => true);
    DELETE FROM todo /*Bemi {"endpoint": "/todo"} Bemi*/;
    TRUNCATE todo;
    SELECT count(*) FROM todo;
};

my $faults = q{SELECT string_agg("check", ', ') FROM bemi.doctor() WHERE NOT ok};

for my $level ('replica', 'minimal') {
    my $node = server($level, "wal_level = $level", 'max_wal_senders = 0');
    create_todo($node);
    my ($status, $out, $errors) = $node->psql('postgres', $write, on_error_stop => 1);
    is("$status $errors", '0 ', "wal_level = $level: tracked tables are written to as ever");
    ($status, $out, $errors) = $node->psql('postgres', q{SELECT pg_create_logical_replication_slot('s', 'bemi')});
    like($errors, qr/ "?wal_level"? >= /, "wal_level = $level: a slot is refused");
    is(one_of($node, $faults), 'wal_level', "wal_level = $level: which is all that bemi.doctor() finds");
    $node->stop;
}

my $primary = server('primary');
create_todo($primary);
$primary->safe_psql('postgres', q{INSERT INTO todo VALUES (1, 'Sleep'); SELECT bemi.start()});
$primary->poll_query_until('postgres', q{SELECT state = 'caught up' FROM bemi.status});
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('flush'));

is(one_of($standby, q{SET bemi.context = '{"user_id": 1}'; SELECT task, bemi.current_context() FROM todo /*Bemi {"a": 2} Bemi*/}),
    'Sleep|{"a": 2, "user_id": 1}', 'a hot standby takes a context and reads');
is(one_of($standby, 'SELECT relation, problems IS NULL FROM bemi.tracked_tables'), 'todo|t', 'and tells what is tracked');
is(one_of($standby, $faults), '', 'bemi.doctor() finds no fault with it');
$primary->safe_psql('postgres', 'ALTER TABLE todo REPLICA IDENTITY DEFAULT');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('flush'));
is(one_of($standby, 'SELECT fix FROM bemi.doctor() WHERE NOT ok'), q{SELECT bemi.track('public.todo'); -- on the primary},
    'and what the primary has');
$primary->safe_psql('postgres', q{SELECT bemi.track('todo'), bemi.stop(drop_slot => true)});
my ($status, $out, $errors) = $standby->psql('postgres', q{SELECT bemi.untrack('todo')});
like($errors, qr/read-only transaction|during recovery/, 'and changes none of it');

$standby->promote;
create_slot($standby, 's');
$standby->safe_psql('postgres', q{SET bemi.context = '{"user_id": 3}'; INSERT INTO todo VALUES (3)});
is(brief(receive($standby, 's')), 'CREATE 3 {"user_id":3}', 'after its promotion it captures');

# Servers since August 2026 load only the output plugins that are listed.
SKIP: {
    skip 'this server does not know output_plugin_libraries', 2
        if one_of($primary, q{SELECT count(*) FROM pg_settings WHERE name = 'output_plugin_libraries'}) eq '0';
    create_slot($primary, 's');
    $primary->append_conf('postgresql.conf', q{output_plugin_libraries = 'pgoutput'});
    $primary->restart;
    ($status, $out, $errors) = $primary->psql('postgres', q{SELECT pg_create_logical_replication_slot('t', 'bemi')});
    like($errors, qr/bemi.*output_plugin_libraries/s, 'output_plugin_libraries without bemi: no slot');
    ($status, $out, $errors) = $primary->psql('postgres', q{SELECT data FROM pg_logical_slot_peek_changes('s', NULL, NULL)});
    like($errors, qr/bemi.*output_plugin_libraries/s, 'output_plugin_libraries without bemi: no reading');
}

done_testing();
