#include "csv_options.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "vdk/data/file_format.hpp"

namespace vdk::csv {
namespace {

constexpr std::array<std::string_view, 19> kDefaultNulls{
    "",     "#N/A", "#N/A N/A", "#NA",  "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A",  "NA",       "NULL", "NaN",     "None",     "n/a",  "nan",  "null"};

[[noreturn]] void refuse(std::string_view option, const Value& value, std::string_view wanted) {
  throw user_error({.what = "The CSV option " + std::string(option) + " is " + to_json(value) +
                            ", and must be " + std::string(wanted) + ".",
                    .consequence = "No row was read.",
                    .countermeasure = "Correct the option."});
}

[[noreturn]] void unknown(std::string_view option, std::string_view why) {
  throw UnknownOption(
      std::string(option),
      {.what = "The CSV option " + std::string(option) + " is not supported.",
       .why = std::string(why),
       .consequence = "No row was read.",
       .countermeasure = "Native are: sep, delimiter, header, names, usecols, dtype, skiprows, "
                         "nrows, quotechar, escapechar, encoding, decimal, thousands, na_values, "
                         "keep_default_na and comment."});
}

std::optional<std::size_t> count_of(const Value& value) {
  if (const std::int64_t* integer = value.if_integer(); integer && *integer >= 0) {
    return static_cast<std::size_t>(*integer);
  }
  if (const double* real = value.if_real();
      real && *real >= 0 && *real < 9e15 && std::trunc(*real) == *real) {
    return static_cast<std::size_t>(*real);
  }
  return std::nullopt;
}

// One character that means something in the text; '\0' for null.
char character(std::string_view option, const Value& value) {
  if (value.is_null()) return '\0';
  const std::string* text = value.if_string();
  if (!text || text->size() != 1 || static_cast<unsigned char>(text->front()) >= 0x80 ||
      *text == "\n" || *text == "\r" || text->front() == '\0') {
    refuse(option, value, "one character of ASCII, no line end");
  }
  return text->front();
}

// A name as it stands in the header.
std::optional<std::string> name_of(const Value& value) {
  if (const std::string* text = value.if_string()) return *text;
  if (value.if_integer()) return to_python_text(value);
  return std::nullopt;
}

std::vector<std::string> names_of(std::string_view option, const Value& value) {
  const Value::List* list = value.if_list();
  if (!list) refuse(option, value, "a list of column names");
  std::vector<std::string> names;
  for (const Value& entry : *list) {
    const std::optional<std::string> name = name_of(entry);
    if (!name) refuse(option, value, "a list of column names");
    if (std::find(names.begin(), names.end(), *name) != names.end()) {
      refuse(option, value, "a list without duplicate names");
    }
    names.push_back(*name);
  }
  return names;
}

AskedType asked_type(const Value& value) {
  struct Known {
    std::string_view name;
    AskedType type;
  };
  static const std::vector<Known> known{
      {"str", {.type = ColumnType::text}},
      {"string", {.type = ColumnType::text}},
      {"object", {.type = ColumnType::text}},
      {"O", {.type = ColumnType::text}},
      {"bool", {.type = ColumnType::boolean}},
      {"boolean", {.type = ColumnType::boolean}},
      {"int", {.type = ColumnType::integer}},
      {"float", {.type = ColumnType::real}},
      {"float32", {.type = ColumnType::real, .bits = 32}},
      {"float64", {.type = ColumnType::real}},
      {"Float32", {.type = ColumnType::real, .bits = 32}},
      {"Float64", {.type = ColumnType::real}},
      {"int8", {.type = ColumnType::integer, .bits = 8}},
      {"int16", {.type = ColumnType::integer, .bits = 16}},
      {"int32", {.type = ColumnType::integer, .bits = 32}},
      {"int64", {.type = ColumnType::integer}},
      {"Int8", {.type = ColumnType::integer, .bits = 8}},
      {"Int16", {.type = ColumnType::integer, .bits = 16}},
      {"Int32", {.type = ColumnType::integer, .bits = 32}},
      {"Int64", {.type = ColumnType::integer}},
      {"uint8", {.type = ColumnType::integer, .bits = 8, .is_unsigned = true}},
      {"uint16", {.type = ColumnType::integer, .bits = 16, .is_unsigned = true}},
      {"uint32", {.type = ColumnType::integer, .bits = 32, .is_unsigned = true}},
      {"UInt8", {.type = ColumnType::integer, .bits = 8, .is_unsigned = true}},
      {"UInt16", {.type = ColumnType::integer, .bits = 16, .is_unsigned = true}},
      {"UInt32", {.type = ColumnType::integer, .bits = 32, .is_unsigned = true}}};
  const std::string* name = value.if_string();
  if (!name) refuse("dtype", value, "the name of a type, or an object of columns and types");
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const Known& each) { return each.name == *name; });
  if (found == known.end()) unknown("dtype", "Its type " + *name + " is none of the native ones.");
  AskedType type = found->type;
  type.name = *name;
  return type;
}

