// The OpenAPI document: service/pages/openapi.json tells what is special to each operation, and
// here it gets what all of them have in common.
#pragma once

#include "vdk/base/value.hpp"

namespace vdk::service {

// Whole: parameters of paths, the answers that the server and its router give, X-OPID. Made anew
// at each call.
[[nodiscard]] Value make_api_document();

}  // namespace vdk::service
