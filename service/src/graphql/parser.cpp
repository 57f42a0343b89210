#include <set>
#include <utility>

#include <fmt/format.h>

#include "graphql/document.hpp"
#include "graphql/lexer.hpp"
#include "vdk/base/utf8.hpp"

namespace vdk::service::graphql {

namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 10U;
constexpr int kMostLevels = 32;

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text), token_(lexer_.next()) {}

  Document document() {
    Document document;
    do {
      if (is_name("fragment")) {
        document.fragments.push_back(fragment());
      } else {
        document.operations.push_back(operation());
      }
    } while (token_.kind != Token::Kind::end);
    check_names(document);
    return document;
  }

 private:
  using Kind = Token::Kind;

  // Counts how deep the parser is in itself.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) {
      if (++parser_.levels_ > kMostLevels) {
        parser_.refuse(fmt::format("it is nested deeper than {} levels.", kMostLevels));
      }
    }
    ~Level() { --parser_.levels_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser& parser_;
  };

  [[noreturn]] void refuse(const std::string& why) const {
    const auto token = token_.kind == Kind::end ? "<EOF>" : token_.text;
    throw QueryError::syntax(why, token, token_.location);
  }
  [[nodiscard]] bool is(std::string_view punctuator) const {
    return token_.kind == Kind::punctuator && token_.text == punctuator;
  }
  [[nodiscard]] bool is_name(std::string_view word) const {
    return token_.kind == Kind::name && token_.text == word;
  }
  Token take() { return std::exchange(token_, lexer_.next()); }
  bool skip(std::string_view punctuator) {
    if (!is(punctuator)) return false;
    take();
    return true;
  }
  void expect(std::string_view punctuator) {
    if (!skip(punctuator)) refuse(fmt::format("'{}' is expected here.", punctuator));
  }
  std::string name() {
    if (token_.kind != Kind::name) refuse("a name is expected here.");
    return take().text;
  }

  Operation operation() {
    Operation operation{.location = token_.location};
    if (is("{")) {
      operation.fields = selections();
      return operation;
    }
    if (is_name("mutation") || is_name("subscription")) {
      refuse("only queries are answered here.");
    }
    if (!is_name("query")) refuse("a query or a fragment is expected here.");
    take();
    if (token_.kind == Kind::name) operation.name = name();
    if (skip("(")) {
      while (!skip(")")) operation.variables.push_back(variable());
    }
    static_cast<void>(directives());
    operation.fields = selections();
    return operation;
  }

  Fragment fragment() {
    Fragment fragment{.location = token_.location};
    take();
    fragment.name = name();
    if (fragment.name == "on") refuse("a fragment has a name.");
    if (!is_name("on")) refuse("'on' is expected here.");
    take();
    fragment.type = name();
    static_cast<void>(directives());
    fragment.fields = selections();
    return fragment;
  }

  VariableDefinition variable() {
    VariableDefinition variable{.location = token_.location};
    expect("$");
    variable.name = name();
    expect(":");
    variable.type = type();
    if (skip("=")) variable.standard = literal();
    static_cast<void>(directives());
    return variable;
  }

  TypeReference type() {
    const Level level(*this);
    TypeReference type;
    if (skip("[")) {
      type.item.push_back(this->type());
      expect("]");
    } else {
      type.name = name();
    }
    type.is_required = skip("!");
    return type;
  }

  std::vector<Node> selections() {
    const Level level(*this);
    std::vector<Node> nodes;
    expect("{");
    do {
      nodes.push_back(node());
    } while (!skip("}"));
    return nodes;
  }

  Node node() {
    Node node{.location = token_.location};
    if (skip("...")) {
      if (token_.kind == Kind::name && !is_name("on")) {
        node.content = FragmentSpread{.name = name()};
        node.directives = directives();
        return node;
      }
      InlineFragment inline_fragment;
      if (is_name("on")) {
        take();
        inline_fragment.type = name();
      }
      node.directives = directives();
      inline_fragment.fields = selections();
      node.content = std::move(inline_fragment);
      return node;
    }
    FieldNode field{.key = name()};
    field.name = skip(":") ? name() : field.key;
    field.arguments = arguments();
    node.directives = directives();
    if (is("{")) field.fields = selections();
    node.content = std::move(field);
    return node;
  }

  std::vector<Argument> arguments() {
    std::vector<Argument> arguments;
    if (!skip("(")) return arguments;
    do {
      Argument argument{.location = token_.location};
      argument.name = name();
      expect(":");
      argument.value = literal();
      arguments.push_back(std::move(argument));
    } while (!skip(")"));
    return arguments;
  }

  std::vector<Directive> directives() {
    std::vector<Directive> directives;
    while (is("@")) {
      Directive directive{.location = take().location};
      directive.name = name();
      directive.arguments = arguments();
      directives.push_back(std::move(directive));
    }
    return directives;
  }

  Literal literal() {
    const Level level(*this);
    Literal literal{.location = token_.location};
    switch (token_.kind) {
      case Kind::integer:
        literal.kind = Literal::Kind::integer;
        break;
      case Kind::real:
        literal.kind = Literal::Kind::real;
        break;
      case Kind::string:
        literal.kind = Literal::Kind::string;
        break;
      case Kind::name:
        literal.kind = kind_of(token_.text);
        break;
      case Kind::punctuator:
        return composed(std::move(literal));
      case Kind::end:
        refuse("a value is expected here.");
    }
    literal.text = take().text;
    return literal;
  }

  static Literal::Kind kind_of(std::string_view name) {
    if (name == "true" || name == "false") return Literal::Kind::boolean;
    return name == "null" ? Literal::Kind::null : Literal::Kind::enumeration;
  }

  Literal composed(Literal literal) {
    if (skip("$")) {
      literal.kind = Literal::Kind::variable;
      literal.text = name();
    } else if (skip("[")) {
      literal.kind = Literal::Kind::list;
      while (!skip("]")) literal.items.push_back(this->literal());
    } else if (skip("{")) {
      literal.kind = Literal::Kind::object;
      while (!skip("}")) {
        auto member = name();
        expect(":");
        literal.items.push_back(this->literal());
        literal.items.back().name = std::move(member);
      }
    } else {
      refuse("a value is expected here.");
    }
    return literal;
  }

  static void check_names(const Document& document) {
    std::set<std::string_view> names;
    for (const auto& fragment : document.fragments) {
      if (names.insert(fragment.name).second) continue;
      throw QueryError::validation("DuplicateFragmentName",
                                   fmt::format("There are two fragments '{}'", fragment.name),
                                   fragment.location);
    }
    if (document.operations.empty()) {
      throw QueryError::syntax("there is no query.", "<EOF>", {});
    }
  }

  Lexer lexer_;
  Token token_;
  int levels_ = 0;
};

}  // namespace

Document parse_document(std::string_view text) {
  if (text.size() > kMostBytes) {
    throw QueryError::syntax(fmt::format("a query has at most {} bytes.", kMostBytes), "?", {});
  }
  if (find_invalid_utf8(text)) throw QueryError::syntax("it is not UTF-8 text.", "?", {});
  return Parser(text).document();
}

}  // namespace vdk::service::graphql
