#include "graphql/query.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "graphql/coercion.hpp"
#include "graphql/document.hpp"

namespace vdk::service::graphql {

namespace {

constexpr int kMostFields = 2000;

using Path = std::vector<std::string>;

const Operation& chosen(const Document& document, std::string_view name) {
  if (name.empty()) return document.operations.front();
  const auto found = std::ranges::find(document.operations, name, &Operation::name);
  if (found != document.operations.end()) return *found;
  throw QueryError::validation("UnknownOperation", fmt::format("There is no operation '{}'", name),
                               {});
}

// Does one query's work: from nodes, which may be fragments, to selections.
class Binder {
 public:
  Binder(const Document& document, const Operation& operation,
         const std::vector<const InputType*>& inputs)
      : document_(document), operation_(operation), inputs_(inputs) {}

  void read_variables(const Value& given) {
    for (const auto& variable : operation_.variables) {
      try {
        auto value = value_of(variable, given.find(variable.name));
        if (value) values_.emplace(variable.name, std::move(*value));
      } catch (const Unfit& reason) {
        throw QueryError::validation("WrongType",
                                     fmt::format("Variable '{}': {}", variable.name, reason.what()),
                                     variable.location);
      }
    }
  }

  std::vector<Selection> fields_of(const ObjectType& type, const std::vector<Node>& nodes) {
    return bind_groups(type, {&nodes});
  }

 private:
  using Nodes = std::vector<const std::vector<Node>*>;

  // All nodes that ask for one key of the answer.
  struct Group {
    const FieldNode* field;
    Location location;
    Nodes children{};
  };

  // [[Int]] is Int in two lists.
  InputType type_of(const TypeReference& reference, const VariableDefinition& variable) {
    const auto* innermost = &reference;
    while (!innermost->item.empty()) innermost = &innermost->item.front();
    for (const auto* type : {&kInt, &kFloat, &kString, &kBoolean}) {
      if (type->name == innermost->name) return *type;
    }
    for (const auto* type : inputs_) {
      if (type->name == innermost->name) return *type;
    }
    throw QueryError::validation(
        "UnknownType",
        fmt::format("There is no type '{}' for the variable '{}'", innermost->name, variable.name),
        variable.location);
  }

  Value fit(const Value& json, const TypeReference& reference, const InputType& type) {
    if (json.is_null()) {
      if (reference.is_required) throw Unfit("it is required, and null.");
      return nullptr;
    }
    if (reference.item.empty()) return coerce(json, type);
    Value::List values;
    const auto* list = json.if_list();
    if (list == nullptr) return Value::List{fit(json, reference.item.front(), type)};
    for (const auto& item : *list) values.push_back(fit(item, reference.item.front(), type));
    return values;
  }

  std::optional<Value> value_of(const VariableDefinition& variable, const Value* given) {
    const auto type = type_of(variable.type, variable);
    if (given != nullptr) return fit(*given, variable.type, type);
    if (variable.standard) {
      const InputType list{.kind = InputType::Kind::list, .name = type.name, .item = &type};
      return coerce(*variable.standard, variable.type.item.empty() ? type : list,
                    [](const Literal&) -> std::optional<Value> {
                      throw Unfit("its standard is no variable.");
                    });
    }
    if (variable.type.is_required) throw Unfit("it is required, and has no value.");
    return std::nullopt;
  }

  std::optional<Value> lookup(const Literal& literal) const {
    if (const auto found = values_.find(literal.text); found != values_.end()) {
      return found->second;
    }
    if (std::ranges::find(operation_.variables, literal.text, &VariableDefinition::name) ==
        operation_.variables.end()) {
      refuse("UndefinedVariable", fmt::format("There is no variable '{}'", literal.text),
             literal.location);
    }
    return std::nullopt;
  }

  [[noreturn]] void refuse(std::string type, const std::string& why, Location location) const {
    throw QueryError::validation(std::move(type), why, location, path_);
  }

  std::vector<Selection> bind_groups(const ObjectType& type, const Nodes& lists) {
    std::vector<std::pair<std::string, Group>> groups;
    for (const auto* nodes : lists) collect(type, *nodes, groups);
    std::vector<Selection> selections;
    for (auto& [key, group] : groups) {
      if (path_.empty() && is_introspection(*group.field)) continue;
      path_.push_back(key);
      selections.push_back(bind(type, group));
      path_.pop_back();
    }
    return selections;
  }

  static bool is_introspection(const FieldNode& field) {
    return field.name == "__schema" || field.name == "__type";
  }

  void collect(const ObjectType& type, const std::vector<Node>& nodes,
               std::vector<std::pair<std::string, Group>>& groups) {
    for (const Node& node : nodes) {
      if (++fields_ > kMostFields) {
        refuse("TooManyFields", fmt::format("More than {} fields are asked for", kMostFields),
               node.location);
      }
      if (is_skipped(node)) continue;
      if (const auto* field = std::get_if<FieldNode>(&node.content)) {
        add(*field, node.location, groups);
      } else if (const auto* part = std::get_if<InlineFragment>(&node.content)) {
        check_type(part->type.value_or(std::string(type.name())), type, node.location);
        collect(type, part->fields, groups);
      } else {
        spread(type, std::get<FragmentSpread>(node.content).name, node.location, groups);
      }
    }
  }

