-- Who deleted todo 2, and what was it?
SELECT context->>'job' AS who, before AS what FROM bemi.changes WHERE primary_key = '2' AND operation = 'DELETE';
