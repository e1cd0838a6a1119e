#include "control/record_queues.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tls_proxy/capture.h"
#include "tls_proxy/session_record.h"

namespace limpid::control {
namespace {

tls::SessionRecord record_of(std::size_t worker, std::uint64_t number) {
  tls::SessionRecord record;
  record.sni = std::to_string(worker);
  record.bytes_from_client = number;
  return record;
}

TEST(RecordQueues, HandEveryWorkersRecordsOverInTheirOrder) {
  constexpr std::size_t kWorkers = 3;
  constexpr std::uint64_t kRecords = 5'000;
  RecordQueues queues({.workers = kWorkers});
  std::vector<std::thread> workers;
  for (std::size_t worker = 0; worker < kWorkers; ++worker) {
    workers.emplace_back([&queues, worker] {
      for (std::uint64_t i = 0; i < kRecords; ++i) queues.for_worker(worker).on_session(record_of(worker, i));
    });
  }
  std::vector<std::uint64_t> next(kWorkers, 0);
  const auto take = [&next](tls::SessionRecord&& record) {
    EXPECT_EQ(record.bytes_from_client, next.at(std::stoul(record.sni))++);
  };
  while (next != std::vector<std::uint64_t>(kWorkers, kRecords)) {
    queues.drain(
        take, [](certificate::ObservedCertificate&&) {}, [](std::unique_ptr<tls::CapturedSession>&&) {});
    std::this_thread::yield();
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(queues.lost(), 0U);
}

TEST(RecordQueues, AFullQueueLosesTheRecordAndCountsIt) {
  RecordQueues queues({.workers = 1, .sessions_max = 2, .certificates_max = 2, .captured_max = 2});
  for (std::uint64_t i = 0; i < 5; ++i) {
    queues.for_worker(0).on_session(record_of(0, i));
    queues.for_worker(0).on_certificate({});
    queues.for_worker(0).on_captured(std::make_unique<tls::CapturedSession>());
  }
  EXPECT_EQ(queues.lost(), 9U);
  std::size_t sessions = 0;
  std::size_t certificates = 0;
  std::size_t captured = 0;
  EXPECT_EQ(queues.drain([&](tls::SessionRecord&&) { ++sessions; },
                         [&](certificate::ObservedCertificate&&) { ++certificates; },
                         [&](std::unique_ptr<tls::CapturedSession>&&) { ++captured; }),
            6U);
  EXPECT_EQ(sessions, 2U);
  EXPECT_EQ(certificates, 2U);
  EXPECT_EQ(captured, 2U);
}

}  // namespace
}  // namespace limpid::control
