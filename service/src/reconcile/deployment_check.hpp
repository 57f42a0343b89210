// An operator's command that has a say before a version can run.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "reconcile/workshop.hpp"

namespace vdk::service {

struct DeploymentCheck {
  std::vector<std::string> command{};  // the program and its first words; empty: nobody is asked
  std::chrono::seconds time_limit{600};
};

struct CheckedVersion {
  std::string job_name;
  std::string version;
  std::string python_version;
  Artifact artifact;
};

// Runs the command, without a shell and with an environment of its own, with two more words: the
// job's directory and, where it has one, its Python environment's. What it writes goes to the log.
// Throws Error: user where it does not accept the version, platform where it gives no answer.
void ask_check(const DeploymentCheck& check, const CheckedVersion& version, const LineLog& log);

}  // namespace vdk::service
