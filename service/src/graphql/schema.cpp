#include "graphql/schema.hpp"

#include <algorithm>

namespace vdk::service::graphql {

const InputType kInt{.kind = InputType::Kind::integer, .name = "Int"};
const InputType kFloat{.kind = InputType::Kind::real, .name = "Float"};
const InputType kString{.kind = InputType::Kind::string, .name = "String"};
const InputType kBoolean{.kind = InputType::Kind::boolean, .name = "Boolean"};

const FieldDefinition* ObjectType::find(std::string_view field) const noexcept {
  const auto found = std::ranges::find(fields_, field, &FieldDefinition::name);
  return found == fields_.end() ? nullptr : &*found;
}

const Selection* Selection::find(std::string_view field) const {
  const auto found = std::ranges::find(fields, field, &Selection::name);
  return found == fields.end() ? nullptr : &*found;
}

}  // namespace vdk::service::graphql
