# A role with no privileges of bemi's: its writes carry its context, and it can change nothing of the tracking.
use strict;
use warnings;
use Bemi;
use Test::More;

my $node = server('main');
create_todo($node);
create_slot($node, 's');
$node->safe_psql('postgres', q{
    CREATE ROLE nobody LOGIN;
    GRANT INSERT, UPDATE, DELETE, SELECT ON todo TO nobody;
    REVOKE ALL ON SCHEMA bemi FROM PUBLIC;
});
my $nobody = $node->connstr('postgres') . ' user=nobody';

# Returns what it is told.
sub as_nobody {
    my ($sql) = @_;
    my ($status, $out, $errors) = $node->psql('postgres', $sql, connstr => $nobody, on_error_stop => 1);
    return $errors;
}

is(as_nobody(q{SET bemi.context = '{"user_id": 1}'; INSERT INTO todo VALUES (1); DELETE FROM todo /*Bemi {"a": 2} Bemi*/}), '',
    'it may write to a tracked table');
is(brief(receive($node, 's')), qq(CREATE 1 {"user_id":1}\nDELETE 1 {"a":2,"user_id":1}), 'with its context');

like(as_nobody('SELECT bemi.current_context()'), qr/permission denied for schema bemi/, 'without USAGE, no function');
$node->safe_psql('postgres', 'GRANT USAGE ON SCHEMA bemi TO PUBLIC');
is(as_nobody(q{SELECT bemi.set_context('{"user_id": 2}')}), '', 'with USAGE, the context functions');
like(as_nobody(q{SELECT bemi.track('todo')}), qr/must be owner of table todo/, 'track() is for the owner');
like(as_nobody(q{SELECT bemi.untrack('todo')}), qr/must be owner of table todo/, 'untrack() too');
like(as_nobody(q{SELECT bemi.track_schema('public')}), qr/must be owner of schema public/, 'track_schema() as well');
like(as_nobody("SET bemi.$_"), qr/permission denied to set parameter/, "SET bemi.$_ is for superusers")
    for "enabled = off", "capture = ''", "comment_affix = 'X'";
like(as_nobody('DELETE FROM bemi.tracked_schemas'), qr/permission denied for table tracked_schemas/, 'what is tracked is not written by hand');
like(as_nobody('DROP EXTENSION bemi'), qr/must be owner of extension bemi/, 'nor is the extension dropped');
like(as_nobody(q{SELECT * FROM pg_logical_slot_peek_changes('s', NULL, NULL)}),
    qr/must be superuser or replication role|permission denied/, 'nor the stream read');

done_testing();
