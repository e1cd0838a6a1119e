// Each script is a test of its own, played to limpid's endpoint in virtual time.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "tests/scenario/endpoint_subject.h"
#include "tests/scenario/parser.h"
#include "tests/scenario/registry.h"

namespace limpid::scenario {
namespace {

class EndpointScript final : public testing::Test {
 public:
  explicit EndpointScript(Script script) : script_(std::move(script)) {}
  void TestBody() override {
    EndpointSubject endpoint(script_.setup);
    Player(script_, endpoint).play();
  }

 private:
  Script script_;
};

}  // namespace
}  // namespace limpid::scenario

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return limpid::scenario::run_scripts<limpid::scenario::EndpointScript>(
      [](const limpid::scenario::Script&) { return true; });
}
