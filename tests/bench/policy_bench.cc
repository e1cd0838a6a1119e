// What policy costs: does a look-up with a hundred thousand rules cost what it costs with ten? Each shape of
// policy is asked at 10, 1,000 and 100,000 rules, with flows that match some rule, in an order that no cache
// knows. Compile times stand at the end.
#include <benchmark/benchmark.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "policy/evaluator.h"
#include "policy/pattern_database.h"

namespace limpid::policy {
namespace {

enum Shape : std::int64_t { kHosts, kAddresses, kGrid };

IpAddress address(std::uint8_t first, std::uint32_t rest) {
  const std::array<std::byte, 4> bytes = {std::byte{first}, std::byte(rest >> 16U & 0xffU),
                                          std::byte(rest >> 8U & 0xffU), std::byte(rest & 0xffU)};
  return IpAddress::v4(bytes);
}

/// Names of one estate end alike, as they do in life.
std::string host(std::uint32_t number) {
  return "host" + std::to_string(number * 2'654'435'761U % 1'000'000'007U) + ".shop.example";
}

Rule rule(Shape shape, std::uint32_t number, std::uint32_t side) {
  Rule made;
  made.name = std::to_string(number);
  made.then = Action::kPass;
  if (shape == kHosts) {
    made.when.sni = {(number % 2 == 0 ? "*." : "") + host(number)};
  } else if (shape == kAddresses) {
    made.when.server = {{address(10, number), 32}};
  } else {
    made.when.client = {{address(10, number / side << 8U), 24}};
    made.when.server = {{address(11, number % side << 8U), 24}};
  }
  return made;
}

struct Question {
  FlowFacts facts;
  std::string sni;
};

struct Prepared {
  std::shared_ptr<const RuleSet> rules;
  std::vector<Question> questions;
};

Policy policy_of(Shape shape, std::uint32_t count, std::uint32_t side) {
  Policy policy;
  policy.default_action = Action::kDecrypt;
  for (std::uint32_t i = 0; i < count; ++i) policy.rules.push_back(rule(shape, i, side));
  return policy;
}

const Prepared& prepared(Shape shape, std::uint32_t count) {
  static std::map<std::pair<Shape, std::uint32_t>, Prepared> kept;
  Prepared& made = kept[{shape, count}];
  if (made.rules != nullptr) return made;
  std::uint32_t side = 1;
  while (side * side < count) ++side;
  made.rules = RuleSet::compile(policy_of(shape, count, side), {}).value();
  std::mt19937 random(1);
  for (int i = 0; i < 4'096; ++i) {
    const auto number = static_cast<std::uint32_t>(random() % count);
    Question question;
    question.facts.client = {address(10, (number / side << 8U) + 7), 50'000};
    question.facts.server = {shape == kGrid ? address(11, (number % side << 8U) + 9) : address(10, number),
                             443};
    question.sni = shape != kHosts ? "www.other.example" : (number % 2 == 0 ? "www." : "") + host(number);
    if (i % 4 == 3) question.sni = "nothing" + std::to_string(i) + ".shop.example";
    made.questions.push_back(std::move(question));
  }
  return made;
}

/// A connection's whole way: on the SYN, and on the ClientHello where that is needed. `flows` is how many
/// different ones take turns: 64 find their part of the tables in the processor's caches, 4,096 do not.
void decide(benchmark::State& state) {
  const Prepared& policy =
      prepared(static_cast<Shape>(state.range(0)), static_cast<std::uint32_t>(state.range(1)));
  Evaluator evaluator(policy.rules);
  std::size_t next = 0;
  for (auto _ : state) {
    const Question& question = policy.questions[next++ % static_cast<std::size_t>(state.range(2))];
    auto decision = evaluator.decide_connection(question.facts);
    if (!decision) decision = evaluator.decide_hello(question.facts, question.sni);
    benchmark::DoNotOptimize(decision);
  }
}

void compile(benchmark::State& state) {
  const auto shape = static_cast<Shape>(state.range(0));
  const auto count = static_cast<std::uint32_t>(state.range(1));
  for (auto _ : state) {
    auto rules = RuleSet::compile(policy_of(shape, count, 317), {});
    state.counters["database_MB"] = static_cast<double>(rules.value()->database_bytes()) / 1e6;
    benchmark::DoNotOptimize(rules);
  }
}

BENCHMARK(decide)
    ->ArgNames({"shape", "rules", "flows"})
    ->ArgsProduct({{kHosts, kAddresses, kGrid}, {10, 1'000, 100'000}, {64, 4'096}});
BENCHMARK(compile)
    ->ArgNames({"shape", "rules"})
    ->ArgsProduct({{kHosts, kAddresses, kGrid}, {100'000}})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

}  // namespace
}  // namespace limpid::policy

BENCHMARK_MAIN();
