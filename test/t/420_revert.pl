# bemi.revert(): what it takes back, and what it says is in the way.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main', "bemi.sync_timeout = '${PostgreSQL::Test::Utils::timeout_default}s'");
$node->safe_psql('postgres', 'SELECT bemi.start()');

# What the SQL prints, errors with their SQLSTATE, detail and hint too.
sub sql {
    my ($sql) = @_;
    my ($status, $out, $errors) = $node->psql('postgres', "\\set VERBOSITY verbose\n\\pset null NULL\n$sql");
    $errors =~ s/^psql:<stdin>:\d+: //mg;
    $errors =~ s/^(LOCATION|CONTEXT|SQL |PL\/pgSQL |LINE |\s*\^).*\n?//mg;
    chomp $errors;
    s/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/UUID/g for $out, $errors;
    return join "\n", grep { length } $out, $errors;
}

# The rows that revert() returns, in short.
sub revert {
    my ($arguments, $before) = @_;
    return sql(($before // '') . qq{;
        SELECT concat_ws(' ', key, action, array_to_string(columns, ','), status, conflict) FROM bemi.revert($arguments)});
}

sub todo {
    return one_of($node, q{SELECT string_agg(concat_ws(' ', id, task, done), ', ' ORDER BY id) FROM todo});
}

sub reset_todo {
    my ($changes) = @_;
    $node->safe_psql('postgres', qq{
        DROP TABLE IF EXISTS todo;
        CREATE TABLE todo (id int PRIMARY KEY, task text, done boolean);
        SELECT bemi.track('todo');
        INSERT INTO todo VALUES (1, 'Sleep', false), (2, 'Eat', false);
        $changes
    });
}

# One of each kind of change, with a context; somebody else changes another column.
reset_todo(q{
    SET bemi.context = '{"user": 7}';
    UPDATE todo SET task = 'Work' WHERE id = 1;
    DELETE FROM todo WHERE id = 2;
    INSERT INTO todo VALUES (3, 'Read', true);
    SET bemi.context = '{"user": 8}';
    UPDATE todo SET done = true WHERE id = 1;
});
my $mistake = q{context => '{"user": 7}'};
is(sql("SELECT sql FROM bemi.revert($mistake, dry_run => true)"), join("\n",
    q{INSERT INTO public.todo (id, task, done) OVERRIDING SYSTEM VALUE VALUES ('2', 'Eat', 'false');},
    q{UPDATE ONLY public.todo SET task = 'Sleep' WHERE id = '1';},
    q{DELETE FROM ONLY public.todo WHERE id = '3';}), 'a dry run says what would be done');
is(todo(), '1 Work t, 3 Read t', 'and does nothing');
is(revert($mistake, q{SET bemi.context = '{"user": 9}'}),
    "2 INSERT id,task,done reverted\n1 UPDATE task reverted\n3 DELETE reverted", 'one of each operation');
is(todo(), '1 Sleep t, 2 Eat f', 'what somebody else has changed stays');
is(revert($mistake), 'NOTICE:  00000: there is nothing to take back', 'that is done already');
is(one_of($node, q{SELECT bemi.sync() IS NULL} . qq{;
    SELECT string_agg(concat_ws(' ', operation, primary_key, context), ', ' ORDER BY sequence) FROM bemi.changes
    WHERE context @> '{"revert": {"context": {"user": 7}}}'}), "f\n" . join(', ', map { $_ . ' {"user": 9, "revert": {"context": {"user": 7}}}' }
    'CREATE 2', 'UPDATE 1', 'DELETE 3'), 'the history says what was taken back, and who did it');
is(revert(q{context => '{"revert": {}}'}), "3 INSERT id,task,done reverted\n1 UPDATE task reverted\n2 DELETE reverted", 'redo');
is(todo(), '1 Work t, 3 Read t', 'it is as it was');

# Arguments.
my $which = 'HINT:  Give at least one of the arguments change, transaction, context, relation, key, operations, since, until and since_mark.';
is(revert(''), "ERROR:  22023: no changes are selected\n$which", 'nothing is selected');
is(revert("change => NULL, dry_run => true"), "ERROR:  22023: no changes are selected\n$which", 'by NULL');
is(revert("$mistake, conflicts => 'ignore'"),
    "ERROR:  22023: invalid value for argument \"conflicts\": 'ignore'\nHINT:  Valid values are error, skip, force and cascade.", 'conflicts');
is(revert("$mistake, conflicts => NULL"),
    "ERROR:  22023: invalid value for argument \"conflicts\": NULL\nHINT:  Valid values are error, skip, force and cascade.", 'conflicts => NULL');
is(revert("operations => '{delete}'"),
    "ERROR:  22023: invalid value for argument \"operations\": '{delete}'\nHINT:  Valid members are CREATE, UPDATE, DELETE and TRUNCATE.", 'operations');
like(revert(q{context => '[7]'}), qr/^ERROR:  22023: argument "context" is not a JSON object\nHINT:  Pass the members/, 'context');
is(revert("relation => 'bemi.status'"), 'ERROR:  42809: "bemi.status" is not a table', 'a view');
like(revert("relation => 'nothing'"), qr/^ERROR:  42P01: relation "nothing" does not exist/, 'no table');
like(revert("since_mark => 'nothing'"), qr/^ERROR:  42704: mark "nothing" does not exist/, 'no mark');
is(revert("transaction => 0"), 'NOTICE:  00000: there is nothing to take back', 'a transaction that never was');

# Conflicts.
reset_todo(q{
    SET bemi.context = '{"user": 7}';
    UPDATE todo SET task = 'Work' WHERE id = 1;
    DELETE FROM todo WHERE id = 2;
    INSERT INTO todo VALUES (3, 'Read', true);
    SET bemi.context = '{"user": 8}';
    UPDATE todo SET task = 'Play' WHERE id = 1;
    INSERT INTO todo VALUES (2, 'Drink', true);
    UPDATE todo SET done = false WHERE id = 3;
});
my $changed = '{"change": "UUID", "column": "task", "reason": "changed since", "context": {"user": 8}, "present": "Play", "expected": "Work"}';
$mistake = qq{relation => 'todo', $mistake};
like(revert($mistake), qr/^ERROR:  55000: cannot take changes back because of 3 conflicts\nDETAIL:  Row .*\nHINT:  Call bemi.revert\(\) with dry_run => true/, 'an error by default');
is(todo(), '1 Play f, 2 Drink t, 3 Read f', 'nothing is done');
like(revert("$mistake, dry_run => true"), qr/^1 UPDATE task conflict \Q$changed\E/m, 'a dry run shows them');
like(revert("$mistake, conflicts => 'skip'"), qr/^2 INSERT id,task,done skipped .*"key is taken".*^1 UPDATE task skipped \Q$changed\E.*^3 DELETE skipped .*"changed since"/ms, 'skip');
is(todo(), '1 Play f, 2 Drink t, 3 Read f', 'they are skipped');
like(revert("$mistake, conflicts => 'force'"), qr/^1 UPDATE task reverted \Q$changed\E/m, 'force');
is(todo(), '1 Sleep f, 2 Eat f', 'they are overwritten');

done_testing();
