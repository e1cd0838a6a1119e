// EndpointSubject: limpid's endpoint, adopted in mid-stream, in virtual time.
#pragma once

#include <deque>

#include "dataplane/tcp/endpoint.h"
#include "tests/scenario/subject.h"

namespace limpid::scenario {

class EndpointSubject final : public Subject {
 public:
  explicit EndpointSubject(const Setup& setup);

  void inject(const Frame& frame) override;
  std::optional<Sent> next(Duration until) override;
  void settle() override {}
  void pass(Duration until) override;
  Duration now() const override { return now_ - begun_; }
  Duration early() const override { return {}; }
  Duration late() const override { return {}; }
  void too_big(std::uint32_t seq, std::uint16_t mtu) override;

  std::size_t write(Bytes bytes) override;
  std::vector<std::byte> read(std::size_t size) override;
  void close() override;
  void abort() override;
  void keepalive() override;
  std::size_t readable() override { return endpoint_.readable(); }
  std::size_t unacknowledged() override { return endpoint_.unacknowledged(); }
  bool finished() override { return endpoint_.finished(); }
  std::string failure() override;
  bool in_state(const std::string& name) override { return state() == name; }
  std::string state() override { return std::string(tcp::name(endpoint_.state())); }
  std::optional<std::int64_t> count(const std::string& name) override;

 private:
  void flush();
  bool run_timer(Duration until);

  Setup setup_;
  tcp::EndpointSettings settings_;
  tcp::ChunkPool pool_{4096};
  Instant begun_{std::chrono::seconds{1000}};
  Instant now_ = begun_;
  tcp::Endpoint endpoint_;
  std::deque<Sent> sent_;
};

}  // namespace limpid::scenario
