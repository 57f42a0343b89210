#include "postgres_error.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include "vdk/connection/sql_text.hpp"

namespace vdk::postgres {
namespace {

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text ? text : "";
}

std::string without_trailing_blanks(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) {
    text.pop_back();
  }
  return text;
}

// The server counts characters from 1; the byte where that one begins.
std::size_t byte_offset(std::string_view text, std::size_t character) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80 && ++seen == character) {
      return i;
    }
  }
  return text.size();
}

std::optional<std::size_t> number(const std::string& text) {
  std::size_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || value > std::string_view::npos / 16) {
      return std::nullopt;
    }
    value = value * 10 + static_cast<std::size_t>(c - '0');
  }
  return text.empty() ? std::nullopt : std::optional(value);
}

// "in line 2 of statement 3:" and the line. Lines count from the statement's first code, because
// comments before it may be the program's and not the user's.
std::string shown_place(std::string_view sql, std::size_t offset) {
  const auto statements = split_statements(sql, SqlDialect::postgres);
  std::size_t ordinal = 0;
  std::size_t begin = 0;
  for (const std::string_view statement : statements) {
    const auto from = static_cast<std::size_t>(statement.data() - sql.data());
    if (from > offset) {
      break;
    }
    ++ordinal;
    begin = next_code(sql, from, SqlDialect::postgres);
  }
  begin = std::min(begin, offset);
  const auto line = 1 + std::count(sql.begin() + static_cast<std::ptrdiff_t>(begin),
                                   sql.begin() + static_cast<std::ptrdiff_t>(offset), '\n');
  std::string place = "in line " + std::to_string(line);
  if (statements.size() > 1) {
    place += " of statement " + std::to_string(ordinal);
  }
  return place + ":\n" + excerpt_at(sql, offset);
}

std::string shown(const PGresult* result, std::string_view sql) {
  if (const auto position = number(field(result, PG_DIAG_STATEMENT_POSITION))) {
    return shown_place(sql, byte_offset(sql, *position));
  }
  const auto code = sql.substr(next_code(sql, 0, SqlDialect::postgres));
  std::string text = "in:\n" + without_trailing_blanks(beginning_of(code));
  const std::string inner = field(result, PG_DIAG_INTERNAL_QUERY);
  if (const auto position = number(field(result, PG_DIAG_INTERNAL_POSITION));
      position && !inner.empty()) {
    text += "\nin the query inside it:\n" + excerpt_at(inner, byte_offset(inner, *position));
  }
  return text;
}

std::string countermeasure_for(std::string_view state) {
  if (state == "25P02") return "Roll back: an earlier statement of the open transaction failed.";
  if (state == "40001" || state == "40P01")
    return "Run it again: another transaction was in its way.";
  if (state == "42501")
    return "Have the right granted to the user that logs in, or use another user.";
  if (state == "53100") return "Free space on the server's disk.";
  if (state == "55P03") return "Wait for the other transaction that holds the lock, or end it.";
  if (state == "57014")
    return "Make the statement cheaper, or raise the server's statement_timeout.";
  return {};
}

bool is_state(std::string_view text) {
  return text.size() == 5 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isdigit(c) || std::isupper(c);
         });
}

// Takes the SQLSTATE out of "FATAL:  28P01: password …", the last one where there are several.
std::string take_state(std::string& message) {
  std::string state;
  for (std::size_t at = 0; (at = message.find(":  ", at)) != std::string::npos; at += 3) {
    if (message.size() >= at + 10 && message.compare(at + 8, 2, ": ") == 0 &&
        is_state(std::string_view(message).substr(at + 3, 5))) {
      state = message.substr(at + 3, 5);
      message.erase(at + 3, 7);
    }
  }
  return state;
}

// In its verbose form a message ends with the place in the server's source.
void drop_source_places(std::string& message) {
  constexpr std::string_view kLabel = "\nLOCATION:";
  for (std::size_t at = 0; (at = message.find(kLabel, at)) != std::string::npos;) {
    message.erase(at, message.find('\n', at + 1) - at);
  }
}

}  // namespace

PostgresError::PostgresError(ResolvableBy by, std::string sqlstate, ErrorText text,
                             FailurePlace place)
    : Error(by, std::move(text)), sqlstate_(std::move(sqlstate)), place_(std::move(place)) {}

PostgresError::~PostgresError() = default;

std::string PostgresError::type_name() const {
  const auto is_any = [group = std::string_view(sqlstate_).substr(0, 2)](
                          std::initializer_list<std::string_view> groups) {
    return std::find(groups.begin(), groups.end(), group) != groups.end();
  };
  if (is_any({"0A"})) return "NotSupportedError";
  if (is_any({"20", "21", "3D", "3F", "42", "44"})) return "ProgrammingError";
  if (is_any({"22"})) return "DataError";
  if (is_any({"23"})) return "IntegrityError";
  if (is_any({"24", "25", "2B", "2D", "2F", "38", "39", "3B", "F0", "P0", "XX"})) {
    return "InternalError";
  }
  if (is_any({"", "08", "26", "27", "28", "34", "40", "53", "54", "55", "57", "58", "HV"})) {
    return "OperationalError";
  }
  return "DatabaseError";
}

