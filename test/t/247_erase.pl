# bemi.erase(): values of a record become null in all stored changes, whatever keys and names it had, and looking back knows it.
use strict;
use warnings;
use Bemi;
use Test::More;

my $node = server('main');

sub run { one_of($node, $_[0]) }

sub erase {
    my ($arguments) = @_;
    run("SELECT bemi.erase($arguments); SELECT bemi.sync()");
}

sub error_of {
    my ($query, %options) = @_;
    my ($status, $out, $error) = $node->psql('postgres', "\\set VERBOSITY verbose\n$query", %options);
    return $error;
}

# What the store has of a record: each change with the values of its images.
sub stored {
    my ($condition) = @_;
    return run(qq{SELECT string_agg(concat_ws(' ', operation, primary_key, before, after), E'\\n' ORDER BY commit_position, sequence)
        FROM bemi.changes WHERE operation <> 'ERASURE' AND $condition});
}

run(q{
    CREATE TABLE person (id int PRIMARY KEY, email text, city text);
    INSERT INTO person VALUES (9, 'old@x', 'Ulm');
    SELECT bemi.track('person', baseline => true);
    SELECT bemi.start();
    SET bemi.context = '{"user_id": 1, "ip": "10.0.0.7"}';
    INSERT INTO person VALUES (1, 'a@x', 'Rome'), (2, 'b@x', 'Oslo');
});
run(q{SET bemi.context = '{"user_id": 2, "ip": "10.0.0.8"}'; UPDATE person SET email = 'aa@x' WHERE id = 1});
run(q{SET bemi.context = '{"user_id": 3, "ip": "10.0.0.9"}'; UPDATE person SET city = 'Bari' WHERE id = 1});
run(q{SELECT bemi.sync()});
ok($node->poll_query_until('postgres', q{SELECT bool_and(finished_at IS NOT NULL) FROM bemi.baselines}), 'the baseline is there');
my $before_erasure = run('SELECT clock_timestamp()');

# One column, and a key of the contexts.
run(q{SET bemi.context = '{"officer": 5}'; SELECT bemi.erase('person', '1', '{email}', '{ip}', 'request 4711'); SELECT bemi.sync()});
is(stored(q{primary_key = '1'}), join("\n",
    'CREATE 1 {} {"id": 1, "city": "Rome", "email": null}',
    'UPDATE 1 {"id": 1, "city": "Rome", "email": null} {"id": 1, "city": "Rome", "email": null}',
    'UPDATE 1 {"id": 1, "city": "Rome", "email": null} {"id": 1, "city": "Bari", "email": null}'), 'null before and after');
is(run(q{SELECT string_agg(context::text, ' ' ORDER BY commit_position, sequence) FROM bemi.changes WHERE primary_key = '1' AND operation <> 'ERASURE'}),
    '{"ip": null, "user_id": 1} {"ip": null, "user_id": 2} {"ip": null, "user_id": 3}', '... and in the contexts');
is(stored(q{primary_key = '2'}), 'CREATE 2 {} {"id": 2, "city": "Oslo", "email": "b@x"}', 'other rows keep theirs');
my $user = run('SELECT current_user');
is(run(q{SELECT concat_ws(' ', schema, "table", primary_key, before, after, context) FROM bemi.changes WHERE operation = 'ERASURE'}),
    'public person 1 {} {} {"erasure": {"role": "' . $user . '", "reason": "request 4711", "changes": 3, "columns": ["email"], "context_keys": ["ip"]}, "officer": 5}',
    'who, when, why and how many is a change');
is(run(q{SELECT count(*) FROM bemi.changes WHERE context @> '{"erasure": {"reason": "request 4711"}}'}), 1, '... that is found by its context');

# Looking back.
is(run(q{SELECT string_agg(concat_ws(' ', operation, changed, row_data), E'\n') FROM bemi.history('person', 1)}), join("\n",
    'CREATE {"id": [null, 1], "city": [null, "Rome"], "email": [null, null]} {"id": 1, "city": "Rome", "email": null}',
    'UPDATE {"email": [null, null]} {"id": 1, "city": "Rome", "email": null}',
    'UPDATE {"city": ["Rome", "Bari"]} {"id": 1, "city": "Bari", "email": null}',
    'ERASURE {} {"id": 1, "city": "Bari", "email": null}'), 'history: which changes have changed it, and that it was erased');
