// EndpointHost: an end that is the endpoint under test with an application on top, connected from the start
// or by a handshake.
#pragma once

#include "tests/simulation/greeting.h"
#include "tests/simulation/host.h"
#include "tests/simulation/linted_endpoint.h"

namespace limpid::simulation {

struct EndpointHostModel {
  tcp::EndpointSettings settings{};
  tcp::Adoption adoption{};
  std::optional<GreetingModel> greeting{};  // the adoption then comes of it
  ApplicationModel application{};
  std::size_t chunks_max = 65'536;
  double no_packet = 0;  // the sink refuses with this probability
};

class EndpointHost final : public Host {
 public:
  EndpointHost(const EndpointHostModel& model, const Stream& writes, const Stream& reads, std::uint64_t seed,
               Instant now);

  void receive(const Frame& frame, Instant now) override;
  void too_big(std::uint32_t seq, std::uint16_t segment_max) override;
  std::optional<Complaint> run(Instant now, const Emit& emit) override;
  Instant deadline() const override;
  const Application& application() const override { return application_; }
  void expect_mask(std::byte mask) override { application_.expect_mask(mask); }
  Reason failure() const override;
  bool ended() const override;
  std::string describe() const override;
  void cover(Coverage& into) const override;
  std::optional<Complaint> check_end() override;
  /// Once connected.
  const tcp::Endpoint& endpoint() const { return end_->endpoint(); }

 private:
  void establish(const tcp::Adoption& adoption, Instant now);

  EndpointHostModel model_;
  Stream writes_;
  std::uint64_t seed_;
  Application application_;
  std::optional<Greeting> greeting_;
  std::optional<LintedEndpoint> end_;
  std::optional<Frame> answer_{};  // of a host whose connection is gone
};

}  // namespace limpid::simulation
