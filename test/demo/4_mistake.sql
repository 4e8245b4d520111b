-- What is rolled back leaves no trace; what is committed keeps the context of its own statement.
BEGIN;
SET LOCAL bemi.context = '{"job": "clean up"}';
SAVEPOINT careful; DELETE FROM todo; ROLLBACK TO careful;
DELETE FROM todo WHERE is_completed;
COMMIT;