void read_types(const Value& value, ReadOptions& options) {
  if (value.is_null()) return;
  // The values of a category are what they would be without it.
  const auto is_category = [](const Value& type) {
    return type.if_string() && *type.if_string() == "category";
  };
  const Value::Map* map = value.if_map();
  if (!map) {
    if (!is_category(value)) options.type = asked_type(value);
    return;
  }
  for (const Member& member : *map) {
    if (!is_category(member.value)) options.types[member.key] = asked_type(member.value);
  }
}

void read_header(const Value& value, ReadOptions& options) {
  if (value.if_string() && *value.if_string() == "infer") return;
  if (value.if_list()) unknown("header", "Its value is a list: several lines of names.");
  options.infer_header = false;
  options.header.reset();
  if (value.is_null()) return;
  if (!value.if_bool()) options.header = count_of(value);
  if (!options.header) refuse("header", value, "the number of a record from 0, or null");
}

void read_used(const Value& value, ReadOptions& options) {
  if (value.is_null()) return;
  const Value::List* list = value.if_list();
  if (!list || list->empty()) refuse("usecols", value, "a list of names or of numbers");
  if (std::all_of(list->begin(), list->end(),
                  [](const Value& entry) { return entry.if_string() != nullptr; })) {
    auto& names = options.used_names.emplace();
    for (const Value& entry : *list) names.push_back(*entry.if_string());
    return;
  }
  auto& columns = options.used_columns.emplace();
  for (const Value& entry : *list) {
    const std::optional<std::size_t> index = entry.if_integer() ? count_of(entry) : std::nullopt;
    if (!index) refuse("usecols", value, "a list of names or of numbers");
    columns.push_back(*index);
  }
}

void read_skipped(const Value& value, ReadOptions& options) {
  if (value.is_null()) return;
  if (const Value::List* list = value.if_list()) {
    for (const Value& entry : *list) {
      const auto line = count_of(entry);
      if (!line) refuse("skiprows", value, "a number of lines, or a list of line numbers from 0");
      options.skip.push_back(*line);
    }
    std::sort(options.skip.begin(), options.skip.end());
    return;
  }
  const auto lines = value.if_bool() ? std::nullopt : count_of(value);
  if (!lines) refuse("skiprows", value, "a number of lines, or a list of line numbers from 0");
  options.skip_first = *lines;
}

// As pandas has it: a number is also looked for as 1, 1.0, and by its value.
void add_null(NullTexts& nulls, const Value& value) {
  const std::string text = to_python_text(value);
  nulls.add_value(text);
  if (value.if_bool()) return;
  const std::optional<double> number = parse_real(text, {});
  if (!number) return;
  nulls.add_number(*number);
  if (std::trunc(*number) == *number && std::abs(*number) < 1e15) {
    const std::string integer = std::to_string(static_cast<std::int64_t>(*number));
    nulls.add_value(integer);
    nulls.add_value(integer + ".0");
  }
}

NullTexts nulls_of(const Value& value, bool keep_default) {
  NullTexts nulls;
  if (keep_default) {
    for (const std::string_view text : kDefaultNulls) nulls.add(std::string(text));
  }
  if (const Value::List* list = value.if_list()) {
    for (const Value& entry : *list) add_null(nulls, entry);
  } else if (!value.is_null()) {
    add_null(nulls, value);
  }
  return nulls;
}

std::string lower_dashed(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    if (c == '_' || c == ' ') c = '-';
  }
  return result;
}

}  // namespace

