// A change as JSON, made by the server: what is large is cut there, and never sent.

const time = (column) => `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

/** Above this many bytes as stored, a list does not look into a row or a context. */
const large = 50_000

/** A value: {"v": …}, or where it is long {"cut": its beginning, "length": …}; null where the column is absent. */
export const cutTo = (value, limit) => `
  CASE WHEN ${value} IS NULL THEN NULL
       WHEN length(${value}::text) <= ${limit} THEN jsonb_build_object('v', ${value})
       ELSE jsonb_build_object('cut', left(${value} #>> '{}', ${limit}), 'length', length(${value} #>> '{}')) END`

/** The columns of c.before and c.after with both values, in the order of their names; those that differ, or all. */
const columns = ({ limit, condition, atMost }) => `
  (SELECT jsonb_build_object('total', count(*), 'shown',
            coalesce(jsonb_agg(jsonb_build_array(d.key, ${cutTo('d.old', limit)}, ${cutTo('d.new', limit)}) ORDER BY d.place)
                     FILTER (WHERE d.place <= ${atMost}), '[]'))
   FROM (SELECT key, b.value AS old, a.value AS new, row_number() OVER (ORDER BY length(key), key COLLATE "C") AS place
         FROM jsonb_each(c.before) b FULL JOIN jsonb_each(c.after) a USING (key) WHERE ${condition}) d)`

const differs = 'a.value IS DISTINCT FROM b.value'

const identity = `
  'id', c.id, 'schema', c.schema, 'table', c."table", 'key', c.primary_key, 'operation', c.operation,
  'at', ${time('c.committed_at')}, 'tx', c.transaction_id::text, 'commit', c.commit_position::text, 'sequence', c.sequence::text,
  'size', pg_column_size(c.before) + pg_column_size(c.after)`

/** For a list: what differs, as far as it is read at a glance. */
export const listed = `json_build_object(${identity},
  'context', CASE WHEN pg_column_size(c.context) <= 20000 THEN c.context END,
  'columns', CASE WHEN pg_column_size(c.before) + pg_column_size(c.after) <= ${large}
                  THEN ${columns({ limit: 240, condition: differs, atMost: 8 })} END)::text`

/** For a history: all that differs. */
export const versioned = `json_build_object(${identity},
  'context', CASE WHEN pg_column_size(c.context) <= 20000 THEN c.context END,
  'columns', CASE WHEN pg_column_size(c.before) + pg_column_size(c.after) <= ${large}
                  THEN ${columns({ limit: 4000, condition: differs, atMost: 400 })} END)::text`

/** By itself: every column, and when it was read and stored. */
export const whole = `json_build_object(${identity}, 'database', c.database, 'position', c.position::text,
  'queued_at', ${time('c.queued_at')}, 'created_at', ${time('c.created_at')},
  'context', CASE WHEN pg_column_size(c.context) <= 1000000 THEN c.context END,
  'columns', ${columns({ limit: 20_000, condition: 'true', atMost: 1700 })})::text`

/** The newest first; the newest of a transaction is its last. */
export const newestFirst = 'ORDER BY c.committed_at DESC, c.commit_position DESC, c.sequence DESC'

/** The columns by which a page goes on after a change. */
export const cursor = `${time('c.committed_at')} AS at, c.commit_position::text AS commit, c.sequence::text AS sequence`
