# What keeps the worker from storing: it says so in bemi.metrics and goes on by itself once that is gone. In the end each
# change is there, once, in the order of the commits. BEMI_LONG=1 for several rounds in random order.
use strict;
use warnings;
use Bemi;
use List::Util 'shuffle';
use PostgreSQL::Test::Cluster;
use Test::More;

my $rounds = $ENV{BEMI_LONG} ? 5 : 1;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 'logical', extra => ['--wal-segsize=1']); # a limit for files is to leave the WAL alone
$node->append_conf('postgresql.conf', "shared_buffers = 128MB\nlog_min_messages = warning\ntrack_commit_timestamp = on");
$node->start;
$node->safe_psql('postgres', q{
    CREATE EXTENSION bemi;
    CREATE TABLE item (id bigserial PRIMARY KEY, filler text);
    SELECT bemi.track('item'), bemi.start();
    CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE TG_ARGV[0]; RETURN NEW; END $$;
});

sub run_sql {
    $node->safe_psql('postgres', $_[0]);
}

sub becomes { status_becomes($node, @_) }

sub shows_error {
    my ($sqlstate, $message) = @_;
    return "last_sqlstate = '$sqlstate' AND last_error ~ '$message' AND attempts > 0";
}

sub failing_trigger {
    my ($statement) = @_;
    return (break => "CREATE TRIGGER fail BEFORE INSERT ON bemi.changes FOR EACH ROW EXECUTE FUNCTION fail(\$\$$statement\$\$)",
        mend => 'DROP TRIGGER fail ON bemi.changes');
}

my $locker;

sub lock_table {
    $locker = $node->background_psql('postgres');
    $locker->query_safe("BEGIN; LOCK TABLE $_[0]");
}

# Of the postmaster, whose children inherit it: those that are running write the WAL and the tables.
sub limit_files {
    my ($size) = @_;
    my ($postmaster) = PostgreSQL::Test::Utils::slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
    system('prlimit', '--pid', $postmaster, "--fsize=$size:") == 0 or BAIL_OUT('prlimit failed');
}

# Has the worker find rows that need larger files than it may write.
sub write_for_small_files {
    my ($filler, $rows) = @_;
    run_sql('SELECT bemi.stop()');
    $node->poll_query_until('postgres', 'SELECT bool_and(pid IS NULL) FROM bemi.metrics') or BAIL_OUT('the worker does not stop');
    run_sql("INSERT INTO item (filler) SELECT $filler FROM generate_series(1, $rows) AS i; CHECKPOINT");
    limit_files(2 * 1024 * 1024);
    run_sql('SELECT bemi.start()');
}