bool PostgresError::is_transient() const noexcept {
  if (Error::resolvable_by() != ResolvableBy::platform) {
    return false;
  }
  if (!sqlstate_.empty()) {
    return sqlstate_.starts_with("08") || sqlstate_.starts_with("57P0") || sqlstate_ == "53300";
  }
  // A name that nobody knows is a mistake, unless nobody could be asked.
  const std::string& why = text().why;
  return why.find("could not translate host name") == std::string::npos ||
         why.find("Temporary failure") != std::string::npos;
}

ResolvableBy resolvable_by(std::string_view sqlstate) noexcept {
  if (sqlstate == "57014") {
    return ResolvableBy::user;  // a statement that takes too long
  }
  const std::string_view group = sqlstate.substr(0, 2);
  for (const std::string_view platform :
       {"", "08", "28", "40", "53", "55", "57", "58", "F0", "HV", "XX"}) {
    if (group == platform) {
      return ResolvableBy::platform;
    }
  }
  return ResolvableBy::user;
}

PostgresError statement_error(const PGresult* result, std::string_view sql, std::string_view place,
                              std::string consequence) {
  std::string state = field(result, PG_DIAG_SQLSTATE);
  std::string what = field(result, PG_DIAG_MESSAGE_PRIMARY);
  if (what.empty()) {
    what = without_trailing_blanks(PQresultErrorMessage(result));
  }
  std::string why = "SQLSTATE " + (state.empty() ? "unknown" : state) + ", " + shown(result, sql);
  if (const std::string detail = field(result, PG_DIAG_MESSAGE_DETAIL); !detail.empty()) {
    why += "\nDetail: " + detail;
  }
  if (const std::string context = field(result, PG_DIAG_CONTEXT); !context.empty()) {
    why += "\nContext: " + context;
  }
  why += "\nDatabase: " + std::string(place);
  std::string hint = field(result, PG_DIAG_MESSAGE_HINT);
  if (hint.empty()) {
    hint = countermeasure_for(state);
  }
  const ResolvableBy by = resolvable_by(state);
  PostgresError error(by, std::move(state),
                      {.what = std::move(what),
                       .why = std::move(why),
                       .consequence = std::move(consequence),
                       .countermeasure = std::move(hint)},
                      {.context = field(result, PG_DIAG_CONTEXT),
                       .schema = field(result, PG_DIAG_SCHEMA_NAME),
                       .table = field(result, PG_DIAG_TABLE_NAME),
                       .column = field(result, PG_DIAG_COLUMN_NAME)});
  if (const auto position = number(field(result, PG_DIAG_STATEMENT_POSITION))) {
    error.set_place({std::string(sql), byte_offset(sql, *position)});
  } else if (split_statements(sql, SqlDialect::postgres).size() == 1) {
    error.set_place({std::string(sql), 0});
  }
  return error;
}

PostgresError connect_error(PGconn* connection, std::string_view prefix, std::string_view place) {
  std::string message = message_of(connection);
  std::string state = take_state(message);
  drop_source_places(message);
  const std::string keys(prefix);
  ErrorText text{.why = std::move(message),
                 .consequence = "There is no connection, and nothing was executed."};
  const std::string at(place);
  if (state.starts_with("28") || PQconnectionNeedsPassword(connection)) {
    text.what = "The " + at + " refuses the log-in of user '" + PQuser(connection) + "'.";
    text.countermeasure = "Correct " + keys + "user and " + keys + "password, or " + keys +
                          "dsn; or have the user admitted by the server.";
    return {ResolvableBy::configuration, std::move(state), std::move(text)};
  }
  if (state.starts_with("3D")) {
    text.what = "The " + at + " does not exist.";
    text.countermeasure = "Correct " + keys + "dbname, or have the database created.";
    return {ResolvableBy::configuration, std::move(state), std::move(text)};
  }
  if (state.empty() && text.why.find("certificate") != std::string::npos) {
    text.what = "The TLS connection to the " + at + " was refused.";
    text.countermeasure = "Correct " + keys + "host, " + keys + "sslrootcert, " + keys +
                          "sslcert or " + keys +
                          "sslkey, or have the server's certificate renewed.";
    return {ResolvableBy::configuration, std::move(state), std::move(text)};
  }
  text.what = "The " + at + " cannot be reached.";
  text.countermeasure = state.empty() ? "Check " + keys + "host and " + keys +
                                            "port, and that the server runs and can be reached "
                                            "from here."
                                      : "Try again when the server can take more connections.";
  return {ResolvableBy::platform, std::move(state), std::move(text)};
}

std::string message_of(const PGconn* connection) {
  return without_trailing_blanks(PQerrorMessage(connection));
}

}  // namespace vdk::postgres
