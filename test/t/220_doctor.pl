# bemi.doctor(): each fault is shown, by itself, and what is printed as its fix mends it: then all is well, and changes are
# stored again.
use strict;
use warnings;
use Bemi;
use Encode;
use File::Copy;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 'logical', extra => ['--wal-segsize=1']);
$node->append_conf('postgresql.conf', "max_wal_size = 32MB\nmax_prepared_transactions = 5"); 
$node->start;

# Quotes, a backslash, white space and what is not ASCII, wherever a fix has a name.
my $todo = q{"Über ""die"" \\ 'Welt'".todo};
$node->safe_psql('postgres', qq{
    CREATE ROLE "the owner" SUPERUSER;
    SET ROLE "the owner";
    CREATE EXTENSION bemi;
    CREATE SCHEMA "Über ""die"" \\ 'Welt'";
    CREATE TABLE $todo (id int PRIMARY KEY, task text);
    CREATE TABLE event (id int, note json) PARTITION BY RANGE (id);
    CREATE TABLE "event 1" PARTITION OF event FOR VALUES FROM (0) TO (10);
    CREATE SCHEMA app;
    CREATE TABLE app.job (id int);
    SELECT bemi.track('event', 'statement'), bemi.track_schema('app'), bemi.track_schema('"Über ""die"" \\ ''Welt''"');
    SELECT bemi.start();
});
$node->safe_psql('postgres', q{CREATE TABLE tracked AS SELECT to_jsonb(t) - 'baseline' FROM bemi.tracked_tables t});

sub doctor {
    my ($server) = @_;
    my $rows = one_of($server, 'SELECT json_agg(d) FROM bemi.doctor() d');
    return @{ JSON::PP->new->utf8->decode($rows) };
}

