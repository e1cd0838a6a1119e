#include "tests/simulation/command_line.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace limpid::simulation {
namespace {

constexpr int kFailuresMax = 10;
constexpr std::uint64_t kProgressEvery = 1000;

const char* name(Kind kind) { return kind == Kind::kTcp ? "tcp" : "box"; }

void say_progress(Kind kind, std::uint64_t played, int failed) {
  const std::uint64_t seeds = command_line().seeds;
  if (played % kProgressEvery != 0 || seeds <= kProgressEvery) return;
  std::fprintf(stderr, "%s: %llu of %llu seeds, %d failed\n", name(kind),
               static_cast<unsigned long long>(played), static_cast<unsigned long long>(seeds), failed);
}

}  // namespace

CommandLine CommandLine::parse(int argc, char** argv) {
  CommandLine asked;
  asked.program = argv[0];
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--write-tables") asked.writes_tables = true;
    if (option == "--tcp") asked.box = false;
    if (option == "--box") asked.tcp = false;
    if (i + 1 == argc) break;
    const std::uint64_t number = std::strtoull(argv[i + 1], nullptr, 10);
    if (option == "--seeds") asked.seeds = number;
    if (option == "--first" || option == "--seed") asked.first = number;
    if (option == "--seed") {
      asked.seeds = 1;
      asked.trace = true;
    }
  }
  return asked;
}

std::string CommandLine::replay(Kind kind, std::uint64_t seed) const {
  return program + " --" + name(kind) + " --seed " + std::to_string(seed);
}

CommandLine& command_line() {
  static CommandLine asked;
  return asked;
}

void Totals::print() const {
  std::printf("%llu seeds, %llu frames, %llu bytes\n", static_cast<unsigned long long>(command_line().seeds),
              static_cast<unsigned long long>(frames), static_cast<unsigned long long>(bytes));
}

std::string recording_of(Kind kind, std::uint64_t seed,
                         const std::function<void(std::uint64_t seed, Recording& to)>& record) {
  const std::string path =
      testing::TempDir() + "simulation-" + name(kind) + "-seed-" + std::to_string(seed) + ".pcapng";
  Recording file(path, kind == Kind::kTcp ? std::vector<std::string>{"link"} : kBoxLinks);
  record(seed, file);
  file.finish();
  return file.ok() ? path : "none: " + path + " cannot be written";
}

void play_seeds(Kind kind, const std::function<std::string(std::uint64_t seed)>& play,
                const std::function<void(std::uint64_t seed, Recording& to)>& record) {
  const CommandLine& asked = command_line();
  int failed = 0;
  for (std::uint64_t played = 0; played < asked.seeds && failed < kFailuresMax; ++played) {
    const std::uint64_t seed = asked.first + played;
    const std::string wrong = play(seed);
    say_progress(kind, played + 1, failed);
    if (wrong.empty()) continue;
    ++failed;
    ADD_FAILURE() << name(kind) << " seed " << seed << ": " << wrong << "replay: " << asked.replay(kind, seed)
                  << "\nrecording: " << recording_of(kind, seed, record);
  }
}

}  // namespace limpid::simulation
