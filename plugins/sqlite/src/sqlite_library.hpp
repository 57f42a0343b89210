// SQLite's C functions, found in a library that is opened at run time: all users of one database
// file in a process must share one copy of SQLite, or the file's locks are lost. Which copy that
// is, the host decides.
#pragma once

#include <sqlite3.h>

#include <string>

#include "vdk/base/error.hpp"
#include "vdk/config/configuration.hpp"

namespace vdk::sqlite {

// Every function that this plugin calls. The second list may be absent in older libraries.
// clang-format off: it indents such a list further at each pass.
#define VDK_SQLITE_REQUIRED(X)                                                               \
  X(bind_blob64) X(bind_double) X(bind_int64) X(bind_null) X(bind_text64) X(busy_handler)    \
  X(clear_bindings) X(close_v2) X(column_blob) X(column_bytes) X(column_count)               \
  X(column_decltype) X(column_double) X(column_int64) X(column_name) X(column_text)          \
  X(column_type) X(errmsg) X(errstr) X(extended_errcode) X(extended_result_codes)            \
  X(finalize) X(get_autocommit) X(interrupt) X(libversion) X(limit) X(open_v2) X(prepare_v3) \
  X(reset) X(sql) X(step) X(threadsafe)
// clang-format on
#define VDK_SQLITE_OPTIONAL(X) X(error_offset)

struct Api {
// NOLINTNEXTLINE(bugprone-macro-parentheses): a declarator
#define VDK_SQLITE_MEMBER(name) decltype(&sqlite3_##name) name = nullptr;
  VDK_SQLITE_REQUIRED(VDK_SQLITE_MEMBER)
  VDK_SQLITE_OPTIONAL(VDK_SQLITE_MEMBER)
#undef VDK_SQLITE_MEMBER
};

// The functions of the library that `sqlite_library` names, or of the system's. Loaded once and
// kept until the process ends. Any thread. Throws Error (configuration) where it cannot be loaded.
[[nodiscard]] const Api& load_api(const Configuration& configuration, std::string_view section);

// What SQLite refuses, with the class name that Python's sqlite3 module gives it.
class SqliteError : public Error {
 public:
  SqliteError(int code, ErrorText text);
  ~SqliteError() override;
  [[nodiscard]] std::string type_name() const override;
  [[nodiscard]] int code() const noexcept { return code_; }

 private:
  int code_;
};

}  // namespace vdk::sqlite
