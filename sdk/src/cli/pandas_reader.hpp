// CSV files through pandas in the job's interpreter, for what is not read natively.
#pragma once

#include <memory>
#include <vector>

#include "vdk/data/file_format.hpp"

namespace vdk {

// pandas reads the files with its own keywords and writes the rows, with the types that it found,
// into a temporary file, which `csv` then reads. Throws `unknown`, which says what is not native,
// where the interpreter has no pandas; Error (user) with pandas' own words where it refuses.
[[nodiscard]] std::unique_ptr<BatchReader> read_with_pandas(const FileFormat& csv,
                                                            const Configuration& configuration,
                                                            const std::vector<InputFile>& files,
                                                            const Value& options,
                                                            const UnknownOption& unknown);

}  // namespace vdk
