-- Prints the changes that come in, one JSON object a line (the odd quote and delimiter keep COPY from touching them);
-- broken into two lines where the table would become too wide.
CREATE TEMP TABLE line (change json);
\copy line FROM pstdin (FORMAT csv, QUOTE e'\x01', DELIMITER e'\x02')

\pset footer off
SELECT change->>'primary_key' AS primary_key,
       change->>'table' AS "table",
       change->>'operation' AS operation,
       replace(change->>'before', ',"is_completed"', e',\n "is_completed"') AS before,
       replace(change->>'after', ',"is_completed"', e',\n "is_completed"') AS after,
       replace(change->>'context', ',"', e',\n "') AS context,
       to_char((change->>'committed_at')::timestamptz, 'HH24:MI:SS.MS') AS committed_at
FROM line;
