#include "csv_reader.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <set>
#include <thread>

#include "csv_source.hpp"
#include "in_order.hpp"

namespace vdk::csv {
namespace {

// Fields that are split before they are looked at: they and their text stay in the cache.
constexpr std::size_t kFieldsAtOnce = 16384;
constexpr std::size_t kMostThreads = 4;

// A part of a file that begins and ends with a record.
struct Range {
  std::size_t file;
  std::uint64_t begin;
  std::uint64_t end;
  std::uint64_t rows;
};

// Text of a file and its fields; kept from one piece to the next.
struct Scratch {
  std::vector<char> text;
  std::vector<Slice> fields;
  std::vector<Slice> kept;
};

struct File {
  Source source;
  std::vector<std::string> header{};  // empty: the file has none
  std::size_t fields = 0;             // of a record
  std::uint64_t body = 0;             // from here on no line is skipped
  char line_end = '\n';
  std::vector<ColumnPlan> columns{};
  std::vector<Kind> kinds{};
  std::vector<ColumnType> types{};
};

// What the first reading found in one piece.
struct Piece {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t rows = 0;
  std::vector<Kind> kinds{};
  std::exception_ptr failure{};  // counts only if the piece begins where the one before ends
};

// Hands out the records of a part of a file: those that begin before `limit`.
class Records {
 public:
  Records(const Source& source, const Dialect& dialect, Tokenizer::Settings settings,
          std::size_t longest, std::uint64_t begin, std::uint64_t limit, Scratch& scratch)
      : source_(source),
        dialect_(dialect),
        tokenizer_(dialect, settings),
        longest_(longest),
        limit_(std::min(limit, source.size())),
        scratch_(scratch),
        from_(begin) {}

  // Where the next record, or line, begins.
  [[nodiscard]] std::uint64_t place() const noexcept { return from_ + at_; }
  [[nodiscard]] bool at_end() const noexcept { return place() >= limit_; }
  [[nodiscard]] std::uint64_t place_of(const Slice& field) const noexcept {
    return from_ + field.begin;
  }

  // The next records, at most `rows`; none at the end. They stay until the next call.
  Rows next(std::size_t rows, bool check) {
    while (!at_end()) {
      if (problem_.problem != Problem::none) throw problem(problem_);
      // What the last call left begins with a record that it may have unescaped in part.
      if (at_ == filled_ || is_cut_off_) fill(limit_ - place());
      // Before the fields are unescaped in their place.
      if (check && !checked_) check_text();
      const auto limit = static_cast<std::size_t>(std::min<std::uint64_t>(limit_ - from_, filled_));
      const Split split = tokenizer_.split(scratch_.text.data(), at_, filled_, limit, is_whole(),
                                           rows, scratch_.fields);
      at_ = split.end;
      problem_ = split;
      is_cut_off_ = split.rows < rows && at_ < limit;
      if (split.rows != 0) return rows_of(split, tokenizer_.settings().columns);
      if (split.problem == Problem::none && is_cut_off_) fill_more();
    }
    return {};
  }

  // The next line, be it a record or not, with all fields that it has.
  Rows line() {
    for (;;) {
      if (at_ == filled_) fill(kLine);
      const auto split_as = [&](Tokenizer::Settings settings) {
        const Tokenizer tokenizer(dialect_, settings);
        return tokenizer.split(scratch_.text.data(), at_, filled_, at_ + 1, is_whole(), 1,
                               scratch_.fields);
      };
      const Split counted = split_as({.columns = 0, .ignore_more = true, .pad = false});
      if (counted.problem != Problem::none) throw problem(counted);
      if (counted.end == at_) {
        fill_more();
        continue;
      }
      source_.check_text({scratch_.text.data() + at_, counted.end - at_}, place());
      const Split split = split_as({.columns = counted.fields});
      at_ = counted.end;
      return rows_of(split, counted.fields);
    }
  }
  void skip_line() {
    for (;;) {
      if (at_ == filled_) fill(kLine);
      const std::size_t end = tokenizer_.skip_line(scratch_.text.data(), at_, filled_, is_whole());
      if (end != 0) {
        at_ = end;
        return;
      }
      fill_more();
    }
  }
  // Whether the last line ended in a carriage return alone.
  [[nodiscard]] bool ended_in_return() const noexcept {
    return at_ != 0 && scratch_.text[at_ - 1] == '\r';
  }

