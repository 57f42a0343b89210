// Naming the plugin whose code a crash happened in.
#pragma once

#include <string>

namespace vdk {

// From now on a signal that ends the process (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT) while code
// of the module is at work is reported on standard error with the plugin's name; then it ends the
// process as ever. `within` is any function of the module. Does nothing where somebody else handles
// such signals, and for more modules than 64. Any thread.
void name_crashes_of(const std::string& plugin, const void* within);

}  // namespace vdk
