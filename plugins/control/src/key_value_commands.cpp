// properties and secrets, as the service keeps them.
#include <unistd.h>

#include <charconv>
#include <cmath>

#include "commands.hpp"
#include "printer.hpp"
#include "service.hpp"
#include "user_folder.hpp"
#include "vdk/base/error.hpp"

namespace vdk::control {
namespace {

// What a job reads as a number or a truth value stays one.
Value of_same_type(const std::string& key, const Value* before, const std::string& text) {
  const auto refuse = [&](std::string_view type) {
    return user_error(
        {.what = "'" + text + "' does not fit the key '" + key + "'.",
         .why = "Its value is " + std::string(type) + '.',
         .consequence = "Nothing was changed.",
         .countermeasure = "Give such a value, or delete the key first: --delete " + key});
  };
  if (before == nullptr || before->is_null() || before->if_string() != nullptr) return {text};
  if (before->if_bool() != nullptr) {
    if (text == "true" || text == "True") return {true};
    if (text == "false" || text == "False") return {false};
    throw refuse("true or false");
  }
  if (before->if_integer() != nullptr || before->if_big_integer() != nullptr) {
    try {
      Value value = parse_json(text);
      if (value.if_integer() != nullptr || value.if_big_integer() != nullptr) return value;
    } catch (const Error&) {
      // refused below
    }
    throw refuse("a whole number");
  }
  if (before->if_real() != nullptr) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size() && std::isfinite(number)) {
      return {number};
    }
    throw refuse("a number");
  }
  throw refuse("a list or a map, which the command line cannot change");
}

Value read_map(const std::string& file) {
  std::string text;
  if (file == "-") {
    for (char c = 0; read(STDIN_FILENO, &c, 1) == 1;) text += c;
  } else {
    const auto content = read_file(file);
    if (!content) {
      throw user_error({.what = file + " does not exist.", .consequence = "Nothing was changed."});
    }
    text = *content;
  }
  Value map = parse_json(text);
  if (map.if_map() == nullptr) {
    throw user_error({.what = file + " holds no JSON object.",
                      .consequence = "Nothing was changed.",
                      .countermeasure = R"(It has to look like {"key": "value"}.)"});
  }
  return map;
}

int run(Invocation& invocation, const std::string& kind) {
  Printer printer(invocation);
  const bool changes = invocation.has("set") || invocation.has("set_prompt") ||
                       invocation.has("delete") || invocation.has("delete_all_job_keys") ||
                       invocation.has("overwrite_all_job_keys");
  const bool reads = invocation.has("get") || invocation.has("list");
  if (changes && reads) throw UsageError("Either change keys, or --get or --list them.");

  const JobName job = wanted_job(invocation);
  Service service(invocation);
  const std::string path = job_path(job) + "/deployments/production/" + kind;
  if (invocation.has("delete_all_job_keys")) {
    service.put(path, Value(Value::Map{}));
    return 0;
  }
  if (invocation.has("overwrite_all_job_keys")) {
    service.put(path, read_map(invocation.get("overwrite_all_job_keys")));
    return 0;
  }
  Value map = service.get_json(path);
  if (changes) {
    const std::vector<std::string> settings = invocation.all("set");
    for (std::size_t i = 0; i + 1 < settings.size(); i += 2) {
      map.set(settings[i], of_same_type(settings[i], map.find(settings[i]), settings[i + 1]));
    }
    for (const std::string& key : invocation.all("set_prompt")) {
      map.set(key, ask(invocation, "Value of " + key, Echo::hidden));
    }
    for (const std::string& key : invocation.all("delete")) {
      if (map.erase(key)) continue;
      throw user_error(
          {.what = "There is no key '" + key + "' to delete.",
           .why = "The " + kind + " of the job " + job.name + " do not hold it.",
           .consequence = "Nothing was changed.",
           .countermeasure = "See what there is: vdk " + kind + " --list -n " + job.name});
    }
    service.put(path, map);
    return 0;
  }
  if (!invocation.has("get")) {
    printer.map(map);
    return 0;
  }
  Value found(Value::Map{});
  for (const std::string& key : invocation.all("get")) {
    if (const Value* value = map.find(key)) found.set(key, *value);
  }
  printer.map(found);
  return 0;
}

}  // namespace

int properties(Invocation& invocation) { return run(invocation, "properties"); }
int secrets(Invocation& invocation) { return run(invocation, "secrets"); }

}  // namespace vdk::control
