#include "standalone_job.hpp"

#include <utility>
#include <vector>

#include <nanobind/stl/string.h>

#include "job/job_runner.hpp"
#include "python_error.hpp"
#include "python_step.hpp"

namespace vdk {

namespace {

constexpr int kFailed = 2;

std::vector<std::string> words_of(const std::string& directory, const std::string& arguments) {
  std::vector<std::string> words{"run", directory};
  if (!arguments.empty()) words.insert(words.end(), {"--arguments", arguments});
  return words;
}

}  // namespace

StandaloneJob::StandaloneJob(nb::object registry, const std::string& directory,
                             const std::string& name, const std::string& arguments,
                             const std::string& template_name)
    : directory_(directory),
      name_(name),
      arguments_(arguments.empty() ? Value() : parse_json(arguments)),
      template_name_(template_name),
      host_(std::make_unique<PythonHost>(false, std::move(registry), nb::none())),
      program_(std::make_unique<Program>(*host_, words_of(directory, arguments))) {}

StandaloneJob::~StandaloneJob() {
  const nb::error_scope raised;  // whoever drops it may be on the way out of an exception
  end();
}

void StandaloneJob::end() {
  {
    const nb::gil_scoped_release unlocked;
    context_.reset();
    scope_.reset();
    program_.reset();
  }
  host_.reset();
}

void StandaloneJob::bind(nb::module_& module) {
  nb::class_<StandaloneJob>(module, "StandaloneJob")
      .def(nb::init<nb::object, const std::string&, const std::string&, const std::string&,
                    const std::string&>())
      .def("start", &StandaloneJob::start)
      .def("open", &StandaloneJob::open)
      .def("close", &StandaloneJob::close, nb::arg("failure").none());
}

void StandaloneJob::start() {
  const nb::gil_scoped_release unlocked;
  program_->begin();
  configuration_ = program_->configure_ahead(directory_, {});
}

nb::object StandaloneJob::open() {
  {
    const nb::gil_scoped_release unlocked;
    scope_ = std::make_unique<RunScope>(RunScope{.hooks = program_->hooks(),
                                                 .events = events_,
                                                 .cancellation = cancellation_,
                                                 .ids = program_->ids(),
                                                 .start = program_->start()});
    context_ = std::make_unique<JobContext>(*scope_, configuration_,
                                            JobContext::Request{.name = name_,
                                                                .directory = directory_,
                                                                .team = {},
                                                                .arguments = arguments_,
                                                                .template_name = template_name_});
    initialize(*context_);
    Step nothing{.name = "Standalone", .type = "standalone", .file = {}, .job_directory = {}};
    nothing.run = [](JobContext&, const Step&) { return true; };
    context_->steps = {std::move(nothing)};
    (void)program_->hooks().run_job.call(*context_);
  }
  return PythonJob::of(*context_).job_input();
}

void StandaloneJob::close(nb::handle failure) {
  if (!program_) return;
  std::exception_ptr failed;
  int exit_code = 0;
  if (!failure.is_none()) {
    exit_code = kFailed;
    const PythonError error({.type_name = class_name(failure),
                             .message = nb::cast<std::string>(nb::str(failure)),
                             .locations = {}},
                            SharedObject(nb::borrow(failure)));
    const Failure known{.resolvable_by = ResolvableBy::user,
                        .type_name = error.type_name(),
                        .message = error.what(),
                        .locations = {},
                        .error = std::make_exception_ptr(error)};
    const nb::gil_scoped_release unlocked;
    if (program_->is_handled(known)) exit_code = 0;
  }
  {
    const nb::gil_scoped_release unlocked;
    try {
      if (context_ && exit_code == 0 && failure.is_none())
        program_->hooks().finalize_job.call(*context_);
    } catch (...) {
      failed = std::current_exception();
      exit_code = kFailed;
    }
    try {
      program_->leave(exit_code);
    } catch (...) {
      if (!failed) failed = std::current_exception();
    }
  }
  end();
  if (failed) std::rethrow_exception(failed);
}

}  // namespace vdk
