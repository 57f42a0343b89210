#include "archive.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "vdk/base/error.hpp"
#include "vdk/base/output_file.hpp"

namespace vdk::control {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kLocalSignature = 0x04034b50;
constexpr std::uint32_t kCentralSignature = 0x02014b50;
constexpr std::uint32_t kEndSignature = 0x06054b50;
constexpr std::size_t kLocalSize = 30;
constexpr std::size_t kCentralSize = 46;
constexpr std::size_t kEndSize = 22;
constexpr std::uint16_t kUtf8Names = 0x800;
constexpr std::uint16_t kDeflated = 8;
constexpr std::uint16_t kVersion = 20;
constexpr std::size_t kMostUnpacked = std::size_t{1} << 30U;
constexpr std::size_t kMostPacked = std::size_t{2} << 30U;
constexpr int kRaw = -MAX_WBITS;  // deflate without a header of its own

// ---- packing -----------------------------------------------------------------------------------

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xffU);
}

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::string deflated(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRaw, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// Writes members one after the other and the directory at the end. All have the same date, so that
// the same files make the same archive.
class Packer {
 public:
  void add(const std::string& name, std::string_view bytes, bool executable) {
    const std::string packed = deflated(bytes);
    std::string shared;  // what the local and the central header have in common
    put(shared, kVersion, 2);
    put(shared, kUtf8Names, 2);
    put(shared, kDeflated, 2);
    put(shared, 0, 2);
    put(shared, 0x0021, 2);  // 1 January 1980
    put(shared, checksum(bytes), 4);
    put(shared, packed.size(), 4);
    put(shared, bytes.size(), 4);
    put(shared, name.size(), 2);
    put(shared, 0, 2);

    constexpr std::uint16_t kMadeByUnix = 3 << 8 | kVersion;
    const std::uint32_t mode = executable ? 0100755 : 0100644;
    put(directory_, kCentralSignature, 4);
    put(directory_, kMadeByUnix, 2);
    directory_ += shared;
    put(directory_, 0, 6);
    put(directory_, std::uint64_t{mode} << 16U, 4);
    put(directory_, archive_.size(), 4);
    directory_ += name;

    put(archive_, kLocalSignature, 4);
    archive_ += shared + name + packed;
    ++count_;
    if (archive_.size() > kMostPacked || count_ > 0xffff) {
      throw user_error({.what = "The job's folder is too large to be deployed.",
                        .why = "Packed it has more than 2 GB, or it has more than 65535 files.",
                        .consequence = "Nothing was sent.",
                        .countermeasure = "Keep data out of the job's folder."});
    }
  }

  std::string finish() {
    const std::size_t start = archive_.size();
    archive_ += directory_;
    put(archive_, kEndSignature, 4);
    put(archive_, 0, 4);
    put(archive_, count_, 2);
    put(archive_, count_, 2);
    put(archive_, directory_.size(), 4);
    put(archive_, start, 4);
    put(archive_, 0, 2);
    return std::move(archive_);
  }

 private:
  std::string archive_;
  std::string directory_;
  std::size_t count_ = 0;
};

// ---- unpacking ---------------------------------------------------------------------------------

Error damaged(const std::string& why) {
  return platform_error({.what = "What the service sent is not a usable archive.",
                         .why = why,
                         .consequence = "The job was not downloaded.",
                         .countermeasure = "Try again; if it happens again, tell whoever runs the "
                                           "service."});
}

std::uint32_t number(std::string_view bytes, std::size_t offset, std::size_t width) {
  if (offset > bytes.size() || width > bytes.size() - offset) throw damaged("It ends too early.");
  std::uint32_t value = 0;
  for (std::size_t i = width; i-- > 0;) {
    value = value << 8U | static_cast<unsigned char>(bytes[offset + i]);
  }
  return value;
}

std::string_view part(std::string_view bytes, std::size_t offset, std::size_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) throw damaged("It ends too early.");
  return bytes.substr(offset, size);
}

struct MemberOfArchive {
  std::string name;
  std::string_view packed;
  std::size_t size = 0;
  std::uint32_t crc = 0;
  std::uint32_t method = 0;
  bool executable = false;
};

