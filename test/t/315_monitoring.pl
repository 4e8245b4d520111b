# The queries for postgres_exporter run as a role of pg_monitor, have the columns that they declare, and the alert rules
# name what is measured.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('monitored');
create_todo($node);
$node->safe_psql('postgres', q{SELECT bemi.start(); INSERT INTO todo VALUES (1); SELECT bemi.sync('180 s');
    CREATE ROLE watcher LOGIN IN ROLE pg_monitor});

my %measured;
my $queries = slurp_file("$ENV{TESTDIR}/docs/monitoring/postgres_exporter.yml");
while ($queries =~ /^(\w+):\n  query: \|\n((?:    .*\n)+)  metrics:\n((?:    .*\n)+)/mg) {
    my ($name, $query, $metrics) = ($1, $2, $3);
    my @declared = $metrics =~ /^    - (\w+): /mg;
    my ($status, $result, $errors) = $node->psql('postgres', $query,
        extra_params => [ '--username', 'watcher', '--no-align', '--pset', 'tuples_only=off', '--pset', 'footer=off' ]);
    is($errors, '', "$name runs as a role of pg_monitor");
    my ($header, @rows) = split /\n/, $result;
    is_deeply([ sort split /\|/, $header ], [ sort @declared ], 'and has the columns that it declares');
    is(scalar @rows, $name eq 'bemi' ? 1 : 0, 'with a row for what is there');
    $measured{"${name}_$_"} = 1 for @declared;
}
is(scalar(grep { /_database$/ } keys %measured), 2, 'all queries were tried');

my @used = slurp_file("$ENV{TESTDIR}/docs/monitoring/alerts.yml") =~ /\b(bemi_\w+)/g;
cmp_ok(scalar @used, '>=', 5, 'there are alert rules');
is_deeply([ grep { !$measured{$_} } @used ], [], 'on what is measured');

done_testing();