sub faults {
    my %seen;
    return join ', ', grep { !$seen{$_}++ } map { $_->{check} } grep { !$_->{ok} } doctor($_[0] // $node);
}

sub faults_become {
    my ($expected, $name) = @_;
    my $found;
    wait_until(sub { ($found = faults()) eq $expected });
    is($found, $expected, $name) or diag(join "\n", map { JSON::PP->new->utf8->canonical->encode($_) } doctor($node));
}

# Runs what is printed, from top to bottom.
sub mend {
    for my $row (grep { !$_->{ok} } doctor($node)) {
        my ($status, $out, $errors) = $node->psql('postgres', encode('UTF-8', $row->{fix}), on_error_stop => 1);
        is($status, 0, "the fix for: $row->{found}") or diag("$row->{fix}: $errors");
        $node->restart if $row->{fix} =~ /restart the server$/;
    }
}

# A copy has the row of bemi.worker of the database that it was made of, which is not its own.
$node->safe_psql('template1', 'CREATE DATABASE copy TEMPLATE postgres');
is(one_of($node, q{SELECT count(*) FROM bemi.doctor() WHERE NOT ok}, 'copy'), 0, 'in a copy of the database nothing is wrong');
$node->safe_psql('postgres', 'DROP DATABASE copy');

my $write_wal = q{SELECT count(pg_logical_emit_message(false, 'filler', repeat('x', 1000000))) FROM generate_series(1, %s)};
my $lose_slot = q{
    SELECT bemi.stop();
    DO $$ BEGIN WHILE (SELECT pid FROM bemi.metrics) IS NOT NULL LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
    ALTER SYSTEM SET max_slot_wal_keep_size = '1MB';
    SELECT pg_reload_conf();
    } . sprintf($write_wal, 5) . q{;
    CHECKPOINT;
    ALTER SYSTEM RESET max_slot_wal_keep_size;
    SELECT pg_reload_conf();
};
my $has_list = one_of($node, q{SELECT count(*) FROM pg_settings WHERE name = 'output_plugin_libraries'});
my $library = $node->basedir . '/An "odd" one.so';
copy(one_of($node, q{SELECT setting FROM pg_config WHERE name = 'PKGLIBDIR'}) . '/test_decoding.so', $library) or die $!;
my $quoted_library = $library =~ s/"/""/gr;
my $client; # a session of another

sub setting_is {
    my ($name, $expected) = @_;
    return sub { is(one_of($node, "SHOW $name"), $expected, "$name keeps what it had") };
}

# What is done, which checks fail, and which ones do once the fixes have run; `ends` is called then.
my @faults = (
    [ 'an owner without INSERT', qq{ALTER ROLE "the owner" NOSUPERUSER; REVOKE INSERT ON bemi.changes FROM "the owner"}, 'privileges' ],
    [ 'an owner without his tables', q{ALTER TABLE bemi.changes OWNER TO CURRENT_USER; REVOKE ALL ON SCHEMA bemi FROM "the owner"},
        'privileges', '', sub { $node->safe_psql('postgres', 'ALTER ROLE "the owner" SUPERUSER') } ],
    [ 'an owner without anything', qq{
        ALTER ROLE "the owner" NOSUPERUSER;
        REVOKE ALL ON ALL TABLES IN SCHEMA bemi FROM "the owner";
        REVOKE ALL ON SCHEMA bemi FROM PUBLIC, "the owner"}, 'privileges', '', sub { $node->safe_psql('postgres', 'ALTER ROLE "the owner" SUPERUSER') } ],
    [ 'triggers: dropped, disabled, not ALWAYS', qq{
        DROP TRIGGER "~bemi_row" ON $todo;
        ALTER TABLE $todo DISABLE TRIGGER "~bemi_truncate";
        ALTER TABLE app.job ENABLE TRIGGER "~bemi_row";
        DROP TRIGGER "~bemi_statement" ON "event 1"}, 'tables' ],
    [ 'replica identities', qq{
        ALTER TABLE $todo REPLICA IDENTITY NOTHING;
        ALTER TABLE event REPLICA IDENTITY DEFAULT;
        ALTER TABLE "event 1" REPLICA IDENTITY DEFAULT}, 'tables' ],
    [ 'unlogged tables', qq{
        ALTER TABLE app.job SET UNLOGGED;
        ALTER TABLE $todo SET UNLOGGED;
        ALTER TABLE $todo REPLICA IDENTITY NOTHING}, 'tables' ],
    [ 'a partition that is not tracked', q{
        ALTER EVENT TRIGGER bemi_ddl_command_end DISABLE;
        CREATE TABLE "Ereignis ""2""" PARTITION OF event FOR VALUES FROM (10) TO (20)}, 'event triggers, tables', '',
        sub { $node->safe_psql('postgres', 'DROP TABLE "Ereignis ""2"""') } ],
    [ 'a table above', q{
        ALTER EVENT TRIGGER bemi_ddl_command_end DISABLE;
        CREATE TABLE above (id int) PARTITION BY RANGE (id);
        CREATE TABLE below PARTITION OF above FOR VALUES FROM (0) TO (10);
        SELECT bemi.track('below', 'statement')}, 'event triggers, tables', '',
        sub { $node->safe_psql('postgres', 'DROP TABLE above') } ],
    [ 'indexes', q{
        DO $$ DECLARE newest regclass = (SELECT partition FROM bemi.partitions ORDER BY from_time DESC LIMIT 1); BEGIN
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %s', newest, (SELECT conname FROM pg_constraint WHERE conrelid = newest AND contype = 'p'));
            EXECUTE format('DROP INDEX %s', (SELECT indexrelid::regclass FROM pg_index WHERE indrelid = newest AND indnatts = 3));
            UPDATE pg_index SET indisvalid = false WHERE indrelid = newest AND pg_get_indexdef(indexrelid) LIKE '%gin%';
        END $$}, 'indexes' ],
    [ 'no partition for the present', q{
        DO $$ BEGIN EXECUTE format('DROP TABLE %s', (SELECT partition FROM bemi.partitions ORDER BY from_time LIMIT 1)); END $$},
        'partitions' ],
    [ 'bemi.enabled', q{
        ALTER DATABASE postgres SET bemi.enabled = off;
        ALTER ROLE "the owner" SET bemi.enabled = false;
        ALTER ROLE "the owner" IN DATABASE postgres SET bemi.enabled = no;
        ALTER ROLE "the owner" IN DATABASE template1 SET bemi.enabled = no;
        ALTER SYSTEM SET bemi.enabled = off;
        SELECT pg_reload_conf()}, 'enabled', 'enabled' ],
    [ 'default_transaction_read_only, which is none', q{
        ALTER SYSTEM SET default_transaction_read_only = on;
        SELECT pg_reload_conf(), pg_terminate_backend(pid) FROM bemi.metrics}, '', '',
        sub { $node->safe_psql('postgres', 'ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf()') } ],
    [ 'a change that cannot be stored', q{INSERT INTO event VALUES (1, '"\u0000"') /*Bemi {"n": 0} Bemi*/}, 'errors' ],
    [ 'paused', q{SELECT bemi.stop()}, 'worker' ],
    [ 'a worker that crashed too often', q{
        UPDATE bemi.worker SET attempts = 10, crashes = 10, attempted_at = now() - interval '1 hour';
        SELECT pg_terminate_backend(pid) FROM bemi.metrics}, 'worker' ],
    [ 'a worker that fails', q{
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DROP FUNCTION refuse CASCADE; RAISE 'no'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON bemi.changes FOR EACH ROW EXECUTE FUNCTION refuse();
        INSERT INTO app.job VALUES (1) /*Bemi {"n": 0} Bemi*/}, 'worker', '', undef, sub { $node->safe_psql('postgres', 'DROP FUNCTION refuse CASCADE') } ],
    [ 'a worker that must wait', sub {
        $client = start_client('psql', '-d', $node->connstr('postgres'), '-c', q{LOCK bemi.changes; SELECT pg_sleep(1000)});
        $node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_locks WHERE relation = 'bemi.changes'::regclass AND mode = 'AccessExclusiveLock' AND granted});
        $node->safe_psql('postgres', 'INSERT INTO app.job VALUES (2) /*Bemi {"n": 0} Bemi*/');
    }, 'lag', '', undef, sub {
        like(one_of($node, q{SELECT fix FROM bemi.doctor() WHERE "check" = 'lag'}),
            qr/\A-- end that, or wait: user \w+, application '[^']*', process \d+, in this transaction since [^:]+:\S+ SELECT|\A-- end that, or wait: user /,
            'nobody is killed: it says whom to ask');
        $node->safe_psql('postgres', 'SELECT pg_terminate_backend(b, 180000) FROM bemi.metrics, unnest(blocked_by) b');
        $client->{process}->finish;
    } ],
    [ 'a worker that must wait for a prepared transaction', q{
        BEGIN;
        LOCK bemi.changes IN SHARE MODE;
        PREPARE TRANSACTION 'it''s';
        INSERT INTO app.job VALUES (3) /*Bemi {"n": 0} Bemi*/}, 'lag', '', undef, sub {
        like(one_of($node, q{SELECT fix FROM bemi.doctor() WHERE "check" = 'lag'}),
            qr/\A-- end that, or wait: COMMIT PREPARED 'it''s' or ROLLBACK PREPARED 'it''s', of user /, 'it says which');
        $node->safe_psql('postgres', q{ROLLBACK PREPARED 'it''s'});
    } ],
    [ 'a slot that is dropped', q{
        SELECT bemi.stop();
        DO $$ BEGIN WHILE (SELECT pid FROM bemi.metrics) IS NOT NULL LOOP COMMIT; PERFORM pg_sleep(0.01); END LOOP; END $$;
        SELECT pg_drop_replication_slot(slot) FROM bemi.metrics;} . "INSERT INTO $todo VALUES (-1) /*Bemi {\"n\": 0} Bemi*/", 'slot, worker', 'gaps' ],
    [ 'a slot that is invalidated', $lose_slot, 'slot, worker', 'gaps' ],
    [ 'an open gap', sub {
        $node->safe_psql('postgres', $lose_slot);
        $node->safe_psql('postgres', q{UPDATE bemi.worker SET desired_state = 'running'});
        $node->restart;
    }, 'slot, worker, gaps', 'gaps' ],
    [ 'slots that will lose their WAL', q{
        SELECT pg_create_logical_replication_slot('client', 'bemi');
        SELECT bemi.stop();
        ALTER SYSTEM SET max_slot_wal_keep_size = '1MB';
        SELECT pg_reload_conf();
        } . sprintf($write_wal, 5), 'worker, max_slot_wal_keep_size' ],
    [ 'a slot that nobody reads', 'ALTER SYSTEM RESET max_slot_wal_keep_size; SELECT pg_reload_conf(); ' . sprintf($write_wal, 40),
        'client slots', '', undef, sub {
            like(one_of($node, q{SELECT fix FROM bemi.doctor() WHERE NOT ok}), qr/\A-- have its client read it/, 'a slot of somebody is his');
            $node->safe_psql('postgres', q{SELECT pg_drop_replication_slot('client')}); is(one_of($node, q{SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'client'}), 0, 'it is gone') } ],
    $has_list ? (
        [ 'output_plugin_libraries', q{
            SELECT pg_create_logical_replication_slot('client', 'bemi');
            ALTER SYSTEM SET output_plugin_libraries = pgoutput, 'An "odd" one';
            SELECT pg_reload_conf()}, 'output_plugin_libraries', '', setting_is('output_plugin_libraries', q{"An ""odd"" one", bemi, pgoutput}) ],
        [ 'output_plugin_libraries in one pair of quotes', q{
            ALTER SYSTEM SET output_plugin_libraries = 'pgoutput, test_decoding, bemi';
            SELECT pg_reload_conf()}, 'output_plugin_libraries', '', setting_is('output_plugin_libraries', q{bemi, pgoutput, test_decoding}) ],
        [ 'output_plugin_libraries without any', q{
            ALTER SYSTEM SET output_plugin_libraries = '';
            SELECT pg_reload_conf()}, 'output_plugin_libraries', '', sub {
                is(one_of($node, 'SHOW output_plugin_libraries'), 'bemi', 'now has one');
                ok(defined one_of($node, q{SELECT count(*) FROM pg_logical_slot_peek_changes('client', NULL, NULL)}), 'and the slot can be read');
                $node->safe_psql('postgres', q{ALTER SYSTEM RESET output_plugin_libraries; SELECT pg_reload_conf(), pg_drop_replication_slot('client')});
            } ],
    ) : (),
    [ 'shared_preload_libraries without bemi', sub {
        $node->append_conf('postgresql.conf', qq{shared_preload_libraries = 'auto_explain, "$quoted_library"'});
        $node->restart;
    }, 'preload, worker', '', setting_is('shared_preload_libraries', qq{auto_explain, "$quoted_library", bemi}) ],
    [ 'bemi.enabled where the library is not loaded', sub {
        $node->append_conf('postgresql.conf', "bemi.enabled = off\nshared_preload_libraries = ''");
        $node->safe_psql('postgres', 'ALTER SYSTEM RESET shared_preload_libraries; ALTER SYSTEM RESET bemi.enabled');
        $node->restart;
    }, 'preload, enabled, worker' ],
    [ 'max_worker_processes', sub {
        $node->safe_psql('postgres', 'ALTER SYSTEM SET max_worker_processes = 2');
        $node->restart;
    }, 'worker' ],
    [ 'wal_level, max_replication_slots', sub {
        $node->safe_psql('postgres', 'ALTER SYSTEM SET wal_level = replica');
        $node->stop;
        ok(!$node->start(fail_ok => 1), 'with a logical slot the server does not start without wal_level = logical');
        like(slurp_file($node->logfile), qr/logical replication slot "bemi_\d+" exists, but "?wal_level"? < "?logical"?/, 'and says so');
        move($node->data_dir . '/pg_replslot', $node->basedir . '/lost') or die $!;
        mkdir $node->data_dir . '/pg_replslot' or die $!;
        $node->append_conf('postgresql.conf', 'max_replication_slots = 1');
        $node->start;
        $node->safe_psql('postgres', q{SELECT pg_create_physical_replication_slot('other')});
    }, 'wal_level, slot, worker', 'gaps' ],
);

faults_become('', 'all is well');
change_is_stored($node, 'a change', table => $todo);

for my $fault (@faults) {
    my ($name, $break, $shown, $then, $ends, $before) = @$fault;
    next if index($name, $ENV{BEMI_FAULT} // q{}) < 0;
    note("--- $name");
    ref $break ? $break->() : $node->safe_psql('postgres', $break);
    faults_become($shown, "$name: shown");
    $before->() if $before;
    mend();
    if ($then) {
        faults_become($then, "$name: then");
        mend();
    }
    faults_become('', "$name: mended");
    change_is_stored($node, "$name: changes are stored", table => $todo);
    $ends->() if $ends;
}

is(one_of($node, q{SELECT count(*) FROM (TABLE tracked EXCEPT SELECT to_jsonb(t) - 'baseline' FROM bemi.tracked_tables t) t}), 0, 'what is tracked, and why, is as it was');
done_testing();
