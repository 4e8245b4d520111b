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

# The first tracked write, and so the library, may come late in a string or transaction. A comment may be missing then, but
# no row has another statement's.
$node->safe_psql('postgres', q{
    CREATE VIEW open AS SELECT * FROM todo;
    CREATE RULE add AS ON INSERT TO open DO INSTEAD INSERT INTO todo VALUES (NEW.id, NEW.task);
    CREATE TABLE ordered (id int);
    CREATE FUNCTION add_later() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO todo VALUES (NEW.id); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER add_later AFTER INSERT ON ordered DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION add_later();
});
sub string {
    my ($string, $expected, $name) = @_;
    $node->command_ok([ 'psql', '-X', '-d', $node->connstr('postgres'), '-c', $string ], $name);
    is(brief(receive($node, 's', 'tracked-only' => 'on')), $expected, $name);
}

string(q{SELECT 1 /*Bemi {"n": 1} Bemi*/; INSERT INTO todo VALUES (20) /*Bemi {"n": 2} Bemi*/; INSERT INTO todo VALUES (21)},
    qq(CREATE 20 {"n":2}\nCREATE 21 {}), 'the second statement of a string');
string(q{/*Bemi {"all": 1} Bemi*/ INSERT INTO open VALUES (22) /*Bemi {"n": 1} Bemi*/; INSERT INTO open VALUES (23) /*Bemi {"n": 2} Bemi*/},
    qq(CREATE 22 {"all":1}\nCREATE 23 {"all":1,"n":2}), 'a rule in a string');
string(q{INSERT INTO open VALUES (24) /*Bemi {"n": 1} Bemi*/}, 'CREATE 24 {"n":1}', 'a rule alone');
string(q{INSERT INTO ordered VALUES (25) /*Bemi {"n": 1} Bemi*/; SELECT 1 /*Bemi {"n": 2} Bemi*/}, 'CREATE 25 {}',
    'a deferred trigger in a string');
string(q{INSERT INTO ordered VALUES (26) /*Bemi {"n": 1} Bemi*/}, 'CREATE 26 {"n":1}', 'a deferred trigger alone');
string(q{SET standard_conforming_strings = off; INSERT INTO todo VALUES (27, 'C:\\'), (28, ' /*Bemi {"forged": 1} Bemi*/ ')},
    qq(CREATE 27 {}\nCREATE 28 {}), 'a string that was read before');

# A dump of one table into a tracked schema, in a session that has not loaded the library: an event trigger does, in time.
$node->safe_psql('postgres', q{CREATE SCHEMA app; CREATE TABLE app.t (id int); SELECT bemi.track_schema('app')});
my $triggers = q{SELECT tgname, tgenabled, encode(tgargs, 'escape') FROM pg_trigger WHERE tgrelid = 'app.t'::regclass ORDER BY 1};
my $before = one_of($node, $triggers);
$node->safe_psql('postgres', q{
    CREATE TRIGGER "~bemi_row" BEFORE INSERT OR DELETE OR UPDATE ON app.t FOR EACH ROW EXECUTE FUNCTION bemi.emit_context();
    ALTER TABLE app.t ENABLE ALWAYS TRIGGER "~bemi_row"});
is(one_of($node, $triggers), $before, 'CREATE TRIGGER of what is there already');

done_testing();
