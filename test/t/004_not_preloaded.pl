# Without shared_preload_libraries a session loads the library with the first tracked write, or call of a function.
use strict;
use warnings;
use Bemi;
use Test::More;

my $node = server('main', "shared_preload_libraries = ''");
create_todo($node);
create_slot($node, 's');

sub writes {
    my ($sql, $expected, $name) = @_;
    my ($status, $out, $errors) = $node->psql('postgres', $sql, on_error_stop => 1);
    is($status, 0, "$name: is no error") or diag($errors);
    is(brief(receive($node, 's')), $expected, $name);
    return $errors;
}

writes(q{INSERT INTO todo VALUES (1) /*Bemi {"user_id": 1} Bemi*/}, 'CREATE 1 {"user_id":1}',
    'a comment in the first statement of a session');
writes(q{SET bemi.context = '{"user_id": 2}'; INSERT INTO todo VALUES (2)}, 'CREATE 2 {"user_id":2}',
    'a setting made before the library is there');
writes(q{BEGIN; SET LOCAL bemi.context = '{"user_id": 3}'; INSERT INTO todo VALUES (3); COMMIT; INSERT INTO todo VALUES (4)},
    qq(CREATE 3 {"user_id":3}\nCREATE 4 {}), 'SET LOCAL made before the library is there');
writes(q{SELECT bemi.set_context('{"user_id": 5}'); INSERT INTO todo VALUES (5)}, 'CREATE 5 {"user_id":5}',
    'a function that loads the library');

my $errors = writes(q{SET bemi.context = '[1]'; INSERT INTO todo VALUES (6)}, 'CREATE 6 {}', 'an invalid setting');
like($errors, qr/WARNING: .*bemi\.context/, 'of which a warning tells');

$node->safe_psql('postgres', q{CREATE ROLE app LOGIN; GRANT ALL ON todo TO app; ALTER ROLE app SET bemi.context = '{"role": "app"}'});
$node->psql('postgres', 'INSERT INTO todo VALUES (7)', connstr => $node->connstr('postgres') . ' user=app');
is(brief(receive($node, 's')), 'CREATE 7 {"role":"app"}', 'ALTER ROLE ... SET');
{
    local $ENV{PGOPTIONS} = q(-cbemi.context={"from":"options"});
    writes('INSERT INTO todo VALUES (8)', 'CREATE 8 {"from":"options"}', 'options of the connection');
}

# The extended protocol: the first message that the server sees of the statement is Parse.
for my $mode (qw(simple extended prepared)) {
    my $id = { simple => 10, extended => 11, prepared => 12 }->{$mode};
    my $script = $node->basedir . "/$mode.sql";
    PostgreSQL::Test::Utils::append_to_file($script,
        qq(INSERT INTO todo VALUES ($id, 'x') /*Bemi {"mode": "$mode"} Bemi*/;\n));
    $node->command_ok([ 'pgbench', '-n', '-t', '1', '-M', $mode, '-f', $script, $node->connstr('postgres') ],
        "pgbench, $mode protocol");
    is(brief(receive($node, 's')), qq(CREATE $id {"mode":"$mode"}), "a comment in the $mode protocol");
}

done_testing();
