#include "vdk/state/key_value_store.hpp"

namespace vdk {

KeyValueStore::~KeyValueStore() = default;

}  // namespace vdk
