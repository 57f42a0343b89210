#include <array>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "source/archive.hpp"

namespace vdk::service {

namespace {

using Digest = std::array<unsigned char, 20>;

// Git's name of an object. SHA-1, because git's is: it tells versions of one job apart, which only
// the job's own team uploads, and is no proof of anything.
Digest name_object(std::string_view kind, std::string_view content) {
  Digest digest{};
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha1(), nullptr);
  const auto head = fmt::format("{} {}", kind, content.size());
  EVP_DigestUpdate(context.get(), head.c_str(), head.size() + 1);
  EVP_DigestUpdate(context.get(), content.data(), content.size());
  EVP_DigestFinal_ex(context.get(), digest.data(), nullptr);
  return digest;
}

struct Tree {
  std::map<std::string, const SourceFile*> files;
  std::map<std::string, Tree> folders;
};

Digest name_tree(const Tree& tree) {
  // Git sorts a folder as if its name ended with a slash.
  std::map<std::string, std::string> rows;
  const auto put = [&](const std::string& order, std::string_view mode, const std::string& name,
                       const Digest& digest) {
    rows[order] = fmt::format("{} {}", mode, name) + '\0' +
                  std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
  };
  for (const auto& [name, file] : tree.files) {
    put(name, file->is_executable ? "100755" : "100644", name, name_object("blob", file->content));
  }
  for (const auto& [name, folder] : tree.folders) put(name + '/', "40000", name, name_tree(folder));
  std::string content;
  for (const auto& [order, row] : rows) content += row;
  return name_object("tree", content);
}

}  // namespace

std::string version_of(const std::vector<SourceFile>& files) {
  Tree root;
  for (const auto& file : files) {
    Tree* tree = &root;
    std::size_t begin = 0;
    for (auto slash = file.path.find('/'); slash != std::string::npos;
         slash = file.path.find('/', begin)) {
      tree = &tree->folders[file.path.substr(begin, slash - begin)];
      begin = slash + 1;
    }
    tree->files[file.path.substr(begin)] = &file;
  }
  std::string text;
  for (const auto byte : name_tree(root)) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace vdk::service
