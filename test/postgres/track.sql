CREATE EXTENSION bemi;
SELECT bemi.track_schema('public');
SELECT bemi.start();
SELECT pg_create_logical_replication_slot('witness_' || current_database(), 'bemi');
SELECT pg_create_logical_replication_slot('other_' || current_database(), 'wal2json');
