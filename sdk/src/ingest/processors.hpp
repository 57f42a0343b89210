// What batches pass on their way by the configuration's wish: ingest_payload_preprocess_sequence
// and ingest_payload_postprocess_sequence, resolved to what plugins registered.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/config/configuration.hpp"
#include "vdk/hooks/plugin.hpp"

namespace vdk {

// Names are added before the first row is sent; after that any thread may ask. Borrows the
// configuration, which is read at the first use.
class Processors {
 public:
  explicit Processors(const Configuration& configuration) : configuration_(configuration) {}

  void add_pre(std::string_view name, std::function<PreProcessor()> make);
  void add_post(std::string_view name, std::function<PostProcessor()> make);

  // Whether the configuration names any.
  [[nodiscard]] bool has_pre() const;
  [[nodiscard]] bool has_post() const;

  // In their sequence, made at the first call. Throw Error (configuration) where a name is unknown,
  // and what the making throws; then again at the next call.
  [[nodiscard]] const std::vector<PreProcessor>& pre();
  [[nodiscard]] const std::vector<PostProcessor>& post();

 private:
  template <class Processor>
  struct Kind {
    std::map<std::string, std::function<Processor()>, std::less<>> makers;
    std::vector<Processor> made;
    bool ready = false;
  };
  template <class Processor>
  const std::vector<Processor>& made(Kind<Processor>& kind, std::string_view key,
                                     std::string_view word);
  [[nodiscard]] std::vector<std::string> sequence(std::string_view key) const;

  const Configuration& configuration_;
  std::mutex mutex_;  // of what is made
  Kind<PreProcessor> pre_;
  Kind<PostProcessor> post_;
};

}  // namespace vdk
