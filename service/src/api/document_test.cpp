#include "api/document.hpp"

#include <map>
#include <regex>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "api/context.hpp"
#include "base/text.hpp"
#include "vdk/base/temporary_directory.hpp"

namespace vdk::service {
namespace {

// "GET /data-jobs/for-team/{}/jobs": placeholders have other names for people than for handlers.
std::string operation_name(const std::string& method, const std::string& path) {
  return method + " " + std::regex_replace(path, std::regex(R"(\{[^}]*\})"), "{}");
}

std::string upper(std::string text) {
  for (auto& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

const Value& resolve(const Value& document, const Value& value) {
  const auto* reference = value.find("$ref");
  if (reference == nullptr) return value;
  const Value* found = &document;
  for (const auto& name : split(reference->if_string()->substr(2), '/')) {
    found = found->find(name);
    if (found == nullptr) throw std::out_of_range(*reference->if_string());
  }
  return *found;
}

void check_references(const Value& document, const Value& value) {
  if (const auto* list = value.if_list()) {
    for (const auto& item : *list) check_references(document, item);
  }
  if (const auto* map = value.if_map()) {
    EXPECT_NO_THROW(resolve(document, value));
    for (const auto& member : *map) check_references(document, member.value);
  }
}

class ApiDocument : public ::testing::Test {
 protected:
  ApiDocument() {
    add_api_routes(router_, context_);
    for (const auto& path : *document_.find("paths")->if_map()) {
      for (const auto& operation : *path.value.if_map()) {
        if (operation.key == "parameters") continue;
        operations_[operation_name(upper(operation.key), path.key)] = &operation.value;
      }
    }
  }

  [[nodiscard]] std::set<std::string> names_of(const Value* object) const {
    std::set<std::string> names;
    if (object == nullptr) return names;
    for (const auto& member : *resolve(document_, *object).if_map()) names.insert(member.key);
    return names;
  }

  // The media types of all answers.
  [[nodiscard]] std::set<std::string> types_of(const Value& operation) const {
    std::set<std::string> types;
    for (const auto& response : *operation.find("responses")->if_map()) {
      const auto* content = resolve(document_, response.value).find("content");
      types.merge(names_of(content));
    }
    return types;
  }

  const TemporaryDirectory directory_{"service-test"};
  Database database_{make_sqlite_engine((directory_.path() / "service.db").string())};
  const ApiSettings settings_;
  const ApiContext context_{.database = database_, .settings = settings_};
  http::Router router_;
  const Value document_ = make_api_document();
  std::map<std::string, const Value*> operations_;
};

TEST_F(ApiDocument, describes_every_route_and_nothing_else) {
  std::set<std::string> routes;
  std::set<std::string> described;
  for (const auto& route : router_.routes()) {
    EXPECT_TRUE(routes.insert(operation_name(route.method, route.pattern)).second) << route.pattern;
  }
  for (const auto& [name, operation] : operations_) described.insert(name);
  EXPECT_EQ(routes, described);
}

TEST_F(ApiDocument, tells_the_types_of_bodies_and_answers) {
  for (const auto& route : router_.routes()) {
    const auto name = operation_name(route.method, route.pattern);
    const auto* operation = operations_.at(name);
    const auto* body = operation->find("requestBody");
    const auto* content = body == nullptr ? nullptr : resolve(document_, *body).find("content");
    std::set<std::string> wanted;
    if (route.body == http::Body::json) wanted = {"application/json"};
    if (route.body == http::Body::bytes) wanted = {"application/octet-stream"};
    EXPECT_EQ(names_of(content), wanted) << name;
    const auto types = types_of(*operation);
    for (const auto& type : route.produces) {
      const bool has_no_answer_with_a_body = operation->find("responses")->find("302") != nullptr;
      EXPECT_TRUE(types.contains(type) || has_no_answer_with_a_body) << name << " " << type;
    }
  }
}

TEST_F(ApiDocument, is_whole) {
  check_references(document_, document_);
  std::set<std::string> ids;
  std::set<std::string> tags;
  for (const auto& tag : *document_.find("tags")->if_list())
    tags.insert(*tag.find("name")->if_string());
  for (const auto& [name, operation] : operations_) {
    const auto* id = operation->find("operationId");
    ASSERT_NE(id, nullptr) << name;
    EXPECT_TRUE(ids.insert(*id->if_string()).second) << *id->if_string();
    EXPECT_NE(operation->find("summary"), nullptr) << name;
    for (const auto& tag : *operation->find("tags")->if_list()) {
      EXPECT_TRUE(tags.contains(*tag.if_string())) << name;
    }
  }
}

}  // namespace
}  // namespace vdk::service
