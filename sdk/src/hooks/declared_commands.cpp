#include "hooks/declared_commands.hpp"

#include <utility>

#include "base/value_bytes.hpp"

namespace vdk {

DeclaredCommands::DeclaredCommands(const Value& packed) {
  const Value* names = packed.find("names");
  const Value* bytes = packed.find("bytes");
  if (!names || !names->if_list() || !bytes || !bytes->if_string()) return;
  for (const Value& name : *names->if_list()) {
    if (const std::string* text = name.if_string()) names_.push_back(*text);
  }
  bytes_ = *bytes->if_string();
}

Value DeclaredCommands::pack(const Value& declared) {
  if (!declared.if_list()) return nullptr;
  Value::List names;
  for (const Value& command : *declared.if_list()) {
    if (const Value* name = command.find("name")) names.push_back(*name);
  }
  return Value::Map{{"names", std::move(names)}, {"bytes", to_bytes(declared)}};
}

Value::List DeclaredCommands::read() const {
  std::optional<Value> declared = from_bytes(bytes_);
  if (!declared) return {};
  Value::List* list = declared->if_list();
  return list ? std::move(*list) : Value::List();
}

}  // namespace vdk
