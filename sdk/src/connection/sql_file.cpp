#include "connection/sql_file.hpp"

#include <algorithm>
#include <initializer_list>
#include <iterator>

#include "base/text.hpp"
#include "connection/sql_lexer.hpp"

namespace vdk {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// What Python's text mode reads: "\r\n" and a lone "\r" are line ends too.
std::string with_plain_line_ends(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      result += text[i];
    } else if (i + 1 == text.size() || text[i + 1] != '\n') {
      result += '\n';
    }
  }
  return result;
}

// The name in a header line, or nothing where the line is query text.
std::string header_name(std::string_view line) {
  const auto last = line.find_last_not_of(" \t\f\v\n");
  if (line.empty() || line.front() != '[' || line[last] != ']') {
    return {};
  }
  line = line.substr(1, last - 1);
  if (line.find_first_of(",;'\"()=*") != std::string_view::npos) {
    return {};
  }
  std::string name;
  std::copy_if(line.begin(), line.end(), std::back_inserter(name),
               [](char c) { return c != '[' && c != ']'; });
  const bool number = name.find_first_not_of("0123456789. ") == std::string::npos;
  return number ? std::string{} : name;
}

bool is_word(std::string_view word, std::string_view keyword) {
  return word.size() == keyword.size() && upper(word) == keyword;
}

bool is_any(std::string_view word, std::initializer_list<std::string_view> keywords) {
  return std::any_of(keywords.begin(), keywords.end(),
                     [word](std::string_view keyword) { return is_word(word, keyword); });
}

// Follows one statement and says whether a semicolon ends it. For SQLite it decides as
// sqlite3_complete does.
class StatementState {
 public:
  explicit StatementState(SqlDialect dialect) : dialect_(dialect) {}

  void word(std::string_view word) {
    switch (place_) {
      case Place::start:
        place_ = is_word(word, "EXPLAIN")  ? Place::explain
                 : is_word(word, "CREATE") ? Place::create
                                           : Place::plain;
        break;
      case Place::explain:
        if (is_word(word, "CREATE")) {
          place_ = Place::create;
        } else if (is_any(word, {"EXPLAIN", "TEMP", "TEMPORARY", "TRIGGER", "END"})) {
          place_ = Place::plain;
        }
        break;
      case Place::create:
        place_ = after_create(word);
        break;
      case Place::plain:
        break;
      case Place::trigger:
        trigger_ = trigger_ == TriggerPlace::semicolon && is_word(word, "END")
                       ? TriggerPlace::end
                       : TriggerPlace::inside;
        break;
      case Place::routine:
        if (depth_ == 0) {
          depth_ = begin_ && is_word(word, "ATOMIC") ? 1 : 0;
        } else if (is_word(word, "CASE")) {
          ++depth_;
        } else if (is_word(word, "END")) {
          --depth_;
        }
        begin_ = is_word(word, "BEGIN");
        break;
    }
  }

  void other() {
    begin_ = false;
    trigger_ = TriggerPlace::inside;
    if (place_ == Place::start || place_ == Place::create) {
      place_ = Place::plain;
    }
  }

  // Takes a semicolon; true where it ends the statement.
  bool semicolon() {
    if (place_ == Place::trigger && trigger_ != TriggerPlace::end) {
      trigger_ = TriggerPlace::semicolon;
      return false;
    }
    if (place_ == Place::routine && depth_ > 0) {
      return false;
    }
    *this = StatementState(dialect_);
    return true;
  }

 private:
  enum class Place { start, explain, create, plain, trigger, routine };
  enum class TriggerPlace { inside, semicolon, end };

  [[nodiscard]] Place after_create(std::string_view word) const {
    if (dialect_ == SqlDialect::sqlite) {
      if (is_word(word, "TRIGGER")) {
        return Place::trigger;
      }
      return is_any(word, {"TEMP", "TEMPORARY"}) ? Place::create : Place::plain;
    }
    if (is_any(word, {"FUNCTION", "PROCEDURE"})) {
      return Place::routine;
    }
    return is_any(word, {"OR", "REPLACE"}) ? Place::create : Place::plain;
  }

