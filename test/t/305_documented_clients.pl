# The examples of docs/clients.md run: the blocks of a language below a heading are one program, with those that readers do not
# see. What follows as text are the changes that the program makes.
#
#   ```python, ```java, ...   a part of the program
#   <!-- python: ... -->      as well, but not to see
#   ```text                   changes
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

# JDBC connects over TCP only, and so could everybody on this machine, hence the password.
my $password = join '', map { sprintf '%x', rand 16 } 1 .. 32;
my $node = server('main', "listen_addresses = '127.0.0.1'", "bemi.sqlcommenter = 'traceparent, controller, action, user_id, framework, route, bemi'");
create_todo($node);
create_slot($node, 's');
$node->safe_psql('postgres', "CREATE ROLE client LOGIN PASSWORD '$password'; GRANT ALL ON todo TO client");
unlink $node->data_dir . '/pg_hba.conf';
$node->append_conf('pg_hba.conf', "local all all trust\nhost all client 127.0.0.1/32 scram-sha-256");
$node->reload;

my $scratch = PostgreSQL::Test::Utils::tempdir;
my @gems = map { ('-I', $_) } glob "$ENV{TESTDIR}/test/clients/rails/gems/*/lib";
my %command = (
    python => [ 'python3' ],
    java => [ 'java', '-XX:-UsePerfData', '--class-path', '/usr/share/java/postgresql.jar' ],
    js => [ 'node' ],
    ruby => [ 'ruby', @gems ],
    go => [ 'env', 'GO111MODULE=off', 'GOPATH=/usr/share/gocode', "GOCACHE=$scratch/go", 'go', 'run' ],
);
my @languages = ('python', 'java', $ENV{BEMI_LONG} ? ('ruby', 'go') : ());

sub run_client {
    my ($language, $path) = @_;
    local @ENV{qw(PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE)} = ('127.0.0.1', $node->port, 'client', $password, 'postgres');
    my $output;
    IPC::Run::run([ @{ $command{$language} }, $path ], '>&', \$output, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default))
        or fail("a $language program: $output");
}

# The changes that a program makes.
sub changes_of {
    my ($language, $path) = @_;
    run_client($language, $path);
    my $changes = brief(receive($node, 's'));
    $node->safe_psql('postgres', "SELECT pg_replication_slot_advance('s', pg_current_wal_lsn())");
    return $changes;
}

my %count;
for my $section (split /^(?=## )/m, slurp_file("$ENV{TESTDIR}/docs/clients.md")) {
    my ($title) = $section =~ /\A#+ (.*)/;
    for my $language (@languages) {
        my ($program, $expected) = ('', '');
        while ($section =~ /^(?:```(\w+)\n(.*?)^```|<!-- (\w+):\n(.*?)^-->)$/msg) {
            my ($kind, $content) = ($1 // $3, $2 // $4);
            $program .= "$content\n" if $kind eq $language;
            $expected .= $content if $kind eq 'text';
        }
        next unless $program;
        append_to_file("$scratch/Main.$language", $program);
        is(changes_of($language, "$scratch/Main.$language") . "\n", $expected, "the $language of $title makes the changes that it shows");
        $count{$language}++;
    }
}
is_deeply(\%count, { map { ($_ => 1) } @languages }, 'all languages were here');

# What OpenTelemetry's instrumentation of pg writes counts as context. It leaves named statements alone, and those that have a
# comment already.
my $traced = changes_of('js', "$ENV{TESTDIR}/test/clients/sqlcommenter/emit.js");
my $traceparent = qr/\{"traceparent":"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]"\}/;
like($traced, qr/\ACREATE 20 $traceparent\nCREATE 21 $traceparent\nCREATE 22 \{\}\nCREATE 23 \{\}\z/, 'OpenTelemetry');

done_testing();
