// The scripts marked `linux`, played to the kernel: what two independent TCPs do is what the script should
// say.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdio>

#include "tests/scenario/linux_subject.h"
#include "tests/scenario/registry.h"

namespace limpid::scenario {
namespace {

constexpr int kSkipped = 77;  // for ctest

Tap* tap = nullptr;

class KernelScript final : public testing::Test {
 public:
  explicit KernelScript(Script script) : script_(std::move(script)) {}
  void TestBody() override {
    LinuxSubject kernel(*tap, script_.setup);
    ASSERT_TRUE(kernel.ready()) << "no connection came about";
    Player(script_, kernel).play();
  }

 private:
  Script script_;
};

int run() {
  Tap wire;
  if (!wire.usable()) {
    std::printf("skipped: %s\n", wire.why().c_str());
    return kSkipped;
  }
  setpriority(PRIO_PROCESS, 0, -20);  // so that a busy machine comes between two steps as rarely as can be
  tap = &wire;
  return run_scripts<KernelScript>([](const Script& script) { return script.on_linux; });
}

}  // namespace
}  // namespace limpid::scenario

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return limpid::scenario::run();
}
