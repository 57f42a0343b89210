// What can be asked: types, their fields with arguments, and how each field is answered.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graphql/error.hpp"
#include "vdk/base/value.hpp"

namespace vdk::service::graphql {

// What an argument or a variable may be. Types live as long as the program.
struct InputType {
  enum class Kind { integer, real, string, boolean, enumeration, object, list };
  struct Member {
    std::string_view name;
    const InputType* type;
  };
  Kind kind;
  std::string_view name;                  // of a list: its items' name
  std::vector<std::string_view> words{};  // of an enumeration
  std::vector<Member> members{};          // of an object
  const InputType* item = nullptr;        // of a list
};

extern const InputType kInt;
extern const InputType kFloat;
extern const InputType kString;
extern const InputType kBoolean;

struct ArgumentDefinition {
  std::string_view name;
  const InputType* type;
  Value standard{};  // where the query leaves it out; null: then it is absent
};

class ObjectType;

struct FieldDefinition {
  std::string_view name;
  const ObjectType* type = nullptr;  // null: a scalar or a list of them
  std::vector<ArgumentDefinition> arguments{};
};

class ObjectType {
 public:
  explicit ObjectType(std::string_view name) : name_(name) {}

  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  [[nodiscard]] const FieldDefinition* find(std::string_view field) const noexcept;
  // Of a field of this type.
  [[nodiscard]] std::size_t index_of(const FieldDefinition& field) const noexcept {
    return static_cast<std::size_t>(&field - fields_.data());
  }

 protected:
  std::vector<FieldDefinition> fields_{};

 private:
  std::string_view name_;
};

// A field that a query asks for, checked against the schema: arguments have the types of their
// definitions, fragments are in their places, what is skipped is gone.
struct Selection {
  std::string key;        // its name in the answer
  std::string_view name;  // the field's; may be "__typename", which has no definition
  const FieldDefinition* definition = nullptr;
  Value arguments = Value::Map{};   // those that were given or have a standard
  std::vector<Selection> fields{};  // of the field's type
  Location location{};

  // Null where it is absent.
  [[nodiscard]] const Value* argument(std::string_view argument) const {
    return arguments.find(argument);
  }
  // The first selected field of that name, or null.
  [[nodiscard]] const Selection* find(std::string_view field) const;
};

// The type of objects that are made of a Source: each field has the function that answers it.
template <typename Source>
class TypeOf : public ObjectType {
 public:
  using Resolve = std::function<Value(const Source&, const Selection&)>;

  using ObjectType::ObjectType;

  TypeOf& add(FieldDefinition field, Resolve resolve) {
    fields_.push_back(std::move(field));
    resolvers_.push_back(std::move(resolve));
    return *this;
  }

  // The object with what was selected of it.
  [[nodiscard]] Value object(const Source& source, const Selection& selected) const {
    Value::Map members;
    members.reserve(selected.fields.size());
    for (const Selection& field : selected.fields) {
      members.push_back({field.key, field.definition == nullptr
                                        ? Value(name())
                                        : resolvers_[index_of(*field.definition)](source, field)});
    }
    return members;
  }

 private:
  std::vector<Resolve> resolvers_{};
};

}  // namespace vdk::service::graphql