is(run(q{SELECT string_agg(concat_ws(' ', column_name, value, context->'user_id'), ', ') FROM bemi.blame('person', 1)}),
    'id 1 1, email null 2, city "Bari" 3', 'blame accuses the right one');
is(run(qq{UPDATE person SET city = 'Pisa' WHERE id = 1; SELECT concat_ws(' ', id, email IS NULL, city) FROM bemi.as_of(NULL::person, '$before_erasure') WHERE id = 1}),
    '1 f Bari', 'as_of: what changes since the erasure say is there');
run(q{SELECT bemi.sync()});
erase(q{'person', '1', reason => 'all'});
is(run(qq{SELECT concat_ws(' ', id, email IS NULL, city IS NULL) FROM bemi.as_of(NULL::person, '$before_erasure') WHERE id = 1}), '1 t t', '... erased values are null');
is(run(q{SELECT string_agg(DISTINCT v.version::text, ' ') FROM bemi.tracking t CROSS JOIN LATERAL bemi.versions(NULL::person, t.from_time, keys => '{1}') v
    WHERE t.relation = 'person'::regclass AND upper(v.valid) IS NOT NULL}), '(1,,)', 'versions have them as null');
is(run(q{SELECT count(*) FROM bemi.tracking t CROSS JOIN LATERAL bemi.changes_between('person', t.from_time, now()) c WHERE t.relation = 'person'::regclass AND c.operation NOT IN ('CREATE', 'UPDATE')}), 0, 'changes_between does not count an erasure');
is(stored(q{primary_key = '9'}), 'BASELINE 9 {} {"id": 9, "city": "Ulm", "email": "old@x"}', 'a baseline');
erase(q{'person', '9', '{email}', reason => 'x'});
is(stored(q{primary_key = '9'}), 'BASELINE 9 {} {"id": 9, "city": "Ulm", "email": null}', '... has no values any more');

# Taking back.
run(q{SET bemi.context = '{"by": "price"}'; INSERT INTO person VALUES (20, 'r@x', 'Bonn')});
run(q{SET bemi.context = '{"by": "both"}'; UPDATE person SET email = 'rr@x', city = 'Kiel' WHERE id = 20});
run(q{SET bemi.context = '{"by": "city"}'; UPDATE person SET city = 'Graz' WHERE id = 20});
run(q{SET bemi.context = '{"by": "delete"}'; DELETE FROM person WHERE id = 20});
run('SELECT bemi.sync()');
erase(q{'person', '20', '{email}', reason => 'x'});
is(run(q{SELECT concat_ws(' ', action, status, conflict) FROM bemi.revert(context => '{"by": "delete"}', dry_run => true)}),
    'conflict {"column": "email", "reason": "erased"}', 'revert: a deleted row of which a value was erased');
for my $how (qw(error force cascade)) {
    like(error_of(qq{SELECT * FROM bemi.revert(context => '{"by": "delete"}', conflicts => '$how')}), qr/55000.*because of a conflict.*erased, column "email"/s, "... is an error with $how")
        if $how ne 'force';
}
is(run(q{SELECT count(*) FROM bemi.revert(context => '{"by": "delete"}', conflicts => 'skip') WHERE status = 'reverted'}), 0, '... and is skipped');
run(q{INSERT INTO person VALUES (20, 'again@x', 'Graz')});
is(run(q{SELECT concat_ws(' ', conflict) FROM bemi.revert(context => '{"by": "both"}', dry_run => true)}),
    '{"column": "email", "reason": "erased"}', 'an UPDATE that has changed the erased column');
