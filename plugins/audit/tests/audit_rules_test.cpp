#include "audit_rules.hpp"

#include <gtest/gtest.h>

#include "python_audit.hpp"

namespace vdk::audit {
namespace {

TEST(AuditRules, names_and_beginnings_are_told_apart) {
  const AuditRules rules(" os.system ;; socket.*;pty.spawn", true, 3);
  EXPECT_TRUE(rules.forbids("os.system"));
  EXPECT_TRUE(rules.forbids("pty.spawn"));
  EXPECT_TRUE(rules.forbids("socket.connect"));
  EXPECT_FALSE(rules.forbids("socket"));
  EXPECT_FALSE(rules.forbids("os.systemd"));
  EXPECT_FALSE(rules.forbids(""));
  EXPECT_FALSE(AuditRules("", true, 1).forbids("os.system"));
}

TEST(PythonAudit, without_an_interpreter_there_is_nothing_to_watch) {
  EXPECT_FALSE(watch_python(std::make_shared<const AuditRules>("os.system", true, 1)));
  EXPECT_FALSE(watch_python(nullptr));
}

}  // namespace
}  // namespace vdk::audit
