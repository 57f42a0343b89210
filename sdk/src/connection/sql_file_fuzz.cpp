// Splitting covers its input, is stable, and agrees with SQLite's own idea of a complete statement.
#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "connection/sql_file.hpp"
#include "connection/sql_lexer.hpp"

namespace {

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

using Complete = int (*)(const char*);

// Null where SQLite is not installed; the other properties are checked all the same.
Complete sqlite_complete() {
  static const auto function = [] {
    void* library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);
    return library ? reinterpret_cast<Complete>(dlsym(library, "sqlite3_complete")) : nullptr;
  }();
  return function;
}

bool has_code(std::string_view text, vdk::SqlDialect dialect) {
  for (std::size_t i = 0; i < text.size();) {
    const auto token = vdk::next_sql_token(text, i, dialect);
    require(token.begin == i && token.end > i && token.end <= text.size());
    if (token.kind != vdk::SqlTokenKind::space && token.kind != vdk::SqlTokenKind::comment &&
        token.kind != vdk::SqlTokenKind::semicolon) {
      return true;
    }
    i = token.end;
  }
  return false;
}

void check_split(std::string_view script, vdk::SqlDialect dialect) {
  const char* position = script.data();
  for (const std::string_view piece : vdk::split_statements(script, dialect)) {
    require(piece.data() >= position && has_code(piece, dialect));
    const std::string_view gap(position, static_cast<std::size_t>(piece.data() - position));
    require(!has_code(gap, dialect));
    position = piece.data() + piece.size();
  }
  const auto used = static_cast<std::size_t>(position - script.data());
  require(used <= script.size() && !has_code(script.substr(used), dialect));
}

// A semicolon splits exactly where SQLite says that the statement is complete.
void check_against_sqlite(std::string_view script) {
  const Complete complete = sqlite_complete();
  if (!complete || script.size() > 400 ||
      script.find_first_of(std::string_view("\0$", 2)) != std::string_view::npos) {
    return;
  }
  std::size_t begin = 0;
  const auto pieces = vdk::split_statements(script);
  auto piece = pieces.begin();
  for (std::size_t i = 0; i < script.size(); ++i) {
    if (script[i] != ';') {
      continue;
    }
    const std::string statement(script.substr(begin, i + 1 - begin));
    if (!complete(statement.c_str())) {
      continue;
    }
    begin = i + 1;
    if (!has_code(statement, vdk::SqlDialect::sqlite)) {
      continue;
    }
    require(piece != pieces.end());
    require(piece->data() >= script.data() && piece->data() + piece->size() <= script.data() + i);
    ++piece;
  }
  require(pieces.end() - piece <= 1);  // what has no semicolon at its end
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view script(reinterpret_cast<const char*>(data), size);
  check_split(script, vdk::SqlDialect::sqlite);
  check_split(script, vdk::SqlDialect::postgres);
  check_against_sqlite(script);

  const vdk::SqlFile file = vdk::parse_sql_file(script);
  require(file.query.size() <= script.size());
  require(file.query.find('\r') == std::string::npos);
  const vdk::SqlFile again = vdk::parse_sql_file("\n" + file.query);
  require(again.databases.empty());
  return 0;
}
