#include "base/shared_library.hpp"

#include <cmath>
#include <utility>

#include <gtest/gtest.h>

#include "vdk/base/error.hpp"

namespace vdk {
namespace {

#if defined(__APPLE__)
constexpr const char* kMathLibrary = "libm.dylib";
#else
constexpr const char* kMathLibrary = "libm.so.6";
#endif

TEST(SharedLibrary, finds_symbols_and_says_where_there_is_none) {
  SharedLibrary library(kMathLibrary);
  using Cosine = double (*)(double);
  const auto cosine = reinterpret_cast<Cosine>(library.find("cos"));
  ASSERT_NE(cosine, nullptr);
  EXPECT_DOUBLE_EQ(cosine(0), 1);
  EXPECT_EQ(library.find("no_such_symbol"), nullptr);
  const SharedLibrary moved(std::move(library));
  EXPECT_NE(moved.find("cos"), nullptr);
}

TEST(SharedLibrary, a_library_that_is_absent_says_the_loaders_reason) {
  try {
    const SharedLibrary library("/no/such/libduckdb.so");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
    EXPECT_NE(error.text().what.find("/no/such/libduckdb.so"), std::string::npos);
    EXPECT_NE(error.text().why.find("No such file"), std::string::npos) << error.text().why;
    EXPECT_FALSE(error.text().countermeasure.empty());
  }
}

TEST(SharedLibrary, the_prefix_is_above_the_directory_of_the_program) {
  EXPECT_EQ(installation_prefix(), std::filesystem::canonical(VDK_BUILD_DIR));
}

}  // namespace
}  // namespace vdk
