-- What has happened to todo 2? Each change has its old and new values.
SELECT operation, changed, context FROM bemi.history('todo', 2);