# Each with what breaks storing, as it is shown, and what mends it: SQL or a function. What is not shown does no harm.
my @faults = (
    {
        name => 'a constraint',
        break => 'ALTER TABLE bemi.changes ADD CONSTRAINT odd CHECK (primary_key::bigint % 2 = 3) NOT VALID',
        shown => shows_error('23514', 'violates check constraint "odd"'),
        mend => 'ALTER TABLE bemi.changes DROP CONSTRAINT odd',
    },
    { name => 'a trigger that raises an error', failing_trigger(q{DO 'BEGIN RAISE ''not today''; END'}), shown => shows_error('P0001', 'not today') },
    { name => 'a trigger with an error of data', failing_trigger('SELECT 1 / 0'), shown => shows_error('22012', 'division by zero') },
    { name => 'a trigger that calls itself', failing_trigger(q{DO 'BEGIN RAISE statement_too_complex; END'}), shown => shows_error('54001', 'statement_too_complex') },
    {
        name => 'a table that is not there',
        break => 'ALTER TABLE bemi.changes RENAME TO hidden',
        shown => shows_error('42P01', 'bemi.changes'),
        mend => 'ALTER TABLE bemi.hidden RENAME TO changes',
    },
    { name => 'a lock', break => sub { lock_table('bemi.changes') }, shown => q{blocked_by <> '{}'}, mend => sub { $locker->quit } },
    {
        name => 'a cancelled query',
        break => sub { lock_table('bemi.progress IN SHARE MODE') },
        shown => q{blocked_by <> '{}'},
        mend => sub {
            run_sql('SELECT pg_cancel_backend(active_pid) FROM pg_replication_slots');
            becomes(shows_error('57014', 'canceling statement'), 'which is shown too');
            $locker->quit;
        },
    },
    {
        name => 'a worker that is ended amid a batch, after many errors',
        break => sub { lock_table('bemi.changes') },
        shown => q{blocked_by <> '{}'},
        mend => sub {
            run_sql(q{UPDATE bemi.worker SET attempts = 20, attempted_at = now() - interval '1 hour'});
            run_sql('SELECT pg_terminate_backend(active_pid, 10000) FROM pg_replication_slots');
            becomes(q{blocked_by <> '{}' AND attempts = 21}, 'the next one goes on');
            run_sql(q{UPDATE bemi.worker SET attempted_at = now() - interval '1 hour'});
            run_sql('SELECT pg_terminate_backend(active_pid, 10000) FROM pg_replication_slots');
            $locker->quit;
        },
    },
    {
        name => 'a full disk for the table',
        break => sub { write_for_small_files(q{repeat(md5(i::text), 20)}, 4000) },
        shown => q{last_error ~ 'could not extend file "base/.*File too large'},
        mend => sub { limit_files('unlimited') },
    },
    {
        name => 'a full disk for a large transaction',
        break => sub { write_for_small_files(q{repeat('x', 1000)}, 20000) },
        shown => q{last_error ~ 'could not write.*File too large'},
        mend => sub { limit_files('unlimited') },
    },
    {
        name => 'settings',
        break => sub {
            run_sql(q{
                DO $$ DECLARE p record; -- the worker is to make one
                BEGIN
                    SELECT * INTO p FROM bemi.partitions WHERE now() BETWEEN from_time AND to_time;
                    EXECUTE format('ALTER TABLE bemi.changes DETACH PARTITION %s', p.partition);
                    EXECUTE format('ALTER TABLE bemi.changes ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
                        p.partition, p.from_time, clock_timestamp());
                END $$;
                ALTER SYSTEM SET default_transaction_isolation = serializable;
                ALTER SYSTEM SET idle_in_transaction_session_timeout = 1;
                ALTER SYSTEM SET temp_file_limit = 1;
                ALTER SYSTEM SET quote_all_identifiers = on;
                ALTER DATABASE postgres SET session_replication_role = replica;
                ALTER DATABASE postgres SET default_table_access_method = odd;
                ALTER DATABASE postgres SET search_path = traps, pg_catalog;
                ALTER DATABASE postgres SET "IntervalStyle" = sql_standard;
                ALTER DATABASE postgres SET row_security = off;
            });
            my ($restricts) = $node->psql('postgres', 'SHOW restrict_nonsystem_relation_kind');
            run_sql('ALTER DATABASE postgres SET restrict_nonsystem_relation_kind = view') if $restricts == 0;
            run_sql('SELECT pg_reload_conf(), pg_terminate_backend(active_pid, 10000) FROM pg_replication_slots');
        },
        write => q{INSERT INTO public.item (filler) SELECT pg_catalog.repeat('x', 1000) FROM pg_catalog.generate_series(1, 20000) /*Bemi {"by": "replica"} Bemi*/},
        mend => q{ALTER SYSTEM RESET ALL; ALTER DATABASE postgres RESET ALL; SELECT pg_reload_conf()},
    },
);

