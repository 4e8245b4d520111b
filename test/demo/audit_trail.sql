-- The server itself has stored the changes: who changed which row, from where, and what was it before
SELECT primary_key AS key, operation, bemi.diff(before, after) AS changed, context
FROM bemi.changes ORDER BY commit_position, sequence;
