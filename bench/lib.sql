-- The benchmarks' own objects in the private server.
CREATE EXTENSION bemi;
\ir cpu.sql

CREATE UNLOGGED TABLE bench.sample (
    id int GENERATED ALWAYS AS IDENTITY,
    workload text,
    contender text,
    round int, -- 0 warms up and is not counted
    turn int DEFAULT 1, -- within a round; the same
    units bigint, -- rows, transactions or changes
    cpu_ns bigint
);

-- CPU per unit, and its ratio to the base's: pair by pair, then the median of a round, then that of the rounds with
-- its spread.
CREATE VIEW bench.result AS
SELECT min(id) AS id, base, workload, contender,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY cpu_us)::numeric AS cpu_us,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY ratio)::numeric AS ratio,
       min(ratio)::numeric AS lowest,
       max(ratio)::numeric AS highest
FROM (SELECT min(s.id) AS id, b.contender AS base, workload, s.contender, round,
             percentile_cont(0.5) WITHIN GROUP (ORDER BY s.cpu_ns / 1000.0 / s.units) AS cpu_us,
             percentile_cont(0.5) WITHIN GROUP (ORDER BY s.cpu_ns::float8 / b.cpu_ns) AS ratio
      FROM bench.sample s
      JOIN bench.sample b USING (workload, round, turn)
      WHERE round > 0 AND turn > 0
      GROUP BY b.contender, workload, s.contender, round) AS rounds
GROUP BY base, workload, contender;

-- A Markdown table, a row per workload and a column per contender: "CPU µs × ratio (lowest–highest)".
CREATE FUNCTION bench.markdown(base text, contenders text[]) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT '| CPU µs | ' || array_to_string(contenders, ' | ') || ' |'
    UNION ALL
    SELECT repeat('|---', cardinality(contenders) + 1) || '|'
    UNION ALL
    (SELECT format('| %s | %s |', workload, string_agg(coalesce(cell, ''), ' | ' ORDER BY place))
     FROM (SELECT DISTINCT workload FROM bench.result) AS w
     CROSS JOIN unnest(contenders) WITH ORDINALITY AS c (contender, place)
     LEFT JOIN LATERAL (
         SELECT id, CASE WHEN r.contender = r.base THEN round(cpu_us, 2)::text
                         ELSE format('%s × %s (%s–%s)', round(cpu_us, 2), round(ratio, 2), round(lowest, 2), round(highest, 2))
                    END AS cell
         FROM bench.result r
         WHERE r.base = markdown.base AND r.workload = w.workload AND r.contender = c.contender
     ) AS r ON true
     GROUP BY workload
     ORDER BY min(id))
$$;