 private:
  static constexpr std::size_t kLine = 65536;

  [[nodiscard]] bool is_whole() const noexcept { return from_ + filled_ == source_.size(); }
  [[nodiscard]] Rows rows_of(const Split& split, std::size_t columns) const noexcept {
    return {scratch_.text.data(), scratch_.fields.data(), columns, split.rows};
  }

  // Reads `wanted` bytes and some more, for the end of the last record, from place() on.
  void fill(std::uint64_t wanted) {
    constexpr std::uint64_t kMore = 16384;
    from_ += at_;
    at_ = filled_ = 0;
    checked_ = is_cut_off_ = false;
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(source_.size() - from_, wanted + kMore));
    if (scratch_.text.size() < size + Tokenizer::kPadding) {
      scratch_.text.resize(size + Tokenizer::kPadding);
    }
    source_.read(scratch_.text.data(), from_, size);
    std::memset(scratch_.text.data() + size, 0, Tokenizer::kPadding);
    filled_ = size;
  }
  // The record is longer than what was read.
  void fill_more() {
    const std::size_t size = filled_ - at_;
    if (size > longest_) {
      throw source_.error_at(place(),
                             "The record is longer than " + std::to_string(longest_) + " bytes.",
                             "Perhaps a quote is not closed.",
                             "Correct the file, or name its quotes with the option quotechar.");
    }
    fill(size * 2);
  }

  void check_text() {
    std::string_view text(scratch_.text.data() + at_, filled_ - at_);
    if (!is_whole()) {
      // A character that is cut off is looked at with what follows.
      while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80) {
        text.remove_suffix(1);
      }
      if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0) text.remove_suffix(1);
    }
    source_.check_text(text, place());
    checked_ = true;
  }

  [[nodiscard]] Error problem(const Split& split) const {
    const std::uint64_t place = from_ + split.problem_at;
    if (split.problem == Problem::too_many_fields) {
      return source_.error_at(
          place,
          "The record has " + std::to_string(split.fields) + " fields, and there are " +
              std::to_string(tokenizer_.settings().columns) + " columns.",
          "A separator stands in a value without quotes, or the header names too few columns.",
          "Correct the line, or name separator and quotes with the options sep and quotechar.");
    }
    if (split.problem == Problem::unclosed_quote) {
      return source_.error_at(
          place, "A quote is opened in this record and never closed.",
          "The rest of the file would be one value.",
          "Correct the line, or name the file's quotes with the option quotechar.");
    }
    return source_.error_at(place, "The file ends with an escape character.",
                            "What it escapes is missing.", "Correct the file.");
  }

  const Source& source_;
  Dialect dialect_;
  Tokenizer tokenizer_;
  std::size_t longest_;
  std::uint64_t limit_;
  Scratch& scratch_;
  std::uint64_t from_;      // the place of text[0]
  std::size_t filled_ = 0;  // of text
  std::size_t at_ = 0;      // of the next record in text
  bool checked_ = false;
  bool is_cut_off_ = false;
  Split problem_;  // of the record at at_, if it has one
};

}  // namespace

