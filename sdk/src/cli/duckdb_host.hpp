// DuckDB where its C library is not installed: the interpreter's module `duckdb` is the engine
// then, and the Python host reaches it.
#pragma once

#include <string>
#include <vector>

namespace vdk {

// Whether a command line may need DuckDB, and only the Python host could open it. It may say so of
// one that does not in the end: the Python host does all that the native one does, later.
[[nodiscard]] bool needs_python_for_duckdb(const std::vector<std::string>& arguments);

}  // namespace vdk