# What the worker's SQL would find if it looked there first.
run_sql(q{
    CREATE ACCESS METHOD odd TYPE TABLE HANDLER heap_tableam_handler;
    CREATE SCHEMA traps;
    CREATE FUNCTION traps.trap() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'a trap'; END $$;
    CREATE FUNCTION traps.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT traps.trap()::timestamptz';
    CREATE FUNCTION traps.current_database() RETURNS name LANGUAGE sql AS 'SELECT traps.trap()::name';
    CREATE FUNCTION traps.date_trunc(text, timestamptz) RETURNS timestamptz LANGUAGE sql AS 'SELECT traps.trap()::timestamptz';
    CREATE FUNCTION traps.to_char(timestamptz, text) RETURNS text LANGUAGE sql AS 'SELECT traps.trap()';
    CREATE FUNCTION traps.unnest(jsonb[]) RETURNS SETOF jsonb LANGUAGE sql AS 'SELECT traps.trap()::jsonb';
    CREATE FUNCTION traps.compare(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS 'SELECT traps.trap()::boolean';
    CREATE OPERATOR traps.<= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = traps.compare);
    CREATE OPERATOR traps.>= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = traps.compare);
    CREATE OPERATOR traps.> (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = traps.compare);
    CREATE DOMAIN traps.timestamptz AS text CHECK (false);
    CREATE TABLE traps.pg_class (LIKE pg_catalog.pg_class);
    CREATE TABLE traps.pg_db_role_setting (LIKE pg_catalog.pg_db_role_setting);
});

sub carry_out {
    my ($action) = @_;
    ref $action ? $action->() : run_sql($action);
}

sub endure {
    my ($fault) = @_;
    carry_out($fault->{break});
    run_sql($fault->{write} // 'INSERT INTO public.item DEFAULT VALUES; INSERT INTO public.item SELECT FROM pg_catalog.generate_series(1, 3)');
    becomes($fault->{shown}, "$fault->{name}: is shown") if $fault->{shown};
    carry_out($fault->{mend}) if $fault->{shown};
    ok($node->poll_query_until('postgres', q{
        SELECT pg_catalog.count(*) OPERATOR(pg_catalog.=) (SELECT pg_catalog.count(*) FROM public.item)
        FROM bemi.changes WHERE "table" OPERATOR(pg_catalog.=) 'item'}), "$fault->{name}: all is stored") or diag(one_of($node, 'SELECT m FROM bemi.metrics m'));
    carry_out($fault->{mend}) if !$fault->{shown};
}

for my $round (1 .. $rounds) {
    endure($_) for $round == 1 ? @faults : shuffle(@faults);
}

is(one_of($node, q{SELECT count(*), count(DISTINCT id), count(DISTINCT primary_key) = (SELECT count(*) FROM item),
        bool_and(primary_key::bigint = n AND after ->> 'id' = primary_key)
    FROM (SELECT *, row_number() OVER (ORDER BY commit_position, sequence) AS n FROM bemi.changes) AS c}) =~ /^(\d+)\|\1\|t\|t$/, 1,
    'each change is there once, in the order of the commits');
is(one_of($node, 'SELECT count(*), (SELECT count(*) FROM bemi.errors), (SELECT count(*) FROM bemi.gaps) FROM bemi.metrics'), '1|0|0', 'nothing was given up');
# A row that needs more memory than there is does not keep all others from being stored. The limit leaves room for the row as the
# WAL has it, but not for its JSON. A process inherits the limit from the postmaster.
SKIP: {
    skip 'AddressSanitizer needs address space of its own', 3 if $ENV{SANITIZE};
    my ($postmaster) = PostgreSQL::Test::Utils::slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
    my $worker = one_of($node, 'SELECT pid FROM bemi.metrics');
    my ($size) = PostgreSQL::Test::Utils::slurp_file("/proc/$worker/status") =~ /^VmSize:\s+(\d+) kB/m;
    my $limit = $size * 1024 + 300 * 1024 * 1024;
    run_sql('SELECT bemi.stop()');
    $node->poll_query_until('postgres', 'SELECT bool_and(pid IS NULL) FROM bemi.metrics') or BAIL_OUT('the worker does not stop');
    run_sql(q{ALTER TABLE item ALTER filler SET STORAGE EXTERNAL; INSERT INTO item (id, filler) VALUES (-1, repeat('x', 150000000)); INSERT INTO item (id) VALUES (-2)});
    system('prlimit', '--pid', $postmaster, "--as=$limit:") == 0 or BAIL_OUT('prlimit failed');
    run_sql('SELECT bemi.start()');
    ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM bemi.changes WHERE primary_key = '-2'}), 'a row that needs too much memory: the next one is stored')
        or diag(one_of($node, 'SELECT m FROM bemi.metrics m'));
    is(one_of($node, 'SELECT "table", operation, sqlstate, stored_as IS NULL FROM bemi.errors'), 'item|CREATE|53200|t', '... and it has a name');
    system('prlimit', '--pid', $postmaster, '--as=unlimited:') == 0 or BAIL_OUT('prlimit failed');
    run_sql(q{SELECT bemi.acknowledge_errors(); SELECT pg_terminate_backend(active_pid, 10000) FROM pg_replication_slots});
    run_sql(q{INSERT INTO item (id, filler) VALUES (-3, repeat('x', 30000000))});
    ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM bemi.changes WHERE primary_key = '-3'}), '... and a large one is stored again');
}