struct CsvReader::State {
  State(ReadOptions read_options, CsvReader::Settings reader_settings)
      : options(std::move(read_options)), settings(reader_settings) {
    if (settings.threads == 0) {
      settings.threads =
          std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostThreads);
    }
    if (options.rows) settings.threads = 1;  // what is behind them need not be read
  }

  ReadOptions options;
  CsvReader::Settings settings;
  std::vector<File> files;
  std::vector<Range> ranges;
  std::uint64_t bytes = 0;       // of all ranges
  std::uint64_t bytes_done = 0;  // of those that next() has returned
  std::size_t taken = 0;
  std::optional<InOrder<Batch, Scratch>> batches;

  // As pandas has it: what nobody asked for may be there.
  [[nodiscard]] bool ignores_more() const {
    return options.used_names || options.used_columns || options.rows == 0U;
  }
  [[nodiscard]] Records records(const File& file, std::uint64_t begin, std::uint64_t limit,
                                Scratch& scratch) const {
    return {file.source,
            options.dialect,
            {.columns = file.fields, .ignore_more = ignores_more()},
            settings.longest_record,
            begin,
            limit,
            scratch};
  }
  [[nodiscard]] static std::size_t rows_at_once(const File& file) {
    return std::max<std::size_t>(kFieldsAtOnce / std::max<std::size_t>(file.fields, 1), 16);
  }

  void begin(File& file, std::size_t index);
  void name_columns(File& file, std::size_t record_fields, std::uint64_t record_place) const;
  [[nodiscard]] std::vector<std::size_t> used(const File& file,
                                              const std::vector<std::string>& names) const;
  void look_at_all();
  void look_at_body(File& file, std::size_t index, std::uint64_t& rows_left);
  [[nodiscard]] Piece look_at(const File& file, std::uint64_t begin, std::uint64_t limit,
                              std::uint64_t most_rows, Scratch& scratch) const;
  [[nodiscard]] static std::uint64_t next_line(const File& file, std::uint64_t from,
                                               std::uint64_t limit);
  void keep(File& file, std::size_t index, const Piece& piece, std::uint64_t& rows_left);
  void settle_types();
  [[nodiscard]] Batch parse(const Range& range, Scratch& scratch) const;
};

// Reads lines one by one as long as some may be skipped or the header is not found; records among
// them become ranges of one record.
void CsvReader::State::begin(File& file, std::size_t index) {
  const std::size_t careful = options.skip.empty()
                                  ? options.skip_first
                                  : std::max(options.skip_first, options.skip.back() + 1);
  const auto is_skipped = [&](std::size_t line) {
    return line < options.skip_first ||
           std::binary_search(options.skip.begin(), options.skip.end(), line);
  };
  Scratch scratch;
  Records lines =
      records(file, file.source.begin(), std::numeric_limits<std::uint64_t>::max(), scratch);
  bool has_header = !options.header;
  std::size_t before_header = 0;
  std::size_t record_fields = 0;  // of the first record behind the header
  std::uint64_t record_place = 0;
  for (std::size_t line = 0; !lines.at_end(); ++line) {
    if (line < careful && is_skipped(line)) {
      lines.skip_line();
      continue;
    }
    file.body = lines.place();
    const bool is_enough = options.rows && ranges.size() >= *options.rows;
    if (has_header && record_fields != 0 && (line >= careful || is_enough)) break;
    const Rows record = lines.line();
    if (lines.ended_in_return()) file.line_end = '\r';
    if (record.count == 0) continue;
    if (!has_header) {
      if (before_header++ < *options.header) continue;
      for (std::size_t i = 0; i < record.columns; ++i) {
        file.header.emplace_back(record.view(record.fields[i]));
      }
      has_header = true;
      continue;
    }
    if (record_fields == 0) {
      record_fields = record.columns;
      record_place = file.body;
    }
    if (line >= careful) break;
    ranges.push_back({index, file.body, lines.place(), 1});
    file.body = lines.place();
  }
  if (lines.at_end() && (record_fields == 0 || record_place != file.body))
    file.body = lines.place();
  if (!has_header && before_header != 0) {
    throw user_error({.what = file.source.name() + " has " + std::to_string(before_header) +
                              " records, and the option header asks for number " +
                              std::to_string(*options.header) + ", counted from 0.",
                      .consequence = "No row was read.",
                      .countermeasure = "Correct the option."});
  }
  if (file.header.empty() && record_fields == 0 && !options.names) {
    throw user_error({.what = file.source.name() + " has no columns.",
                      .why = "It is empty, or everything in it is skipped.",
                      .consequence = "No row was read.",
                      .countermeasure = "Give a file with a header, or the option names."});
  }
  name_columns(file, record_fields, record_place);
}

