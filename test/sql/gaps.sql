-- bemi.gaps: what bemi.doctor() says of them, and bemi.acknowledge_gap(). How they come about is in test/t.
\pset format unaligned
\pset null NULL
CREATE VIEW regress_gaps AS SELECT found, fix FROM bemi.doctor() WHERE "check" = 'gaps' AND NOT ok;

-- one with an end, one without, and one without an end of another server, whose dump was restored
INSERT INTO bemi.gaps (system_identifier, from_position, to_position, reason, role)
SELECT system_identifier, '0/A', '0/B', 'the first', 'somebody' FROM pg_control_system();
INSERT INTO bemi.gaps (system_identifier, from_position, reason)
SELECT system_identifier, '0/C', 'the second' FROM pg_control_system();
INSERT INTO bemi.gaps (system_identifier, from_position, reason) VALUES (1, '0/C', 'of another server');
SELECT * FROM regress_gaps;
SELECT gaps FROM bemi.metrics;

-- a server has one without an end at most
\set VERBOSITY terse
INSERT INTO bemi.gaps (system_identifier, from_position, reason)
SELECT system_identifier, '0/D', 'another one' FROM pg_control_system();
\set VERBOSITY default

-- known is not deleted; who said so first is kept
CREATE ROLE regress_bemi_auditor;
CREATE ROLE regress_bemi_nobody;
GRANT EXECUTE ON FUNCTION bemi.acknowledge_gap TO regress_bemi_auditor;
SELECT fix FROM regress_gaps WHERE fix LIKE '%acknowledge%' LIMIT 1 \gset
SET ROLE regress_bemi_nobody;
SELECT bemi.acknowledge_gap(1);
SET ROLE regress_bemi_auditor;
SELECT bemi.acknowledge_gap(1);
RESET ROLE;
:fix
SELECT bemi.acknowledge_gap(1);
SELECT id, acknowledged_at <= now() AS acknowledged, acknowledged_by FROM bemi.gaps ORDER BY id;
SELECT * FROM regress_gaps;
SELECT bemi.acknowledge_gap(4711);
SELECT bemi.acknowledge_gap(NULL);
BEGIN READ ONLY;
SELECT bemi.acknowledge_gap(3);
ROLLBACK;
SELECT bemi.acknowledge_gap(3);
SELECT * FROM regress_gaps;

DELETE FROM bemi.gaps;
REVOKE EXECUTE ON FUNCTION bemi.acknowledge_gap FROM regress_bemi_auditor;
DROP ROLE regress_bemi_auditor, regress_bemi_nobody;
DROP VIEW regress_gaps;
ALTER TABLE bemi.gaps ALTER id RESTART;