is(run(q{SELECT concat_ws(' ', action, columns, status) FROM bemi.revert(context => '{"by": "city"}')}), 'UPDATE {city} reverted', 'one that has not is taken back');
is(run(q{SELECT concat_ws(' ', email, city) FROM person WHERE id = 20}), 'again@x Kiel', '... and leaves the erased column alone');
like(error_of(q{SELECT * FROM bemi.revert(context => '{"by": "both"}', conflicts => 'force')}), qr/55000.*erased/s, 'force writes no erased value');
run(q{BEGIN; TRUNCATE person; COMMIT; SELECT bemi.sync()});
my $truncation = run(q{SELECT id FROM bemi.changes WHERE operation = 'TRUNCATE'});
is(run(qq{SELECT string_agg(concat_ws(' ', key, action, conflict->>'reason'), ', ' ORDER BY key) FROM bemi.revert(change => '$truncation', dry_run => true)}),
    '1 erased, 2 INSERT, 20 erased, 9 erased', 'a TRUNCATE: rows with erased values stay out');
is(run(qq{SELECT string_agg(concat_ws(' ', key, status), ', ' ORDER BY key) FROM bemi.revert(change => '$truncation', conflicts => 'skip')}), '1 skipped, 2 reverted, 20 skipped, 9 skipped', '... the others come back');

# Moved keys, renamed tables and columns, partitions.
run(q{
    CREATE TABLE part (id int PRIMARY KEY, secret text, other text) PARTITION BY RANGE (id);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (100);
    CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (100) TO (200);
    SELECT bemi.track('part');
    INSERT INTO part VALUES (1, 's1', 'o1');
    UPDATE part SET id = 2, secret = 's2' WHERE id = 1;
    INSERT INTO part VALUES (1, 'of another', 'o');
    ALTER TABLE part RENAME secret TO hidden;
    ALTER TABLE part ADD secret text DEFAULT 'new';
    ALTER TABLE part_1 RENAME TO "Part One";
    UPDATE part SET hidden = 's3' WHERE id = 2;
    ALTER TABLE part DROP other;
    UPDATE part SET id = 102, hidden = 's4' WHERE id = 2;
    SELECT bemi.sync();
});
# A row that moves to another partition is deleted there, and created here with another key.
erase(qq{'part', '$_', '{hidden,other}', reason => 'x'}) for 2, 102;
is(run(q{SELECT string_agg(concat_ws(' ', "table", operation, primary_key, before, after), E'\n' ORDER BY commit_position, sequence)
    FROM bemi.changes WHERE "table" ~* 'part' AND operation <> 'ERASURE'}), join("\n",
    'part_1 CREATE 1 {} {"id": 1, "other": null, "secret": null}',
    'part_1 UPDATE 2 {"id": 1, "other": null, "secret": null} {"id": 2, "other": null, "secret": null}',
    'part_1 CREATE 1 {} {"id": 1, "other": "o", "secret": "of another"}',
    'Part One UPDATE 2 {"id": 2, "other": null, "hidden": null, "secret": "new"} {"id": 2, "other": null, "hidden": null, "secret": "new"}',
    'Part One DELETE 2 {"id": 2, "hidden": null, "secret": "new"} {}',
    'part_2 CREATE 102 {} {"id": 102, "hidden": "s4", "secret": "new"}') =~ s/"s4"/null/r, 'the row under all its keys and names, and no other row')
    or diag(run(q{SELECT string_agg(concat_ws(' ', commit_position, sequence, operation, "table", primary_key, context), E'\n') FROM bemi.changes WHERE "table" ~* 'part'}));

# The own transaction, before the call and after it; a savepoint; a rollback.
run(q{CREATE TABLE own (id int PRIMARY KEY, v text); SELECT bemi.track('own'); INSERT INTO own VALUES (1, 'v1'), (2, 'v2'), (3, 'v3'); SELECT bemi.sync()});
run(q{BEGIN; UPDATE own SET v = 'w1' WHERE id = 1; SELECT bemi.erase('own', '1', reason => 'x'); DELETE FROM own WHERE id = 1; COMMIT;
    SELECT bemi.sync()});
unlike(stored(q{"table" = 'own' AND primary_key = '1'}), qr/v1|w1/, 'all changes of its transaction');
run(q{BEGIN; SELECT bemi.erase('own', '2', reason => 'x'); ROLLBACK;
    BEGIN; SAVEPOINT s; SELECT bemi.erase('own', '3', reason => 'x'); ROLLBACK TO s; COMMIT; SELECT bemi.sync()});
