/*
 * An output plugin that looks at no change. It prints as many blanks for each as the option "bytes" says, packed into
 * pieces of "batch-size" as bemi does: with 0 it is what decoding itself costs, below which no plugin gets; with the
 * bytes of another plugin's lines it is what printing them costs, below which that one does not get.
 */
#include "postgres.h"

#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "replication/logical.h"
#include "replication/output_plugin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_output_plugin_init(OutputPluginCallbacks *callbacks);

static int bytes, batch_size, pending;
static char *blanks;
static MemoryContext memory; /* of a change, as other plugins have one */

static void flush(LogicalDecodingContext *ctx) {
	MemoryContext caller;
	if (pending == 0)
		return;
	caller = MemoryContextSwitchTo(memory);
	OutputPluginPrepareWrite(ctx, true);
	appendBinaryStringInfo(ctx->out, blanks, pending);
	OutputPluginWrite(ctx, true);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(memory);
	pending = 0;
}

static void startup(LogicalDecodingContext *ctx, OutputPluginOptions *options, bool is_init) {
	ListCell *cell;
	options->output_type = OUTPUT_PLUGIN_TEXTUAL_OUTPUT;
	bytes = batch_size = pending = 0;
	foreach (cell, ctx->output_plugin_options) {
		DefElem *option = lfirst(cell);
		*(strcmp(option->defname, "bytes") == 0 ? &bytes : &batch_size) = atoi(strVal(option->arg));
	}
	memory = AllocSetContextCreate(ctx->context, "blank", ALLOCSET_DEFAULT_SIZES);
	blanks = MemoryContextAlloc(ctx->context, bytes + batch_size);
	memset(blanks, ' ', bytes + batch_size);
}

static void begin(LogicalDecodingContext *ctx, ReorderBufferTXN *txn) {
}

static void change(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, Relation relation, ReorderBufferChange *change) {
	pending += bytes;
	if (pending >= batch_size)
		flush(ctx);
}

static void commit(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr lsn) {
	flush(ctx);
}

void _PG_output_plugin_init(OutputPluginCallbacks *callbacks) {
	callbacks->startup_cb = startup;
	callbacks->begin_cb = begin;
	callbacks->change_cb = change;
	callbacks->commit_cb = commit;
}
