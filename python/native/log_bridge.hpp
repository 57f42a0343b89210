// The core's log records for Python's logging, where a job uses it: its handlers see what the
// program says too.
#pragma once

#include "python.hpp"
#include "vdk/base/log.hpp"

namespace vdk {

// From now on the core's records are kept for the bridge as well as printed. Once a run.
void tap_core_log();

// What takes the records: `receive` is called with level, logger, message, file, line, function and
// whether the record is printed already; `others_print()` says whether handlers of somebody else
// print the log. None ends it. Needs the interpreter lock.
void set_record_receiver(nb::object receiver);

// To be called when plugins or a job's code have run: where they print the log themselves, records
// are no longer printed here, and are handed over as they come, from a thread of the bridge. Needs
// the interpreter lock.
void ask_who_prints() noexcept;

// Hands over what has gathered. Records come from any thread, and while the log is locked: they are
// handed over later, in the main thread, or in the bridge's. Elsewhere it does nothing. Needs the
// interpreter lock.
void hand_over_records() noexcept;

// Prints a record of Python's logging, which is not handed back to it. Without the interpreter
// lock.
void log_from_python(const LogRecord& record);

}  // namespace vdk
