// EndpointHost: the endpoint under test with its pool, its application and the lint on its wire.
#pragma once

#include "dataplane/tcp/endpoint.h"
#include "tests/simulation/host.h"
#include "tests/simulation/wire_lint.h"

namespace limpid::simulation {

struct EndpointHostModel {
  tcp::EndpointSettings settings{};
  tcp::Adoption adoption{};
  ApplicationModel application{};
  std::size_t chunks_max = 4096;
  double no_packet = 0;  // the sink refuses with this probability
};

class EndpointHost final : public Host {
 public:
  EndpointHost(const EndpointHostModel& model, std::uint64_t writes, std::uint64_t reads, std::uint64_t seed,
               Instant now);

  void receive(const Frame& frame, Instant now) override;
  void too_big(std::uint32_t seq, std::uint16_t mtu) override;
  std::optional<Complaint> run(Instant now, const Emit& emit) override;
  Instant deadline() const override;
  const Application& application() const override { return application_; }
  Reason failure() const override { return endpoint_->failure(); }
  bool ended() const override;
  std::string describe() const override;
  void cover(Coverage& into) const override;
  std::optional<Complaint> check_end() override;
  const tcp::Endpoint& endpoint() const { return *endpoint_; }

 private:
  std::optional<Complaint> check(Instant now);

  EndpointHostModel model_;
  tcp::ChunkPool pool_;
  std::optional<tcp::Endpoint> endpoint_;
  Application application_;
  WireLint lint_;
  Dice dice_;
};

}  // namespace limpid::simulation
