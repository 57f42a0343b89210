#include "jsonl_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "json_parser.hpp"
#include "vdk/base/utf8.hpp"

namespace vdk::jsonl {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// One file, read forward.
class File {
 public:
  explicit File(const InputFile& file) : name_(file.name) {
    descriptor_ = open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status{};
    int error = descriptor_ < 0 || fstat(descriptor_, &status) != 0 ? errno : 0;
    if (error == 0 && S_ISDIR(status.st_mode)) error = EISDIR;
    if (error == 0 && !S_ISREG(status.st_mode)) error = ESPIPE;
    if (error != 0) {
      if (descriptor_ >= 0) close(descriptor_);
      fail(error);
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(File&& other) noexcept
      : name_(std::move(other.name_)),
        descriptor_(std::exchange(other.descriptor_, -1)),
        size_(other.size_),
        read_(other.read_) {}
  File& operator=(File&&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint64_t read_so_far() const noexcept { return read_; }

  // Appends up to `count` bytes; nothing at the end. A file that grows is read as far as it goes.
  std::size_t read_some(std::string& to, std::size_t count) {
    const std::size_t before = to.size();
    to.resize(before + count);
    ssize_t got = 0;
    do {
      got = pread(descriptor_, to.data() + before, count, static_cast<off_t>(read_));
    } while (got < 0 && errno == EINTR);
    if (got < 0) fail(errno);
    to.resize(before + static_cast<std::size_t>(got));
    read_ += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }

 private:
  [[noreturn]] void fail(int error) const {
    throw user_error({.what = name_ + " cannot be read.",
                      .why = std::string("The system says: ") + std::strerror(error) + ".",
                      .consequence = "What was not read is not ingested.",
                      .countermeasure = "Name a file that you may read."});
  }

  std::string name_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  std::uint64_t read_ = 0;
};

}  // namespace

struct JsonlReader::State {
  Settings settings;
  std::vector<File> files;
  std::size_t index = 0;  // of the file being read
  std::string text;       // of it, not parsed yet
  bool whole = false;     // the file ends with the text
  bool in_list = false;
  bool begun = false;
  std::uint64_t lines = 1;  // up to the text
  BatchBuilder builder;

  [[nodiscard]] bool is_full() const {
    constexpr std::size_t kMostRows = 200'000;
    return builder.bytes() >= settings.batch_bytes || builder.rows() >= kMostRows;
  }

  void parse() {
    File& file = files[index];
    ObjectParser parser(text, whole, in_list);
    Outcome outcome = Outcome::row;
    std::size_t done = 0;
    while (!is_full() && (outcome = parser.next(builder)) == Outcome::row) done = parser.place();
    if (outcome == Outcome::wrong) throw wrong(file, parser);
    in_list = parser.in_list();
    if (outcome == Outcome::end) done = text.size();
    if (outcome == Outcome::incomplete) builder.abandon_row();
    lines += static_cast<std::uint64_t>(
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(done), '\n'));
    text.erase(0, done);
    if (outcome == Outcome::row) return;  // the batch is full
    if (whole) {
      ++index;
      begun = whole = in_list = false;
      lines = 1;
      return;
    }
    if (text.size() > settings.longest_object) {
      throw error_at(
          file, lines,
          "The object is longer than " + std::to_string(settings.longest_object) + " bytes.");
    }
    // An object that did not end is looked at again with twice the text, not with a little more.
    fill(file, std::max(settings.piece_bytes, text.size()));
  }

  void fill(File& file, std::size_t count) {
    const std::size_t before = text.size();
    whole = file.read_some(text, count) == 0;
    // The bytes of a character that is cut off are looked at again with those that follow.
    std::size_t from = before;
    while (from > 0 && before - from < 3 && (static_cast<unsigned char>(text[from - 1]) >= 0x80)) {
      --from;
    }
    while (from < before && (static_cast<unsigned char>(text[from]) & 0xC0U) == 0x80) ++from;
    std::string_view fresh = std::string_view(text).substr(from);
    if (const auto at = find_invalid_utf8(fresh)) {
      const bool is_cut_off = !whole && fresh.size() - *at < 4 && is_start(fresh.substr(*at));
      if (!is_cut_off) {
        throw error_at(file, line_of(from + *at), "The text is not UTF-8.");
      }
    }
    if (!begun && text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
    begun = true;
  }

  // Whether more bytes could make a character of these.
  static bool is_start(std::string_view bytes) {
    const auto lead = static_cast<unsigned char>(bytes.front());
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    return lead >= 0xC2 && lead <= 0xF4 && bytes.size() < length &&
           std::all_of(
               bytes.begin() + 1, bytes.end(),
               [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80; });
  }

  [[nodiscard]] std::uint64_t line_of(std::size_t at) const {
    return lines + static_cast<std::uint64_t>(std::count(
                       text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
  }
  [[nodiscard]] Error wrong(const File& file, const ObjectParser& parser) const {
    return error_at(file, line_of(parser.place()),
                    "This is no object of JSON: " + parser.reason() + ".");
  }
  [[nodiscard]] static Error error_at(const File& file, std::uint64_t line,
                                      const std::string& what) {
    return user_error({.what = file.name() + ", line " + std::to_string(line) + ": " + what,
                       .consequence = "The rows before it may be ingested, nothing behind it is.",
                       .countermeasure = "Correct the file."});
  }
};

JsonlReader::JsonlReader(const std::vector<InputFile>& files) : JsonlReader(files, Settings()) {}

JsonlReader::JsonlReader(const std::vector<InputFile>& files, Settings settings)
    : state_(std::make_unique<State>()) {
  state_->settings = settings;
  for (const InputFile& file : files) state_->files.emplace_back(file);
}

JsonlReader::~JsonlReader() = default;

std::optional<Batch> JsonlReader::next() {
  State& state = *state_;
  while (state.index < state.files.size() && !state.is_full()) state.parse();
  if (state.builder.rows() == 0) return std::nullopt;
  return state.builder.finish();
}

double JsonlReader::progress() const noexcept {
  double size = 0;
  double read = 0;
  for (const File& file : state_->files) {
    size += static_cast<double>(file.size());
    read += static_cast<double>(file.read_so_far());
  }
  return size > 0 ? std::min(read / size, 1.0) : 1.0;
}

}  // namespace vdk::jsonl
