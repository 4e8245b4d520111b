# Dumps by a database's owner who is no superuser, and what a restored history lets others read.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main');
$node->safe_psql('postgres', q{CREATE ROLE boss LOGIN; CREATE ROLE tenant LOGIN});
$node->safe_psql('postgres', 'CREATE DATABASE app OWNER boss');
sub run_sql { $node->safe_psql($_[1] // 'app', $_[0]) }
my $dump = PostgreSQL::Test::Utils::tempdir . '/dump';
my $dump_fault = q{SELECT found FROM bemi.doctor() WHERE "check" = 'dump' AND NOT ok};

sub boss_dumps { return [ 'pg_dump', '--file', $dump, @_, $node->connstr('app') . ' user=boss' ] }

run_sql('CREATE EXTENSION bemi');
$node->command_fails_like(boss_dumps(), qr/permission denied for/, 'after CREATE EXTENSION its owner cannot dump the database');
like(one_of($node, $dump_fault, 'app'), qr/role boss owns the database and cannot dump it without --exclude-schema=bemi/, 'doctor() says so');
run_sql(q{CREATE TABLE todo (id int PRIMARY KEY); ALTER TABLE todo OWNER TO boss; SELECT bemi.track('todo')});
run_sql('SELECT bemi.start()');
run_sql(q{SET bemi.context = '{"tenant": "tenant"}'; INSERT INTO todo VALUES (1); SET bemi.context = '{"tenant": "other"}'; INSERT INTO todo VALUES (2)});
run_sql('SELECT bemi.sync()');
$node->command_fails_like(boss_dumps(), qr/permission denied for/, 'nor after start()');
$node->command_ok(boss_dumps('--exclude-schema=bemi'), 'without the schema he can');
run_sql(one_of($node, q{SELECT fix FROM bemi.doctor() WHERE "check" = 'dump'}, 'app'));
is(one_of($node, $dump_fault, 'app'), '', 'the fix mends it');
$node->command_ok(boss_dumps(), 'with the fix he can dump all');
run_sql(q{DO $$ BEGIN EXECUTE format('DROP TABLE %s', (SELECT partition FROM bemi.partitions ORDER BY from_time DESC LIMIT 1)); END $$});
run_sql('SELECT pg_terminate_backend(pid, 60000) FROM bemi.metrics');
ok($node->poll_query_until('app', 'SELECT count(*) = 2 FROM bemi.partitions'), 'the worker makes a partition');
$node->command_ok(boss_dumps(), '... which he can dump as well');
my ($status, $out, $errors) = $node->psql('app', 'DELETE FROM bemi.changes', connstr => $node->connstr('app') . ' user=boss');
like($errors, qr/permission denied/, 'nothing else is granted to him');

# Row level security.
sub tenant_sees {
    my ($database) = @_;
    my ($status, $seen) = $node->psql($database, 'SELECT primary_key FROM bemi.changes ORDER BY 1', connstr => $node->connstr($database) . ' user=tenant');
    return $seen;
}
my $policy = q{CREATE POLICY own ON bemi.changes FOR SELECT TO tenant USING (context ->> 'tenant' = current_user)};
run_sql("ALTER TABLE bemi.changes ENABLE ROW LEVEL SECURITY; $policy; GRANT SELECT ON bemi.changes, bemi.errors TO tenant");
is(tenant_sees('app'), '1', 'a policy shows a tenant what is his');
for my $format ('plain', 'custom') {
    my $restored = "restored_$format";
    $node->safe_psql('postgres', "CREATE DATABASE $restored");
    $node->command_ok([ 'pg_dump', "--format=$format", '--file', $dump, $node->connstr('app') ], "pg_dump --format=$format");
    $node->command_ok($format eq 'plain'
        ? [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr($restored) ]
        : [ 'pg_restore', '--exit-on-error', '--jobs=2', '--dbname', $node->connstr($restored), $dump ], '... and restore');
    is(one_of($node, 'SELECT count(*) FROM bemi.changes', $restored), 2, '... the history is there');
    is(tenant_sees($restored), '', '... and the tenant sees nothing');
    is(one_of($node, q{SELECT relrowsecurity FROM pg_class WHERE oid = 'bemi.errors'::regclass}, $restored), 'f', '... what had no row level security has none');
    run_sql($policy, $restored);
    is(tenant_sees($restored), '1', '... before there is the policy again');
    run_sql('SELECT bemi.start()', $restored);
    run_sql(q{SET bemi.context = '{"tenant": "tenant"}'; INSERT INTO todo VALUES (3)}, $restored);
    run_sql('SELECT bemi.sync()', $restored);
    is(tenant_sees($restored), "1\n3", '... and changes are stored');
    is(one_of($node, 'SELECT count(*) FROM bemi.row_security', $restored), 3, '... what the next dump asks is there');
}

done_testing();
