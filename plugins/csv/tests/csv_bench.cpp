// What reading a CSV file costs: csv_bench FILE prints rows, and the seconds of the first and of
// the second reading. Started by benchmarks/csv/run.
#include <chrono>
#include <cstdio>

#include "csv_reader.hpp"

int main(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  if (argc != 2) return 2;
  const auto seconds = [](Clock::duration time) {
    return std::chrono::duration<double>(time).count();
  };
  try {
    const auto start = Clock::now();
    vdk::csv::CsvReader reader({{argv[1], argv[1]}}, vdk::csv::parse_read_options({}));
    const auto middle = Clock::now();
    std::size_t rows = 0;
    while (const auto batch = reader.next()) rows += batch->rows();
    std::printf("%zu %.6f %.6f\n", rows, seconds(middle - start), seconds(Clock::now() - middle));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