  SqlDialect dialect_;
  Place place_ = Place::start;
  TriggerPlace trigger_ = TriggerPlace::inside;
  bool begin_ = false;
  int depth_ = 0;
};

// The query as it was executed, or nothing where a value has no literal in this style.
std::optional<std::string> filled(std::string_view query, std::span<const Parameter> parameters,
                                  LiteralStyle style) {
  try {
    return substitute(query, parameters, style);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::size_t line_ends(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

// The line of the file in which that many line ends of the filled query lie before.
std::optional<SqlLine> nth_line(const SqlFile& file, std::span<const Parameter> parameters,
                                LiteralStyle style, std::size_t before) {
  const std::vector<std::string> lines = split(dedent(file.query), '\n');
  std::size_t line = 0;
  while (line < lines.size() && lines[line].empty()) ++line;  // they are not sent
  for (std::size_t passed = 0; line < lines.size(); ++line) {
    // A value may have line ends of its own.
    const auto sent = filled(lines[line], parameters, style);
    passed += sent ? line_ends(*sent) : 1;
    if (passed > before) break;
  }
  if (line >= std::min(lines.size(), file.lines.size())) return std::nullopt;
  return SqlLine{file.lines[line], std::string(trim(lines[line]))};
}

}  // namespace

SqlFile parse_sql_file(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  const std::string plain = with_plain_line_ends(text);
  SqlFile file;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < plain.size();) {
    const auto line_end = plain.find('\n', begin);
    const auto end = line_end == std::string::npos ? plain.size() : line_end + 1;
    const auto line = std::string_view(plain).substr(begin, end - begin);
    ++number;
    if (auto name = header_name(line); !name.empty()) {
      file.databases.push_back(std::move(name));
    } else {
      file.query += line;
      file.lines.push_back(number);
    }
    begin = end;
  }
  return file;
}

std::optional<SqlLine> line_of(const SqlFile& file, std::span<const Parameter> parameters,
                               const TextPlace& executed) {
  for (const LiteralStyle style :
       {LiteralStyle::unknown, LiteralStyle::standard, LiteralStyle::backslash}) {
    const auto query = filled(file.query, parameters, style);
    if (!query) continue;
    const auto begin = executed.text.find(query->substr(0, query->find_last_not_of('\n') + 1));
    if (begin == std::string::npos) continue;
    const std::string_view text = executed.text;
    std::size_t at = next_code(text, executed.offset, SqlDialect::postgres);
    if (at == text.size()) at = executed.offset;
    if (at < begin || at > begin + query->size()) return std::nullopt;
    return nth_line(file, parameters, style, line_ends(text.substr(begin, at - begin)));
  }
  return std::nullopt;
}

std::vector<std::string_view> split_statements(std::string_view script, SqlDialect dialect) {
  std::vector<std::string_view> statements;
  StatementState state(dialect);
  std::size_t begin = std::string_view::npos;  // of the statement's first comment or code
  std::size_t end = 0;
  bool has_code = false;
  const auto take = [&] {
    if (has_code) {
      statements.push_back(script.substr(begin, end - begin));
    }
    begin = std::string_view::npos;
    has_code = false;
  };
  for (std::size_t i = 0; i < script.size();) {
    const SqlToken token = next_sql_token(script, i, dialect);
    i = token.end;
    if (token.kind == SqlTokenKind::space) {
      continue;
    }
    if (token.kind == SqlTokenKind::semicolon && state.semicolon()) {
      take();
      continue;
    }
    begin = std::min(begin, token.begin);
    end = token.end;
    if (token.kind == SqlTokenKind::comment) {
      continue;
    }
    has_code = true;
    if (token.kind == SqlTokenKind::word) {
      state.word(script.substr(token.begin, token.end - token.begin));
    } else if (token.kind != SqlTokenKind::semicolon) {
      state.other();
    }
  }
  take();
  return statements;
}

}  // namespace vdk
