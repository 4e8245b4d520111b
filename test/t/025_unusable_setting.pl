# A bemi.context that no check could refuse, since the encoding of the database was not known when it was read or written,
# or since the limit for its size was lowered since: it alone is ignored, with a warning.
use strict;
use warnings;
use Bemi;
use Test::More;

my $node = server('main');
create_todo($node);
create_slot($node, 's');

# What a session of these statements changed, and how many warnings it got.
sub changes_are {
    my ($sql, $expected, $warnings, $name, %options) = @_;
    my ($status, $out, $errors) = $node->psql('postgres', $sql, on_error_stop => 1, %options);
    is($status, 0, "$name: is no error") or diag($errors);
    is(brief(news(receive($node, 's'))), $expected, $name);
    is(scalar(() = $errors =~ /WARNING: .*bemi\.context/g), $warnings, "$name: warnings") or diag($errors);
    return $out;
}

# postgresql.conf: read before there is a database
$node->append_conf('postgresql.conf', qq(bemi.context = '{"name": "Zo\xeb"}'));
$node->restart;
changes_are(q{INSERT INTO todo VALUES (1) /*Bemi {"n": 1} Bemi*/; INSERT INTO todo VALUES (2); SET application_name = 'x'; INSERT INTO todo VALUES (3) /*Bemi {"n": 3} Bemi*/},
    qq(CREATE 1 {"n":1}\nCREATE 2 {}\nCREATE 3 {"n":3}), 1, 'in postgresql.conf');
is(changes_are(q{SELECT bemi.merge_context('{"merged": 1}'); INSERT INTO todo VALUES (4); SELECT bemi.current_context()},
        'CREATE 4 {"merged":1}', 1, 'merged into'),
    qq({"merged": 1}\n{"merged": 1}), 'what merge_context() says');
changes_are(q{SET bemi.context = '{"set": 1}'; INSERT INTO todo VALUES (5)}, 'CREATE 5 {"set":1}', 0, 'replaced');
changes_are(q{SET bemi.capture = 'sql'; SET bemi.context TO DEFAULT; DELETE FROM todo WHERE id = 5},
    'DELETE 5 {"SQL":"DELETE FROM todo WHERE id = 5","pg":{"sql":"DELETE FROM todo WHERE id = 5"}}', 1, 'with facts');

# a reload, which every session checks itself
$node->append_conf('postgresql.conf', q(bemi.context = '{"good": 1}'));
$node->reload;
$node->poll_query_until('postgres', q{SELECT current_setting('bemi.context') = '{"good": 1}'});
changes_are('INSERT INTO todo VALUES (6)', 'CREATE 6 {"good":1}', 0, 'mended');

# a role whose setting was made in a database of another encoding
$node->safe_psql('postgres', q{CREATE DATABASE latin1 TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'});
$node->safe_psql('postgres', 'CREATE ROLE app LOGIN; GRANT ALL ON todo TO app');
$node->safe_psql('latin1', qq(SET client_encoding = 'UTF8'; ALTER ROLE app SET bemi.context = '{"name": "Zo\xc3\xab"}'));
changes_are(q{INSERT INTO todo VALUES (7) /*Bemi {"n": 7} Bemi*/; INSERT INTO todo VALUES (8)},
    qq(CREATE 7 {"good":1,"n":7}\nCREATE 8 {"good":1}), 1, 'of a role', connstr => $node->connstr('postgres') . ' user=app');

# options of the connection are the client's own: it is told
{
    local $ENV{PGOPTIONS} = qq(-cbemi.context={"name":"Zo\xeb"});
    my ($status, undef, $errors) = $node->psql('postgres', 'SELECT 1');
    isnt($status, 0, 'options of the connection are refused');
    like($errors, qr/invalid value for parameter "bemi\.context"/, 'with the reason');
}

# The limit for the size: what was accepted before it was lowered would not be read
$node->append_conf('postgresql.conf', "bemi.max_context_size = '4MB'");
$node->restart;
my $setting = q{SELECT FROM set_config('bemi.context', '{"x":"' || repeat('x', 3000000) || '"}', false)};
my $parallel = q{SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
    SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off; SELECT count(*) > 0 FROM pg_proc};
is($node->safe_psql('postgres', "$setting; $parallel"), 't', 'parallel workers take over a large one');
my $lower = "ALTER SYSTEM SET bemi.max_context_size = '1kB';\nSELECT FROM pg_reload_conf();";
my $wait = sprintf q(\! until [ "$(psql -XAtd '%s' -c 'SHOW bemi.max_context_size')" = 1kB ]; do :; done), $node->connstr('postgres');
changes_are(qq(\n$setting;\n$lower\n$wait\nINSERT INTO todo VALUES (9) /*Bemi {"n": 9} Bemi*/;\nINSERT INTO todo VALUES (10);),
    qq(CREATE 9 {"n":9}\nCREATE 10 {}), 1, 'larger than a limit that was lowered');

done_testing();
