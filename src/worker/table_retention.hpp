// The retention of single tables: their changes are deleted when they are older than the option `retention`
// says.
#pragma once

namespace bemi::worker::table_retention {

/// Does a part of the work, so that storing does not wait for long. In transactions of its own.
void run();

} // namespace bemi::worker::table_retention
