// What the threads of this process are doing.
#pragma once

#include <string>

namespace vdk::troubleshooting {

// Every thread with its name and state and, where the process has an interpreter, the Python stack
// of each of its threads. May wait for the interpreter's lock.
[[nodiscard]] std::string dump_threads();

}  // namespace vdk::troubleshooting
