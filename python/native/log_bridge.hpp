// The core's log records for Python's logging, where a job uses it: its handlers see what the
// program says too.
#pragma once

#include "python.hpp"
#include "vdk/base/log.hpp"

namespace vdk {

// From now on the core's records are kept for the bridge as well as printed. Once a run.
void tap_core_log();

// What takes the records: called with level, logger, message, file, line and function. None ends
// it. Needs the interpreter lock.
void set_record_receiver(nb::object receiver);

// Hands over what has gathered. Records come from any thread, and while the log is locked: they are
// handed over later, in the main thread. Elsewhere it does nothing. Needs the interpreter lock.
void hand_over_records() noexcept;

// Prints a record of Python's logging, which is not handed back to it. Without the interpreter
// lock.
void log_from_python(const LogRecord& record);

}  // namespace vdk
