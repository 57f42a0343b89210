// What each command of the manifest does.
#pragma once

#include "vdk/cli/command.hpp"

namespace vdk::control {

int login(Invocation& invocation);
int logout(Invocation& invocation);
int set_default(Invocation& invocation);
int reset_default(Invocation& invocation);
int info(Invocation& invocation);

// Registers a job with the service: `vdk create` makes the folder.
int register_job(Invocation& invocation);
int delete_job(Invocation& invocation);
int list_jobs(Invocation& invocation);
int show_job(Invocation& invocation);
int download_job(Invocation& invocation);
int download_key(Invocation& invocation);

int deploy(Invocation& invocation);
int execute(Invocation& invocation);

int properties(Invocation& invocation);
int secrets(Invocation& invocation);

int server(Invocation& invocation);

}  // namespace vdk::control