void CsvReader::State::name_columns(File& file, std::size_t record_fields,
                                    std::uint64_t record_place) const {
  std::vector<std::string> names;
  std::vector<std::size_t> fields;  // of the names; empty: in their order
  file.fields = file.header.empty() ? record_fields : file.header.size();
  if (options.names) {
    names = *options.names;
    if (options.used_columns && options.used_columns->size() == names.size()) {
      fields = *options.used_columns;
      std::sort(fields.begin(), fields.end());
      file.fields = std::max(file.fields, fields.back() + 1);
    } else {
      file.fields = names.size();
    }
  } else if (!file.header.empty()) {
    names = file.header;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i].empty()) names[i] = "Unnamed: " + std::to_string(i);
    }
  } else {
    for (std::size_t i = 0; i < file.fields; ++i) names.push_back(std::to_string(i));
  }
  std::set<std::string_view> seen;
  for (const std::string& name : names) {
    if (seen.insert(name).second) continue;
    throw user_error({.what = file.source.name() + ": two columns have the name " + name + ".",
                      .why = "A table has one column of a name.",
                      .consequence = "No row was read.",
                      .countermeasure = "Correct the header, or name the columns with the option "
                                        "names and let the option header be 0."});
  }
  // Which column of a longer record has which name? Plain where all are chosen, or in later
  // records.
  const std::size_t chosen = options.used_names     ? options.used_names->size()
                             : options.used_columns ? options.used_columns->size()
                                                    : 0;
  if (record_fields > file.fields && chosen != names.size() && options.rows != 0U) {
    throw file.source.error_at(
        record_place,
        "The record has " + std::to_string(record_fields) + " fields, and there are " +
            std::to_string(file.fields) + " columns.",
        "A separator stands in a value without quotes, or too few columns are named.",
        "Correct the file, or name separator, quotes and columns with the options sep, quotechar "
        "and names.");
  }
  if (fields.empty()) fields = used(file, names);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const bool by_position = names.size() != fields.size() || names.size() == file.fields;
    ColumnPlan plan{.name = names[by_position ? fields[i] : i], .field = fields[i]};
    const auto nulls = options.column_nulls.find(plan.name);
    plan.nulls = nulls == options.column_nulls.end() ? &options.nulls : &nulls->second;
    const auto type = options.types.find(plan.name);
    plan.asked = type == options.types.end() ? options.type : type->second;
    file.columns.push_back(std::move(plan));
  }
  file.kinds.assign(file.columns.size(), Kind::nothing);
}

// Which fields are used, in the order of the file.
std::vector<std::size_t> CsvReader::State::used(const File& file,
                                                const std::vector<std::string>& names) const {
  std::vector<std::size_t> fields;
  const auto missing = [&](const std::string& wanted) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return user_error({.what = file.source.name() + " has no column " + wanted +
                               ", which the option usecols names.",
                       .why = "Its columns are: " + list + ".",
                       .consequence = "No row was read.",
                       .countermeasure = "Correct the option."});
  };
  if (options.used_columns) {
    fields = *options.used_columns;
  } else if (options.used_names) {
    for (const std::string& name : *options.used_names) {
      const auto found = std::find(names.begin(), names.end(), name);
      if (found == names.end()) throw missing(name);
      fields.push_back(static_cast<std::size_t>(found - names.begin()));
    }
  } else {
    for (std::size_t i = 0; i < names.size(); ++i) fields.push_back(i);
  }
  std::sort(fields.begin(), fields.end());
  fields.erase(std::unique(fields.begin(), fields.end()), fields.end());
  if (fields.back() >= names.size()) throw missing("number " + std::to_string(fields.back()));
  return fields;
}

void CsvReader::State::look_at_all() {
  for (std::size_t index = 0; index < files.size(); ++index) {
    File& file = files[index];
    std::vector<Range> first;
    std::swap(first, ranges);
    std::vector<Range> kept;
    begin(file, index);
    std::swap(kept, ranges);
    std::swap(first, ranges);
    std::uint64_t rows_left = options.rows.value_or(std::numeric_limits<std::uint64_t>::max());
    Scratch scratch;
    for (const Range& range : kept) {
      if (rows_left != 0) {
        keep(file, index, look_at(file, range.begin, range.end, rows_left, scratch), rows_left);
      }
    }
    look_at_body(file, index, rows_left);
  }
  for (const Range& range : ranges) bytes += range.end - range.begin;
}

