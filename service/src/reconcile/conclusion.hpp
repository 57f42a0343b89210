// What the end of an attempt means for its execution.
#pragma once

#include "executor/executor.hpp"
#include "model/execution.hpp"
#include "store/database.hpp"

namespace vdk::service {

// Writes it down: a final state, or another attempt where nothing of the job ran and some are left.
// Of an execution that is final already nothing changes, so it may be called again, by any replica.
void conclude(Database& database, const Execution& execution, const Ending& ending);

}  // namespace vdk::service
