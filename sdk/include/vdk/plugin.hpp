// Everything that a native plugin may use, and the macro that makes a module of it:
//
//   #include "vdk/plugin.hpp"
//
//   class Greetings : public vdk::Plugin {
//    public:
//     void contribute(vdk::Contributions& contributions) override { ... }
//   };
//
//   VDK_PLUGIN(Greetings)
//
// The program compares the module's descriptor with its own before it uses any C++ symbol of it:
// the version of the API, the standard library, the flavour of the build and the sizes of the
// classes that both sides share. What does not fit is refused by name.
#pragma once

#include "vdk/base/backoff.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/export.hpp"
#include "vdk/base/log.hpp"
#include "vdk/base/output_file.hpp"
#include "vdk/base/utf8.hpp"
#include "vdk/base/value.hpp"
#include "vdk/base/version.hpp"
#include "vdk/cli/command.hpp"
#include "vdk/config/configuration.hpp"
#include "vdk/connection/driver.hpp"
#include "vdk/connection/managed_operation.hpp"
#include "vdk/connection/result_batch.hpp"
#include "vdk/connection/sql_text.hpp"
#include "vdk/data/arrow.hpp"
#include "vdk/data/arrow_import.hpp"
#include "vdk/data/batch.hpp"
#include "vdk/data/batch_builder.hpp"
#include "vdk/data/batch_reader.hpp"
#include "vdk/data/batch_rows.hpp"
#include "vdk/data/convert.hpp"
#include "vdk/data/file_format.hpp"
#include "vdk/data/text_form.hpp"
#include "vdk/data/uniform_batches.hpp"
#include "vdk/hooks/hook_point.hpp"
#include "vdk/hooks/hooks.hpp"
#include "vdk/hooks/plugin.hpp"
#include "vdk/ingest/dead_letter.hpp"
#include "vdk/ingest/sink.hpp"
#include "vdk/ingest/table_store.hpp"
#include "vdk/job/job_context.hpp"
#include "vdk/job/step.hpp"
#include "vdk/state/key_value_store.hpp"

#define VDK_STRINGIFY_(x) #x
#define VDK_STRINGIFY(x) VDK_STRINGIFY_(x)

// Whose classes of the standard library cross the border, and in which of their layouts. Releases
// differ in what they offer, not only in layout, so they are compared too.
#if defined(_GLIBCXX_RELEASE)
#define VDK_STANDARD_LIBRARY "libstdc++ " VDK_STRINGIFY(_GLIBCXX_RELEASE)
#elif defined(_LIBCPP_VERSION)
#define VDK_STANDARD_LIBRARY "libc++ " VDK_STRINGIFY(_LIBCPP_VERSION)
#else
#define VDK_STANDARD_LIBRARY "unknown"
#endif

#if defined(__has_feature)
#define VDK_HAS_FEATURE(feature) __has_feature(feature)
#else
#define VDK_HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || VDK_HAS_FEATURE(address_sanitizer)
#define VDK_FLAVOUR "address sanitizer"
#elif defined(__SANITIZE_THREAD__) || VDK_HAS_FEATURE(thread_sanitizer)
#define VDK_FLAVOUR "thread sanitizer"
#elif defined(_GLIBCXX_DEBUG)
#define VDK_FLAVOUR "debug containers"
#elif defined(_GLIBCXX_USE_CXX11_ABI) && !_GLIBCXX_USE_CXX11_ABI
#define VDK_FLAVOUR "old strings"
#else
#define VDK_FLAVOUR ""
#endif

namespace vdk {

inline constexpr SharedSize kSharedSizes[] = {
#define VDK_SHARED(Class) {#Class, sizeof(Class)}
    VDK_SHARED(Backoff),
    VDK_SHARED(Batch),
    VDK_SHARED(BatchBuilder),
    VDK_SHARED(Command),
    VDK_SHARED(CommandArgument),
    VDK_SHARED(CommandOption),
    VDK_SHARED(Configuration),
    VDK_SHARED(DeadLetter),
    VDK_SHARED(Destination),
    VDK_SHARED(Error),
    VDK_SHARED(ErrorText),
    VDK_SHARED(ExecutionResult),
    VDK_SHARED(Failure),
    VDK_SHARED(FileFormat),
    VDK_SHARED(HookDispatcher),
    VDK_SHARED(IngestRequest),
    VDK_SHARED(InputFile),
    VDK_SHARED(Invocation),
    VDK_SHARED(JobContext),
    VDK_SHARED(Load),
    VDK_SHARED(LoadPosition),
    VDK_SHARED(LogRecord),
    VDK_SHARED(ManagedOperation),
    VDK_SHARED(Option),
    VDK_SHARED(OutputFile),
    VDK_SHARED(Rejection),
    VDK_SHARED(ResultColumn),
    VDK_SHARED(SqlParameter),
    VDK_SHARED(Step),
    VDK_SHARED(StepResult),
    VDK_SHARED(StoreTraits),
    VDK_SHARED(TableColumn),
    VDK_SHARED(TableShape),
    VDK_SHARED(Value),
    VDK_SHARED(WriteResult),
#undef VDK_SHARED
};

// The descriptor of what is compiled here.
[[nodiscard]] constexpr PluginDescriptor describe_plugin(Plugin* (*create)()) {
  return {.api_version = kPluginApiVersion,
          .descriptor_size = sizeof(PluginDescriptor),
          .standard_library = VDK_STANDARD_LIBRARY,
          .flavour = VDK_FLAVOUR,
          .sizes = kSharedSizes,
          .size_count = sizeof kSharedSizes / sizeof kSharedSizes[0],
          .create = create};
}

}  // namespace vdk

// NOLINTBEGIN(bugprone-macro-parentheses): a class name takes none
#define VDK_PLUGIN(Class)                                                        \
  extern "C" __attribute__((visibility("default"))) const vdk::PluginDescriptor* \
  vdk_plugin_descriptor() {                                                      \
    static constexpr vdk::PluginDescriptor descriptor =                          \
        vdk::describe_plugin([]() -> vdk::Plugin* { return new Class; });        \
    return &descriptor;                                                          \
  }
// NOLINTEND(bugprone-macro-parentheses)
