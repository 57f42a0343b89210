#include "environment/requirements.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "vdk/base/error.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

constexpr int kDeepestInclusion = 20;
constexpr std::array<std::string_view, 2> kOwn = {kOwnDistribution, "quickstart-vdk"};

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
}

// Lines as the installer has them: joined where they end with a backslash, without comments.
std::vector<std::string> logical_lines(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<std::string> lines;
  std::string joined;
  for (const std::string& raw : split(text, '\n')) {
    std::string_view line = raw;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool is_comment = trim(line).starts_with('#');
    if (line.ends_with('\\') && !is_comment) {
      joined += line.substr(0, line.size() - 1);
      continue;
    }
    if (!is_comment || joined.empty()) joined += line;
    std::size_t comment = joined.starts_with('#') ? 0 : std::string::npos;
    for (std::size_t i = 1; i < joined.size() && comment == std::string::npos; ++i) {
      if (joined[i] == '#' && std::isspace(static_cast<unsigned char>(joined[i - 1])) != 0)
        comment = i;
    }
    if (comment != std::string::npos) joined.resize(comment);
    if (const std::string_view rest = trim(joined); !rest.empty()) lines.emplace_back(rest);
    joined.clear();
  }
  if (const std::string_view rest = trim(joined); !rest.empty()) lines.emplace_back(rest);
  return lines;
}

// The value of one of an option's spellings ("-r FILE", "-rFILE", "--requirement=FILE"), or
// nothing.
std::string option_value(std::string_view line, std::string_view brief, std::string_view full) {
  if (line.starts_with(full)) {
    const std::string_view rest = line.substr(full.size());
    if (rest.starts_with('=') || rest.starts_with(' ')) return std::string(trim(rest.substr(1)));
    return {};
  }
  if (!brief.empty() && line.starts_with(brief) && !line.starts_with("--"))
    return std::string(trim(line.substr(brief.size())));
  return {};
}

// The distribution that a line requires, as far as the line says it; normalised.
std::string distribution_of(std::string_view line) {
  if (const std::string editable = option_value(line, "-e", "--editable"); !editable.empty())
    return distribution_of(editable);
  if (const std::size_t egg = line.find("#egg="); egg != std::string_view::npos)
    line.remove_prefix(egg + 5);
  const auto name_end =
      static_cast<std::size_t>(std::ranges::find_if_not(line, is_name_character) - line.begin());
  const std::string_view rest = trim(line.substr(name_end));
  if (rest.starts_with('@')) return normal_name(line.substr(0, name_end));
  const bool is_path = rest.starts_with('/') || rest.starts_with(':') || line.ends_with(".whl") ||
                       line.ends_with(".tar.gz") || line.ends_with(".zip");
  if (!is_path) return normal_name(line.substr(0, name_end));
  // A file's name begins with the distribution's: vdk_core-0.3.1-py3-none-any.whl.
  const std::string_view file = line.substr(line.rfind('/') + 1);
  return normal_name(file.substr(0, std::min(file.find('-'), file.find('@'))));
}

bool names_file(std::string_view line) {
  if (const std::string editable = option_value(line, "-e", "--editable"); !editable.empty())
    line = std::string_view(line).substr(line.size() - editable.size());
  if (line.find("file:") != std::string_view::npos) return true;
  if (line.starts_with('-') || line.find("://") != std::string_view::npos) return false;
  const std::string_view target = trim(line.substr(0, line.find(';')));
  return target.starts_with('.') || target.find('/') != std::string_view::npos ||
         target.ends_with(".whl") || target.ends_with(".tar.gz") || target.ends_with(".zip");
}

class Reader {
 public:
  void read(const fs::path& file, bool are_constraints, int depth) {
    if (depth > kDeepestInclusion) {
      throw user_error({.what = "The requirements cannot be read.",
                        .why = fmt::format("{} is included more than {} files deep.", file.string(),
                                           kDeepestInclusion),
                        .consequence = "No environment was made.",
                        .countermeasure = "See that no requirements file includes itself."});
    }
    for (const std::string& line : logical_lines(read_file(file))) {
      const std::string included = option_value(line, "-r", "--requirement");
      const std::string constraining = option_value(line, "-c", "--constraint");
      if (!included.empty()) {
        read(file.parent_path() / included, are_constraints, depth + 1);
      } else if (!constraining.empty()) {
        read(file.parent_path() / constraining, true, depth + 1);
      } else {
        take(line, are_constraints);
      }
    }
  }
  Requirements result;

 private:
  void take(const std::string& line, bool is_constraint) {
    if (is_own_distribution(distribution_of(line))) {
      result.passed_over.push_back(first_words(line));
      const std::size_t open = line.find('[');
      if (!is_constraint && open != std::string::npos)
        for (std::string& extra : split_list(line.substr(open + 1, line.find(']') - open - 1)))
          result.own_extras.push_back(normal_name(extra));
      return;
    }
    result.names_files = result.names_files || names_file(line);
    result.has_hashes = result.has_hashes || line.find("--hash") != std::string::npos;
    (is_constraint ? result.constraints : result.requirements).push_back(line);
  }

  static std::string first_words(const std::string& line) {
    return std::string(trim(line.substr(0, line.find(" --"))));
  }
};

}  // namespace

std::string normal_name(std::string_view name) {
  std::string normal;
  for (const char c : name) {
    const bool is_separator = c == '-' || c == '_' || c == '.';
    if (is_separator && (normal.empty() || normal.back() == '-')) continue;
    normal += is_separator ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return normal;
}

bool is_own_distribution(std::string_view name) {
  return std::ranges::find(kOwn, normal_name(name)) != kOwn.end();
}

Requirements read_requirements(const fs::path& job) {
  Reader reader;
  const fs::path file = job / "requirements.txt";
  std::error_code failure;
  if (fs::exists(file, failure)) reader.read(file, false, 0);
  return std::move(reader.result);
}

}  // namespace vdk