Piece CsvReader::State::look_at(const File& file, std::uint64_t begin, std::uint64_t limit,
                                std::uint64_t most_rows, Scratch& scratch) const {
  Piece piece{.begin = begin, .kinds = std::vector<Kind>(file.columns.size(), Kind::nothing)};
  try {
    Records found = records(file, begin, limit, scratch);
    const NumberSyntax syntax = options.numbers();
    while (piece.rows < most_rows) {
      const Rows rows = found.next(static_cast<std::size_t>(std::min<std::uint64_t>(
                                       rows_at_once(file), most_rows - piece.rows)),
                                   true);
      if (rows.count == 0) break;
      for (std::size_t i = 0; i < file.columns.size(); ++i) {
        const ColumnPlan& plan = file.columns[i];
        const auto misfit = infer(rows, plan, syntax, piece.kinds[i]);
        if (!misfit) continue;
        throw file.source.error_at(
            found.place_of(rows.field(misfit->row, 0)),
            "The value '" + misfit->text.substr(0, 100) + "' of the column " + plan.name +
                " does not fit the type " + plan.asked->name + ".",
            "The option dtype asks for that type.", "Correct the value or the option.");
      }
      piece.rows += rows.count;
    }
    piece.end = found.place();
  } catch (const Error&) {
    piece.failure = std::current_exception();
  }
  return piece;
}

// Behind the first line end at or behind `from`.
std::uint64_t CsvReader::State::next_line(const File& file, std::uint64_t from,
                                          std::uint64_t limit) {
  std::string piece;
  while (from < limit) {
    constexpr std::uint64_t kPiece = 4096;
    piece.resize(static_cast<std::size_t>(std::min(kPiece, limit - from)));
    file.source.read(piece.data(), from, piece.size());
    const std::size_t at = piece.find(file.line_end);
    if (at != std::string::npos) return from + at + 1;
    from += piece.size();
  }
  return limit;
}

// The pieces are looked at side by side, each from the first line in it that may begin a record.
// Where that was a line inside a quoted value, the piece is looked at again from the right place.
void CsvReader::State::look_at_body(File& file, std::size_t index, std::uint64_t& rows_left) {
  constexpr int kMostMisses = 3;
  const std::uint64_t size = file.source.size();
  if (file.body >= size || rows_left == 0) return;
  const std::uint64_t step = settings.piece_bytes;
  const auto count = static_cast<std::size_t>((size - file.body + step - 1) / step);
  const auto limit_of = [&](std::size_t piece) {
    return std::min(size, file.body + (piece + 1) * step);
  };
  std::uint64_t expected = file.body;
  Scratch scratch;
  std::size_t piece_number = 0;
  if (settings.threads > 1 && count > 1) {
    int misses = 0;
    InOrder<Piece, Scratch> pieces(count, settings.threads, [&](std::size_t number, Scratch& own) {
      const std::uint64_t limit = limit_of(number);
      const std::uint64_t begin =
          number == 0 ? file.body : next_line(file, limit_of(number - 1) - 1, limit);
      return look_at(file, begin, limit, std::numeric_limits<std::uint64_t>::max(), own);
    });
    for (; piece_number < count && misses < kMostMisses; ++piece_number) {
      Piece piece = *pieces.take();
      const std::uint64_t limit = limit_of(piece_number);
      if (expected >= limit) continue;
      if (piece.begin != expected) {
        ++misses;
        piece = look_at(file, expected, limit, rows_left, scratch);
      } else {
        misses = 0;
      }
      keep(file, index, piece, rows_left);
      expected = piece.end;
    }
  }
  for (; piece_number < count && rows_left != 0; ++piece_number) {
    const std::uint64_t limit = limit_of(piece_number);
    if (expected >= limit) continue;
    const Piece piece = look_at(file, expected, limit, rows_left, scratch);
    keep(file, index, piece, rows_left);
    expected = piece.end;
  }
}

void CsvReader::State::keep(File& file, std::size_t index, const Piece& piece,
                            std::uint64_t& rows_left) {
  if (piece.failure) std::rethrow_exception(piece.failure);
  for (std::size_t i = 0; i < piece.kinds.size(); ++i) {
    file.kinds[i] = unite(file.kinds[i], piece.kinds[i]);
  }
  rows_left -= piece.rows;
  if (piece.rows != 0) ranges.push_back({index, piece.begin, piece.end, piece.rows});
}