std::vector<MemberOfArchive> members_of(std::string_view archive) {
  constexpr std::string_view end_mark("PK\5\6", 4);
  const std::size_t end = archive.rfind(end_mark);
  if (end == std::string_view::npos || archive.size() - end < kEndSize) {
    throw damaged("It has no directory of its members.");
  }
  std::vector<MemberOfArchive> members;
  const std::uint32_t count = number(archive, end + 10, 2);
  std::size_t at = number(archive, end + 16, 4);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (number(archive, at, 4) != kCentralSignature) throw damaged("Its directory is damaged.");
    const std::size_t name_size = number(archive, at + 28, 2);
    MemberOfArchive member{
        .name = std::string(part(archive, at + kCentralSize, name_size)),
        .size = number(archive, at + 24, 4),
        .crc = number(archive, at + 16, 4),
        .method = number(archive, at + 10, 2),
        .executable = (number(archive, at + 38, 4) >> 16U & 0100U) != 0,
    };
    const std::size_t local = number(archive, at + 42, 4);
    const std::size_t begin =
        local + kLocalSize + number(archive, local + 26, 2) + number(archive, local + 28, 2);
    member.packed = part(archive, begin, number(archive, at + 20, 4));
    at += kCentralSize + name_size + number(archive, at + 30, 2) + number(archive, at + 32, 2);
    members.push_back(std::move(member));
  }
  return members;
}

std::string content_of(const MemberOfArchive& member) {
  if (member.method == 0) return std::string(member.packed);
  if (member.method != kDeflated) throw damaged("It is packed by an unknown method.");
  std::string out(member.size, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, kRaw) != Z_OK) throw std::bad_alloc();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(member.packed.data()));
  stream.avail_in = static_cast<uInt>(member.packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&stream, Z_FINISH);
  const bool whole = result == Z_STREAM_END && stream.total_out == member.size;
  inflateEnd(&stream);
  if (!whole || checksum(out) != member.crc) throw damaged("'" + member.name + "' is damaged.");
  return out;
}

bool is_safe(const fs::path& name) {
  return name.is_relative() && !name.empty() &&
         std::ranges::none_of(name, [](const fs::path& each) { return each == ".."; });
}

}  // namespace

std::string pack_folder(const fs::path& folder) {
  std::vector<fs::path> files;
  fs::recursive_directory_iterator entry(folder);
  for (; entry != fs::recursive_directory_iterator(); ++entry) {
    const fs::path name = entry->path().filename();
    if (name == ".git" || name == "__pycache__") {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file()) {
      files.push_back(entry->path());
    }
  }
  std::ranges::sort(files);
  Packer packer;
  const fs::path parent = folder.parent_path();
  for (const fs::path& file : files) {
    std::ifstream stream(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    if (!stream.is_open() || stream.bad()) {
      throw user_error({.what = file.string() + " cannot be read.",
                        .consequence = "Nothing was deployed.",
                        .countermeasure = "Make it readable, or move it out of the job's folder."});
    }
    const bool executable =
        (fs::status(file).permissions() & fs::perms::owner_exec) != fs::perms::none;
    packer.add(file.lexically_relative(parent).generic_string(), bytes, executable);
  }
  return packer.finish();
}

void unpack_archive(std::string_view archive, const fs::path& parent) {
  const std::vector<MemberOfArchive> members = members_of(archive);
  std::size_t sum = 0;
  for (const MemberOfArchive& member : members) {
    sum += member.size;
    if (sum > kMostUnpacked) throw damaged("It unfolds to more than 1 GB.");
    if (!is_safe(member.name)) throw damaged("The name '" + member.name + "' leads out of it.");
  }
  for (const MemberOfArchive& member : members) {
    const fs::path path = parent / member.name;
    if (member.name.ends_with('/')) {
      fs::create_directories(path);
      continue;
    }
    fs::create_directories(path.parent_path());
    OutputFile file(path);
    file.write(content_of(member));
    file.publish();
    if (member.executable) {
      fs::permissions(path, fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                      fs::perm_options::add);
    }
  }
}

}  // namespace vdk::control