std::string iconv_name(std::string_view encoding) {
  struct Alias {
    std::string_view python;
    std::string_view iconv;
  };
  static constexpr std::array<Alias, 14> kAliases{{{"utf8", "UTF-8"},
                                                   {"utf-8", "UTF-8"},
                                                   {"u8", "UTF-8"},
                                                   {"utf-8-sig", "UTF-8"},
                                                   {"utf8-sig", "UTF-8"},
                                                   {"latin-1", "ISO-8859-1"},
                                                   {"latin1", "ISO-8859-1"},
                                                   {"l1", "ISO-8859-1"},
                                                   {"iso8859-1", "ISO-8859-1"},
                                                   {"ascii", "US-ASCII"},
                                                   {"utf16", "UTF-16"},
                                                   {"utf-16-le", "UTF-16LE"},
                                                   {"utf-16-be", "UTF-16BE"},
                                                   {"utf32", "UTF-32"}}};
  const std::string name = lower_dashed(encoding);
  const auto found = std::find_if(kAliases.begin(), kAliases.end(),
                                  [&](const Alias& alias) { return alias.python == name; });
  return found == kAliases.end() ? name : std::string(found->iconv);
}

ReadOptions parse_read_options(const Value& options) {
  ReadOptions result;
  const Value::Map* map = options.if_map();
  if (!map && !options.is_null()) {
    throw user_error({.what = "The CSV options are no JSON object: " + to_json(options) + ".",
                      .consequence = "No row was read.",
                      .countermeasure = "Give them as {\"sep\": \";\"}."});
  }
  const Value* separator = nullptr;
  Value null_texts;
  bool keep_default = true;
  static const Value::Map none;
  for (const auto& [key, value] : map ? *map : none) {
    if (key == "sep" || key == "delimiter") {
      if (value.is_null() && key == "delimiter") continue;
      if (separator) {
        throw user_error({.what = "The CSV options name both sep and delimiter.",
                          .why = "They mean the same.",
                          .consequence = "No row was read.",
                          .countermeasure = "Leave one of them out."});
      }
      separator = &value;
      const std::string* text = value.if_string();
      if (value.is_null() || (text && text->size() > 1)) {
        unknown(key, "Its value is no single character: it would be searched for, or a pattern.");
      }
      result.dialect.delimiter = character(key, value);
    } else if (key == "header") {
      read_header(value, result);
    } else if (key == "names") {
      if (!value.is_null()) result.names = names_of(key, value);
    } else if (key == "usecols") {
      read_used(value, result);
    } else if (key == "dtype") {
      read_types(value, result);
    } else if (key == "skiprows") {
      read_skipped(value, result);
    } else if (key == "nrows") {
      if (value.is_null()) continue;
      const auto rows = value.if_bool() ? std::nullopt : count_of(value);
      if (!rows) refuse(key, value, "a number of rows");
      result.rows = *rows;
    } else if (key == "quotechar") {
      if (value.is_null()) refuse(key, value, "one character");
      result.dialect.quote = character(key, value);
    } else if (key == "escapechar") {
      result.dialect.escape = character(key, value);
    } else if (key == "comment") {
      result.dialect.comment = character(key, value);
    } else if (key == "decimal") {
      if (value.is_null()) refuse(key, value, "one character");
      result.dialect.decimal = character(key, value);
    } else if (key == "thousands") {
      result.dialect.thousands = character(key, value);
    } else if (key == "encoding") {
      if (value.is_null()) continue;
      if (!value.if_string()) refuse(key, value, "the name of an encoding");
      result.encoding = *value.if_string();
    } else if (key == "keep_default_na") {
      if (!value.if_bool()) refuse(key, value, "true or false");
      keep_default = *value.if_bool();
    } else if (key == "na_values") {
      null_texts = value;
    } else {
      unknown(key, "It is not among the keywords that are read natively.");
    }
  }
  if (const Value::Map* columns = null_texts.if_map()) {
    for (const Member& member : *columns) {
      result.column_nulls[member.key] = nulls_of(member.value, keep_default);
    }
    result.nulls = nulls_of({}, keep_default);
  } else {
    result.nulls = nulls_of(null_texts, keep_default);
  }
  if (result.infer_header && result.names) result.header.reset();
  if (result.names && result.names->empty()) refuse("names", Value(Value::List{}), "names");
  return result;
}

}  // namespace vdk::csv
