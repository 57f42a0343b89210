// The interpreter's audit events, where this process has an interpreter.
#pragma once

#include <memory>

#include "audit_rules.hpp"

namespace vdk::audit {

// From now on events are held against the rules; null: against none. Says whether there is an
// interpreter to watch. A hook of an interpreter cannot be taken back, so one is added once and
// looks for the rules that are in force. One thread.
bool watch_python(std::shared_ptr<const AuditRules> rules);

}  // namespace vdk::audit
