#include "template/template_registry.hpp"

#include <gtest/gtest.h>

#include "vdk/base/error.hpp"

namespace vdk {
namespace {

TEST(TemplateRegistry, a_template_is_found_by_database_and_name) {
  TemplateRegistry templates;
  templates.add("load", "/a");
  templates.add("load", "/b", "trino");
  EXPECT_EQ(templates.directory_of("load", "default"), "/a");
  EXPECT_EQ(templates.directory_of("load", "trino"), "/b");
  templates.add("load", "/c");
  EXPECT_EQ(templates.directory_of("load", "default"), "/c");
}

TEST(TemplateRegistry, an_unknown_name_is_the_users_error_and_lists_what_there_is) {
  TemplateRegistry templates;
  templates.add("load", "/b", "trino");
  try {
    (void)templates.directory_of("load", "default");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
    EXPECT_NE(error.text().why.find("load (trino)"), std::string::npos);
  }
}

}  // namespace
}  // namespace vdk
