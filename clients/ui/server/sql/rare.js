// Tables that change rarely: in the order of time, their changes would be looked for among everybody's.

const few = 2000

/** What to read changes FROM, as c: of a table with few changes these alone, which then are sorted. */
export async function fromFew(ask, source, query, { where }) {
  const [tables, schemas] = [query.getAll('table'), query.getAll('schema')]
  if (tables.length === 0) return `${source} c`
  const [{ number }] = await ask(
    `SELECT count(*) AS number FROM (
       SELECT FROM ${source} c WHERE c."table" = ANY ($1::text[]) AND (c.schema = ANY ($2::text[]) OR $2 = '{}') LIMIT ${few + 1}) s`,
    [tables, schemas],
  )
  return Number(number) > few ? `${source} c` : `(SELECT c.* FROM ${source} c WHERE ${where} OFFSET 0) c`
}
