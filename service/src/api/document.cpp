#include "api/document.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/pages.hpp"

namespace vdk::service {

namespace {

Value reference(std::string_view kind, std::string_view name) {
  return Value::Map{{"$ref", "#/components/" + std::string(kind) + "/" + std::string(name)}};
}

Value& member(Value& object, std::string_view name) {
  auto* map = object.if_map();
  if (map != nullptr) {
    for (auto& one : *map) {
      if (one.key == name) return one.value;
    }
  }
  throw std::logic_error("openapi.json lacks '" + std::string(name) + "'");
}

// Those of the path's placeholders, and of every request.
Value::List parameters_of(std::string_view path) {
  Value::List parameters;
  for (auto open = path.find('{'); open != std::string_view::npos; open = path.find('{', open)) {
    const auto close = path.find('}', open);
    parameters.push_back(reference("parameters", path.substr(open + 1, close - open - 1)));
    open = close;
  }
  parameters.push_back(reference("parameters", "X-OPID"));
  return parameters;
}

// What can happen before a handler is reached, or to any handler.
void add_common_responses(Value& operation) {
  std::vector<std::pair<const char*, const char*>> common = {
      {"400", "BadAddress"},  {"403", "NotAllowed"},     {"406", "NotAcceptable"},
      {"413", "TooLarge"},    {"431", "HeaderTooLarge"}, {"500", "Mistake"},
      {"503", "Unavailable"},
  };
  if (operation.find("requestBody") != nullptr) common.emplace_back("415", "WrongType");
  auto& responses = *member(operation, "responses").if_map();
  for (const auto& [status, name] : common) {
    const auto is_it = [&](const Member& response) { return response.key == status; };
    if (std::ranges::any_of(responses, is_it)) continue;
    responses.push_back({status, reference("responses", name)});
  }
  std::ranges::sort(responses, {}, &Member::key);
}

void add_op_id(Value& response) {
  if (response.find("$ref") != nullptr) return;
  Value headers = response.find("headers") != nullptr ? *response.find("headers") : Value::Map{};
  headers.set("X-OPID", reference("headers", "X-OPID"));
  response.set("headers", std::move(headers));
}

}  // namespace

Value make_api_document() {
  auto document = parse_json(page("openapi.json"));
  for (auto& [path, item] : *member(document, "paths").if_map()) {
    for (auto& [method, operation] : *item.if_map()) {
      add_common_responses(operation);
      for (auto& response : *member(operation, "responses").if_map()) add_op_id(response.value);
    }
    item.set("parameters", parameters_of(path));
  }
  for (auto& response : *member(member(document, "components"), "responses").if_map()) {
    add_op_id(response.value);
  }
  return document;
}

}  // namespace vdk::service