like(stored(q{"table" = 'own'}), qr/v2.*v3/s, 'what is rolled back erases nothing');
run(q{BEGIN; SELECT bemi.erase('own', id::text, reason => 'all') FROM own; COMMIT; SELECT bemi.sync()});
unlike(stored(q{"table" = 'own'}), qr/v[23]/, 'several in one transaction');
is(run(q{SELECT count(DISTINCT (id, sequence)) FROM bemi.changes WHERE "table" = 'own' AND operation = 'ERASURE'}), 3, '... each is a change');
erase(q{'own', '3', reason => 'again'});
is(run(q{SELECT context->'erasure'->'changes' FROM bemi.changes WHERE context->'erasure'->>'reason' = 'again'}), 0, 'a second time there is nothing left');
erase(q{'own', '77', reason => 'nobody'});
is(run(q{SELECT concat(primary_key, ' ', context->'erasure'->'changes') FROM bemi.changes WHERE context->'erasure'->>'reason' = 'nobody'}), '77 0', 'nor of a row without changes');

# A primary key that is the personal datum.
run(q{
    CREATE TABLE account (email text PRIMARY KEY, name text);
    SELECT bemi.track('account');
    INSERT INTO account VALUES ('first@secret', 'Ann');
    UPDATE account SET email = 'second@secret';
    UPDATE account SET name = 'Anna';
    SELECT bemi.sync();
});
like(error_of(q{SELECT bemi.erase('account', 'second@secret', '{email}', reason => 'x')}), qr/55000.*primary key of a row of table "account" that is there.*HINT/s, 'not of a row that is there');
my $lived = run('SELECT clock_timestamp()');
run(q{DELETE FROM account; SELECT bemi.sync()});
erase(q{'account', 'second@secret', '{email,name}', reason => 'x'});
is(run(q{SELECT count(*) FROM bemi.changes c WHERE "table" = 'account' AND c::text ~ 'secret|Ann'}) + run(q{SELECT count(*) FROM bemi.moved_keys WHERE old_key ~ 'secret'}), 0, 'the keys are gone');
is(run(q{SELECT count(*) FROM bemi.changes WHERE "table" = 'account' AND primary_key ~ '^erased:[0-9a-f-]{36}(:2)?$'}), 5, '... others stand for them');
my $pseudonym = run(q{SELECT primary_key FROM bemi.changes WHERE "table" = 'account' AND operation = 'ERASURE'});
is(run(qq{SELECT string_agg(operation, ' ') FROM bemi.history('account', '$pseudonym')}), 'CREATE UPDATE UPDATE DELETE ERASURE', '... under which the history is still one');
run(q{INSERT INTO account VALUES ('second@secret', 'Bob')});
is(run(qq{SELECT string_agg(concat_ws(' ', coalesce(email, '-'), coalesce(name, '-')), ', ') FROM bemi.as_of(NULL::account, '$lived')}), '- -', 'as_of: a row without values');
is(run(q{SELECT string_agg(operation, ' ') FROM bemi.history('account', 'second@secret')}), 'CREATE', 'a new row with that key has a history of its own');
is(run(q{SELECT string_agg(DISTINCT conflict->>'reason', ' ') FROM bemi.revert(relation => 'account', operations => '{DELETE}', dry_run => true)}), 'erased', 'revert knows');