is(one_of($node, q{SELECT DISTINCT a.amname FROM bemi.partitions p JOIN pg_class c ON c.oid = p.partition JOIN pg_am a ON a.oid = c.relam}), 'heap',
    'partitions are ordinary tables');

# The owner of the extension is not a superuser any more, and may not write.
$node->safe_psql('postgres', 'CREATE ROLE keeper SUPERUSER; CREATE DATABASE kept OWNER keeper');
$node->safe_psql('kept', q{
    SET SESSION AUTHORIZATION keeper;
    CREATE EXTENSION bemi;
    CREATE TABLE item (id int PRIMARY KEY);
    SELECT bemi.track('item'), bemi.start();
});
$node->poll_query_until('kept', q{SELECT bool_or(state = 'caught up') FROM bemi.status}) or BAIL_OUT('the worker does not start');
my $next = 0;
for my $case (
    [ 'REVOKE INSERT ON bemi.changes FROM keeper', 'GRANT INSERT ON bemi.changes TO keeper', 'permission denied for table changes' ],
) {
    my ($break, $mend, $message) = @$case;
    $next++;
    $node->safe_psql('kept', "ALTER ROLE keeper NOSUPERUSER; $break; INSERT INTO item VALUES ($next)");
    ok($node->poll_query_until('kept', "SELECT bool_or(last_sqlstate = '42501' AND last_error LIKE '$message%') FROM bemi.metrics"), $break);
    $node->safe_psql('kept', $mend);
    ok($node->poll_query_until('kept', "SELECT count(*) = $next FROM bemi.changes"), $mend);
    ok($node->poll_query_until('kept', 'SELECT bool_and(last_error IS NULL) FROM bemi.status'), 'and the error is over');
}

# Row-level security that the owner has to obey is for people.
$node->safe_psql('kept', q{
    DO $$ DECLARE name regclass; BEGIN
        FOR name IN SELECT oid FROM pg_class WHERE relnamespace = 'bemi'::regnamespace AND relkind IN ('r', 'p') LOOP
            EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        END LOOP;
    END $$});
$node->safe_psql('kept', "INSERT INTO item VALUES (100); SELECT bemi.stop()");
$node->safe_psql('kept', 'SELECT bemi.start()');
ok($node->poll_query_until('kept', q{SELECT count(*) = 1 FROM bemi.changes WHERE primary_key = '100'}), 'FORCE ROW LEVEL SECURITY does not stop the store')
    or diag($node->safe_psql('kept', 'SELECT m FROM bemi.metrics m'));
is($node->safe_psql('kept', q{SET ROLE keeper; SELECT count(*) FROM bemi.changes}), 0, 'and is in force for the owner');
done_testing();
