-- And without any client, the server itself has stored them: who changed which row, from where, and what was it before
SELECT primary_key, "table", operation, replace(before::text, ', "is', e',\n "is') AS before,
       replace(after::text, ', "is', e',\n "is') AS after, replace(context::text, ', "', e',\n "') AS context,
       to_char(committed_at, 'HH24:MI:SS.MS') AS committed_at
FROM bemi.changes ORDER BY commit_position, sequence;
