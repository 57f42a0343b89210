// The text of a query, taken apart. Nothing is known of any schema yet.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "graphql/error.hpp"

namespace vdk::service::graphql {

// A value in the text; `text` is a name's, a variable's, a number's or a string's (unescaped).
struct Literal {
  enum class Kind { variable, integer, real, string, boolean, null, enumeration, list, object };
  Kind kind = Kind::null;
  std::string text{};
  std::string name{};            // as a member of an object
  std::vector<Literal> items{};  // of a list or an object
  Location location{};
};

struct Argument {
  std::string name;
  Literal value;
  Location location;
};

struct Directive {
  std::string name;
  std::vector<Argument> arguments;
  Location location;
};

struct Node;

struct FieldNode {
  std::string key;  // the alias, or the name
  std::string name;
  std::vector<Argument> arguments{};
  std::vector<Node> fields;
};

struct FragmentSpread {
  std::string name;
};

struct InlineFragment {
  std::optional<std::string> type;
  std::vector<Node> fields;
};

// One line of a selection.
struct Node {
  std::variant<FieldNode, FragmentSpread, InlineFragment> content;
  std::vector<Directive> directives{};
  Location location{};
};

// Int, [Int], Int!: a list has the type of its items in `item`.
struct TypeReference {
  std::string name{};
  std::vector<TypeReference> item{};
  bool is_required = false;
};

struct VariableDefinition {
  std::string name;
  TypeReference type;
  std::optional<Literal> standard;
  Location location;
};

struct Operation {
  std::string name;
  std::vector<VariableDefinition> variables;
  std::vector<Node> fields;
  Location location;
};

struct Fragment {
  std::string name;
  std::string type;
  std::vector<Node> fields;
  Location location;
};

struct Document {
  std::vector<Operation> operations;
  std::vector<Fragment> fragments;
};

// Throws QueryError where the text is no GraphQL document, has other operations than queries, or is
// larger (64 KiB) or deeper nested (32 levels) than anybody needs.
[[nodiscard]] Document parse_document(std::string_view text);

}  // namespace vdk::service::graphql