  void spread(const ObjectType& type, const std::string& name, Location location,
              std::vector<std::pair<std::string, Group>>& groups) {
    const auto found = std::ranges::find(document_.fragments, name, &Fragment::name);
    if (found == document_.fragments.end()) {
      refuse("UndefinedFragment", fmt::format("There is no fragment '{}'", name), location);
    }
    if (std::ranges::find(open_fragments_, &*found) != open_fragments_.end()) {
      refuse("FragmentCycle", fmt::format("The fragment '{}' has itself in it", name), location);
    }
    check_type(found->type, type, location);
    open_fragments_.push_back(&*found);
    collect(type, found->fields, groups);
    open_fragments_.pop_back();
  }

  void check_type(const std::string& condition, const ObjectType& type, Location location) const {
    if (condition == type.name()) return;
    refuse("InvalidFragmentType",
           fmt::format("A fragment of '{}' cannot be in '{}'", condition, type.name()), location);
  }

  void add(const FieldNode& field, Location location,
           std::vector<std::pair<std::string, Group>>& groups) {
    auto found = std::ranges::find(groups, field.key, &std::pair<std::string, Group>::first);
    if (found == groups.end()) {
      groups.push_back({field.key, {.field = &field, .location = location}});
      found = std::prev(groups.end());
    }
    Group& group = found->second;
    if (group.field->name != field.name || !same(group.field->arguments, field.arguments)) {
      refuse("FieldsConflict", fmt::format("'{}' is asked for in two ways", field.key), location);
    }
    if (!field.fields.empty()) group.children.push_back(&field.fields);
  }

  static bool same(const Literal& a, const Literal& b) {
    return a.kind == b.kind && a.text == b.text && a.name == b.name &&
           std::ranges::equal(a.items, b.items,
                              [](const Literal& x, const Literal& y) { return same(x, y); });
  }
  static bool same(const std::vector<Argument>& a, const std::vector<Argument>& b) {
    return std::ranges::is_permutation(a, b, [](const Argument& x, const Argument& y) {
      return x.name == y.name && same(x.value, y.value);
    });
  }

  bool is_skipped(const Node& node) const {
    for (const auto& directive : node.directives) {
      const bool skips = directive.name == "skip";
      if (!skips && directive.name != "include") {
        refuse("UnknownDirective", fmt::format("There is no directive '{}'", directive.name),
               directive.location);
      }
      static const std::vector<ArgumentDefinition> kCondition{{.name = "if", .type = &kBoolean}};
      const auto arguments = arguments_of(directive.arguments, kCondition, directive.location);
      const auto* condition = arguments.find("if");
      if (condition == nullptr || condition->if_bool() == nullptr) {
        refuse("MissingDirectiveArgument", "'if' has to be true or false", directive.location);
      }
      if (*condition->if_bool() == skips) return true;
    }
    return false;
  }

  Value arguments_of(const std::vector<Argument>& given,
                     const std::vector<ArgumentDefinition>& definitions, Location location) const {
    Value values(Value::Map{});
    for (const auto& argument : given) {
      const auto found = std::ranges::find(definitions, argument.name, &ArgumentDefinition::name);
      if (found == definitions.end()) {
        refuse("UnknownArgument", fmt::format("There is no argument '{}' here", argument.name),
               argument.location);
      }
      if (values.find(argument.name) != nullptr) {
        refuse("DuplicateArgumentNames", fmt::format("'{}' is there twice", argument.name),
               location);
      }
      try {
        auto value = coerce(argument.value, *found->type,
                            [this](const Literal& variable) { return lookup(variable); });
        if (value) values.set(argument.name, std::move(*value));
      } catch (const Unfit& reason) {
        refuse("WrongType", fmt::format("Argument '{}': {}", argument.name, reason.what()),
               argument.location);
      }
    }
    for (const auto& definition : definitions) {
      if (values.find(definition.name) == nullptr && !definition.standard.is_null()) {
        values.set(definition.name, definition.standard);
      }
    }
    return values;
  }

  Selection bind(const ObjectType& type, const Group& group) {
    const FieldNode& field = *group.field;
    Selection selection{.key = field.key, .name = "__typename", .location = group.location};
    if (field.name != "__typename") {
      const auto* definition = type.find(field.name);
      if (definition == nullptr) {
        refuse("FieldUndefined",
               fmt::format("Field '{}' in type '{}' is undefined", field.name, type.name()),
               group.location);
      }
      selection.name = definition->name;
      selection.definition = definition;
    }
    static const std::vector<ArgumentDefinition> kNone;
    const auto* definition = selection.definition;
    selection.arguments = arguments_of(
        field.arguments, definition != nullptr ? definition->arguments : kNone, group.location);
    const auto* fields_type = definition != nullptr ? definition->type : nullptr;
    if (fields_type == nullptr && !group.children.empty()) {
      refuse("SubSelectionNotAllowed", fmt::format("'{}' has no fields", field.name),
             group.location);
    }
    if (fields_type != nullptr && group.children.empty()) {
      refuse("SubSelectionRequired",
             fmt::format("'{}' is an object: say which fields of it", field.name), group.location);
    }
    if (fields_type != nullptr) selection.fields = bind_groups(*fields_type, group.children);
    return selection;
  }

  const Document& document_;
  const Operation& operation_;
  const std::vector<const InputType*>& inputs_;
  std::map<std::string, Value, std::less<>> values_;
  std::vector<const Fragment*> open_fragments_;
  Path path_;
  int fields_ = 0;
};

}  // namespace

Selection bind(const QueryText& query, const ObjectType& query_type,
               const std::vector<const InputType*>& inputs) {
  const auto document = parse_document(query.text);
  const auto& operation = chosen(document, query.operation);
  Binder binder(document, operation, inputs);
  binder.read_variables(query.variables);
  return {.key = operation.name,
          .name = query_type.name(),
          .fields = binder.fields_of(query_type, operation.fields),
          .location = operation.location};
}

}  // namespace vdk::service::graphql
