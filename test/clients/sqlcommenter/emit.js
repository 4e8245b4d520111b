// Writes rows as an application does that OpenTelemetry traces.
'use strict';

const { context, trace } = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { PgInstrumentation } = require('@opentelemetry/instrumentation-pg');
const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const provider = new BasicTracerProvider();
const instrumentation = new PgInstrumentation({ addSqlCommenterCommentToQueries: true });
instrumentation.setTracerProvider(provider);
const { Client } = require('pg'); // only now, so that it is instrumented

async function main() {
    const client = new Client();
    await client.connect();
    await client.query('INSERT INTO todo VALUES ($1, $2)', [20, 'with parameters']);
    await client.query("INSERT INTO todo VALUES (21, 'as text')");
    await client.query({ name: 'named', text: 'INSERT INTO todo VALUES ($1, $2)', values: [22, 'named'] });
    await client.query("INSERT INTO todo VALUES (23, 'own comment') /* already there */");
    await client.end();
}

main();