// A column has one type in all files.
void CsvReader::State::settle_types() {
  std::map<std::string_view, Kind> kinds;
  for (const File& file : files) {
    for (std::size_t i = 0; i < file.columns.size(); ++i) {
      Kind& kind = kinds.try_emplace(file.columns[i].name, Kind::nothing).first->second;
      kind = unite(kind, file.kinds[i]);
    }
  }
  for (File& file : files) {
    for (const ColumnPlan& plan : file.columns) {
      file.types.push_back(plan.asked ? plan.asked->type : type_of(kinds.at(plan.name)));
    }
  }
}

Batch CsvReader::State::parse(const Range& range, Scratch& scratch) const {
  const File& file = files[range.file];
  const NumberSyntax syntax = options.numbers();
  std::vector<ColumnBuilder> builders;
  builders.reserve(file.columns.size());
  for (std::size_t i = 0; i < file.columns.size(); ++i) {
    builders.emplace_back(file.columns[i], file.types[i], syntax);
    builders.back().reserve(static_cast<std::size_t>(range.rows));
  }
  Records found = records(file, range.begin, range.end, scratch);
  std::uint64_t seen = 0;
  std::size_t kept = 0;
  const auto append = [&](const Rows& rows) {
    std::size_t least = rows.count;
    for (ColumnBuilder& builder : builders) {
      std::size_t nulls = 0;
      if (!builder.append(rows, nulls)) throw file.source.changed();
      least = std::min(least, nulls);
    }
    kept += rows.count;
    return least;
  };
  for (;;) {
    const Rows rows = found.next(rows_at_once(file), false);
    if (rows.count == 0) break;
    seen += rows.count;
    const std::size_t before = kept;
    if (append(rows) == 0) continue;  // no row of nulls alone
    scratch.kept.clear();
    for (std::size_t row = 0; row < rows.count; ++row) {
      const bool is_empty = std::all_of(builders.begin(), builders.end(), [&](const auto& builder) {
        return builder.is_null(before + row);
      });
      const Slice* fields = rows.fields + row * rows.columns;
      if (!is_empty) scratch.kept.insert(scratch.kept.end(), fields, fields + rows.columns);
    }
    const std::size_t left = scratch.kept.size() / rows.columns;
    if (left == rows.count) continue;
    for (ColumnBuilder& builder : builders) builder.truncate(before);
    kept = before;
    if (left != 0) append({rows.text, scratch.kept.data(), rows.columns, left});
  }
  if (seen != range.rows || found.place() != range.end) throw file.source.changed();
  std::vector<Column> columns;
  for (ColumnBuilder& builder : builders) columns.push_back(builder.finish());
  return {std::move(columns), kept};
}

CsvReader::CsvReader(const std::vector<InputFile>& files, ReadOptions options)
    : CsvReader(files, std::move(options), Settings()) {}

CsvReader::CsvReader(const std::vector<InputFile>& files, ReadOptions options, Settings settings)
    : state_(std::make_unique<State>(std::move(options), settings)) {
  State& state = *state_;
  for (const InputFile& file : files) {
    state.files.push_back({.source = Source(file, state.options.encoding)});
  }
  state.look_at_all();
  state.settle_types();
  state.batches.emplace(state.ranges.size(), state.settings.threads,
                        [&state](std::size_t range, Scratch& scratch) {
                          return state.parse(state.ranges[range], scratch);
                        });
}

CsvReader::~CsvReader() = default;

std::optional<Batch> CsvReader::next() {
  State& state = *state_;
  for (;;) {
    std::optional<Batch> batch = state.batches->take();
    if (!batch) return std::nullopt;
    const Range& range = state.ranges[state.taken++];
    state.bytes_done += range.end - range.begin;
    if (batch->rows() != 0) return batch;
  }
}

double CsvReader::progress() const noexcept {
  return state_->bytes == 0
             ? 1.0
             : static_cast<double>(state_->bytes_done) / static_cast<double>(state_->bytes);
}

}  // namespace vdk::csv
