# Whose comment it is in every protocol: simple, extended, prepared and pipelined; in each also what deferred triggers do
# after the statement, when there is none any more.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main');
create_todo($node);
$node->safe_psql('postgres', q{
    CREATE TABLE ordered (id int, task text);
    CREATE TABLE audit (id int PRIMARY KEY);
    SELECT bemi.track('audit');
    CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO audit VALUES (NEW.id); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER note_later AFTER INSERT ON ordered DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_it();
});
create_slot($node, 's');

# Runs a script of pgbench, which speaks all protocols; compares what it changed.
sub changes_are {
    my ($mode, $script, $expected, $name, @options) = @_;
    my $file = $node->basedir . '/script.sql';
    unlink $file;
    append_to_file($file, $script);
    $node->command_ok([ 'pgbench', '-n', '-c', '1', '-t', '1', '-M', $mode, @options, '-f', $file, $node->connstr('postgres') ],
        "$mode: $name");
    is(brief(receive($node, 's', 'tracked-only' => 'on')), $expected, "$mode: $name");
    $node->safe_psql('postgres', 'TRUNCATE ordered; DELETE FROM todo; DELETE FROM audit');
    receive($node, 's');
}

for my $mode (qw(simple extended prepared)) {
    changes_are($mode, <<'END', 'CREATE 1 {"n":"mine"}', 'a deferred trigger after a statement');
INSERT INTO ordered VALUES (1) /*Bemi {"n": "mine"} Bemi*/;
END
    changes_are($mode, <<'END', qq(CREATE 2 {"n":"other"}\nCREATE 1 {"n":"mine"}), 'in a transaction block');
BEGIN;
INSERT INTO ordered VALUES (1) /*Bemi {"n": "mine"} Bemi*/;
INSERT INTO todo VALUES (2) /*Bemi {"n": "other"} Bemi*/;
COMMIT;
END
    changes_are($mode, <<'END', 'CREATE 1 {"by":"insert","n":"commit"}', 'with a COMMIT that has a comment');
BEGIN;
INSERT INTO ordered VALUES (1) /*Bemi {"n": "insert", "by": "insert"} Bemi*/;
COMMIT /*Bemi {"n": "commit"} Bemi*/;
END
    changes_are($mode, <<'END', qq(CREATE 1 {}\nCREATE 2 {}\nCREATE 3 {"n":"next"}), 'of two statements');
BEGIN;
INSERT INTO ordered VALUES (1) /*Bemi {"n": 1} Bemi*/;
INSERT INTO ordered VALUES (2) /*Bemi {"n": 2} Bemi*/;
END;
INSERT INTO ordered VALUES (3) /*Bemi {"n": "next"} Bemi*/;
END
    changes_are($mode, <<'END', qq(CREATE 1 {"n":"set"}\nCREATE 2 {}), 'with SET CONSTRAINTS');
BEGIN;
INSERT INTO ordered VALUES (1) /*Bemi {"n": "mine"} Bemi*/;
SET CONSTRAINTS ALL IMMEDIATE /*Bemi {"n": "set"} Bemi*/;
INSERT INTO todo VALUES (2);
COMMIT;
END
    changes_are($mode, <<'END', qq(CREATE 2 {"block":1}\nCREATE 1 {"block":1,"n":"mine"}\nCREATE 3 {}), 'with set_context()');
BEGIN;
SELECT bemi.set_context('{"block": 1}');
INSERT INTO ordered VALUES (1) /*Bemi {"n": "mine"} Bemi*/;
INSERT INTO todo VALUES (2);
COMMIT;
INSERT INTO todo VALUES (3);
END
}

for my $mode (qw(extended prepared)) {
    changes_are($mode, <<'END', qq(CREATE 2 {"n":"other"}\nCREATE 3 {}\nCREATE 1 {"n":"mine"}\nCREATE 4 {}), 'in a pipeline');
\startpipeline
INSERT INTO ordered VALUES (1) /*Bemi {"n": "mine"} Bemi*/;
INSERT INTO todo VALUES (2) /*Bemi {"n": "other"} Bemi*/;
INSERT INTO todo VALUES (3);
\endpipeline
INSERT INTO todo VALUES (4);
END
    changes_are($mode, <<'END', qq(CREATE 1 {}\nCREATE 2 {}), 'of two statements in a pipeline');
\startpipeline
INSERT INTO ordered VALUES (1) /*Bemi {"n": 1} Bemi*/;
INSERT INTO ordered VALUES (2) /*Bemi {"n": 2} Bemi*/;
\endpipeline
END
    changes_are($mode, <<'END', qq(CREATE 1 {"pipeline":1}\nCREATE 2 {}), 'set_context() within a pipeline ends with it');
\startpipeline
SELECT 1;
SELECT bemi.set_context('{"pipeline": 1}');
INSERT INTO todo VALUES (1);
\endpipeline
INSERT INTO todo VALUES (2);
END
}

# A statement is read once, and may be executed when standard_conforming_strings has another value.
$node->safe_psql('postgres', 'ALTER TABLE todo DROP CONSTRAINT todo_pkey');
changes_are('prepared', <<'END', join("\n", ('CREATE null {}', 'CREATE null {"n":2}') x 2), 'strings as they were read', '-t', '2');
INSERT INTO todo VALUES (1, 'C:\' || ' /*Bemi {"forged": 1} Bemi*/ ');
INSERT INTO todo VALUES (2, 'x\y') /*Bemi {"n": 2} Bemi*/;
SET standard_conforming_strings = off;
END
changes_are('extended', <<'END', 'CREATE null {"n":1}', 'strings in which a backslash escapes');
SET standard_conforming_strings = off;
INSERT INTO todo VALUES (1, 'it''s') /*Bemi {"n": 1} Bemi*/;
END

done_testing();