# Errors.
run(q{CREATE ROLE officer LOGIN; CREATE ROLE stranger LOGIN; CREATE TABLE keyless (a int); SELECT bemi.track('keyless'); CREATE TABLE untracked (id int PRIMARY KEY); CREATE VIEW v AS SELECT 1 AS a});
for my $case (
    [ q{NULL, '1', reason => 'x'}, qr/22004.*"relation" must not be null/ ],
    [ q{'own', NULL, reason => 'x'}, qr/22004.*"key" must not be null/ ],
    [ q{'own', '1'}, qr/22004.*no reason is given.*HINT/s ],
    [ q{'own', '1', reason => E' \n'}, qr/22004.*no reason is given/ ],
    [ q{'own', '1', '{v,NULL}', reason => 'x'}, qr/22004.*"columns" must not have null elements/ ],
    [ q{'own', '1', '{}', reason => 'x'}, qr/22023.*there is nothing to erase.*HINT/s ],
    [ q{'own', '1', '{"v\"; DROP TABLE own; --"}', reason => 'x'}, qr/42703.*column "v"; DROP TABLE own; --" of table "own" does not exist/ ],
    [ q{'keyless', '1', reason => 'x'}, qr/55000.*table "keyless" has no primary key.*HINT/s ],
    [ q{'untracked', '1', reason => 'x'}, qr/55000.*table "untracked" is not tracked.*HINT/s ],
    [ q{'v', '1', reason => 'x'}, qr/42809.*"v" is not a table/ ],
) {
    like(error_of("SELECT bemi.erase($case->[0])"), $case->[1], $case->[0]);
}
like(error_of(q{SELECT bemi.erase('own', '1', reason => 'x')}, connstr => $node->connstr('postgres') . ' user=stranger'), qr/42501.*permission denied for function erase/, 'a role that may not');
run('GRANT EXECUTE ON FUNCTION bemi.erase TO officer');
run(q{INSERT INTO own VALUES (5, 'v5'); SELECT bemi.sync()});
$node->safe_psql('postgres', q{SELECT bemi.erase('own', '5', reason => 'by officer'); SELECT bemi.sync()}, connstr => $node->connstr('postgres') . ' user=officer');
is(run(q{SELECT context->'erasure'->>'role' FROM bemi.changes WHERE context->'erasure'->>'reason' = 'by officer'}), 'officer', 'a role that was granted it');
my ($forged) = run(q{SELECT count(*) FROM bemi.changes WHERE operation = 'ERASURE'});
run(q{SELECT pg_logical_emit_message(true, '_bemi_erasure', '{"relation": "' || 'own'::regclass::oid || '", "key": "5", "role": "me", "context": {}}'); SELECT bemi.sync()});
is(run(q{SELECT count(*) FROM bemi.changes WHERE operation = 'ERASURE'}), $forged, 'a message that a client writes erases nothing');
create_slot($node, 'client');
erase(q{'own', '5', reason => 'another'});
is(scalar(receive($node, 'client', messages => '*')), 0, 'clients of the output plugin get no message of it');

# What cannot be done is in bemi.errors, and the store goes on.
run(q{
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'append only'; END $$;
    CREATE TRIGGER refuse BEFORE UPDATE ON bemi.changes FOR EACH ROW EXECUTE FUNCTION refuse();
    INSERT INTO own VALUES (6, 'v6');
    SELECT bemi.sync();
});
erase(q{'own', '6', reason => 'x'});
is(run(q{SELECT concat_ws(' ', "table", operation, sqlstate, error) FROM bemi.errors}), 'own ERASURE P0001 append only', 'an error');
like(stored(q{primary_key = '6'}), qr/v6/, '... after which all is as it was');
run('DROP TRIGGER refuse ON bemi.changes');
run(q{INSERT INTO own VALUES (7, 'v7'); SELECT bemi.sync()});
like(stored(q{primary_key = '7'}), qr/v7/, '... and what comes then is stored');

# Killed in the middle: all or nothing, and at last all.
run(q{INSERT INTO own VALUES (8, 'v8'); SELECT bemi.sync(); UPDATE own SET v = 'v8' || n FROM generate_series(1, 3) n WHERE id = 8; SELECT bemi.sync()});
my $blocker = $node->background_psql('postgres', on_error_stop => 0);
$blocker->query_safe(q{BEGIN; SELECT FROM bemi.changes WHERE "table" = 'own' AND primary_key = '8' AND operation = 'UPDATE' FOR UPDATE});
run(q{SELECT bemi.erase('own', '8', reason => 'killed')});
ok($node->poll_query_until('postgres', q{SELECT cardinality(blocked_by) > 0 FROM bemi.metrics}), 'the worker is erasing');
$node->kill9;
$blocker->{run}->finish;
start_again($node);
run('SELECT bemi.sync()');
unlike(stored(q{"table" = 'own' AND primary_key = '8'}), qr/v8/, 'what was killed is done after the restart');
is(run(q{SELECT string_agg(context->'erasure'->>'changes', ' ') FROM bemi.changes WHERE context->'erasure'->>'reason' = 'killed'}), '2', '... once');

done_testing();
