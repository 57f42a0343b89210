#include "cli/row_spill.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "vdk/base/error.hpp"

namespace vdk {

namespace {

// What stands before each value in the file.
enum class Tag : char { end_of_row, null, no, yes, integer, real, digits, text };

[[noreturn]] void fail(const char* what) {
  throw platform_error(
      {.what = std::string("The temporary file of a large table cannot be ") + what + ".",
       .why = std::strerror(errno),
       .consequence = "The table was not printed.",
       .countermeasure =
           "Free space in the directory for temporary files, or ask for --output csv, which needs "
           "none."});
}

std::size_t size_of(const Value& value) {
  constexpr std::size_t kSmall = sizeof(Value);
  if (const std::string* text = value.if_string()) return kSmall + text->capacity();
  return kSmall;
}

Value flat(const Value& value) {
  return value.if_list() || value.if_map() ? Value(to_python_text(value)) : value;
}

void put(std::FILE* file, const void* bytes, std::size_t size) {
  if (size > 0 && std::fwrite(bytes, 1, size, file) != size) fail("written");
}

void put_tag(std::FILE* file, Tag tag) { put(file, &tag, sizeof tag); }

template <class T>
void put_number(std::FILE* file, Tag tag, T number) {
  put_tag(file, tag);
  put(file, &number, sizeof number);
}

void put_text(std::FILE* file, Tag tag, std::string_view text) {
  put_number(file, tag, text.size());
  put(file, text.data(), text.size());
}

void get(std::FILE* file, void* bytes, std::size_t size) {
  if (size > 0 && std::fread(bytes, 1, size, file) != size) fail("read");
}

template <class T>
T get_number(std::FILE* file) {
  T number;
  get(file, &number, sizeof number);
  return number;
}

std::string get_text(std::FILE* file) {
  std::string text(get_number<std::size_t>(file), '\0');
  get(file, text.data(), text.size());
  return text;
}

Value get_value(std::FILE* file, Tag tag) {
  switch (tag) {
    case Tag::no:
      return false;
    case Tag::yes:
      return true;
    case Tag::integer:
      return get_number<std::int64_t>(file);
    case Tag::real:
      return get_number<double>(file);
    case Tag::digits:
      return Value::BigInteger{get_text(file)};
    case Tag::text:
      return get_text(file);
    case Tag::null:
    case Tag::end_of_row:
      break;
  }
  return {};
}

}  // namespace

void RowSpill::add(const std::vector<Value>& row) {
  ++rows_;
  if (file_) return write(row);
  std::vector<Value>& kept = kept_.emplace_back();
  kept.reserve(row.size());
  for (const Value& value : row) {
    kept.push_back(flat(value));
    bytes_ += size_of(kept.back());
  }
  if (bytes_ <= in_memory_) return;
  file_.reset(std::tmpfile());
  if (!file_) fail("made");
  for (const std::vector<Value>& early : kept_) write(early);
  kept_ = {};
}

void RowSpill::write(const std::vector<Value>& row) {
  std::FILE* file = file_.get();
  for (const Value& value : row) {
    if (const bool* boolean = value.if_bool()) {
      put_tag(file, *boolean ? Tag::yes : Tag::no);
    } else if (const std::int64_t* integer = value.if_integer()) {
      put_number(file, Tag::integer, *integer);
    } else if (const double* real = value.if_real()) {
      put_number(file, Tag::real, *real);
    } else if (const Value::BigInteger* big = value.if_big_integer()) {
      put_text(file, Tag::digits, big->digits);
    } else if (value.is_null()) {
      put_tag(file, Tag::null);
    } else {
      const Value text = flat(value);
      put_text(file, Tag::text, *text.if_string());
    }
  }
  put_tag(file, Tag::end_of_row);
}

void RowSpill::for_each(const std::function<void(const std::vector<Value>&)>& visit) {
  if (!file_) {
    for (const std::vector<Value>& row : kept_) visit(row);
    return;
  }
  if (std::fflush(file_.get()) != 0) fail("written");
  if (std::fseek(file_.get(), 0, SEEK_SET) != 0) fail("read");
  std::vector<Value> row;
  for (std::size_t i = 0; i < rows_; ++i) {
    row.clear();
    for (Tag tag = get_number<Tag>(file_.get()); tag != Tag::end_of_row;
         tag = get_number<Tag>(file_.get())) {
      row.push_back(get_value(file_.get(), tag));
    }
    visit(row);
  }
}

}  // namespace vdk
