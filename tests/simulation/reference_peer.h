// ReferencePeer: a deliberately simple TCP to test against, sharing no code with the endpoint: go-back-N with
// a fixed window, receives in order only, acknowledges every segment, probes closed windows in the way of
// Linux or of Windows. Slow and correct; it knows no SACK and no congestion.
#pragma once

#include <cstdint>
#include <string>

#include "tests/simulation/host.h"

namespace limpid::simulation {

struct ReferencePeerModel {
  std::uint32_t snd_nxt = 0;
  std::uint32_t rcv_nxt = 0;
  std::uint32_t peer_window = 65535;
  std::uint8_t peer_shift = 0;
  std::uint8_t shift = 0;
  std::uint32_t buffer = 32768;  // receive buffer: at least what was announced at adoption
  std::uint32_t in_flight_max = 8 * 1448;
  std::uint16_t payload_max = 1448;
  bool timestamps = false;
  std::uint32_t timestamp = 0;  // ours at time zero
  std::uint32_t peer_timestamp = 0;
  bool probes_with_data = false;  // one new byte (Windows), or an old empty position (Linux)
  Duration timeout = std::chrono::milliseconds{300};
  ApplicationModel application{};
};

class ReferencePeer final : public Host, private tcp::ByteStream {
 public:
  ReferencePeer(const ReferencePeerModel& model, std::uint64_t writes, std::uint64_t reads, Instant now);

  void receive(const Frame& frame, Instant now) override;
  /// Its segments are as small as every path takes.
  void too_big(std::uint32_t /*seq*/, std::uint16_t /*mtu*/) override {}
  std::optional<Complaint> run(Instant now, const Emit& emit) override;
  Instant deadline() const override;
  const Application& application() const override { return application_; }
  Reason failure() const override { return failure_; }
  bool ended() const override;
  std::string describe() const override;
  std::optional<Complaint> check_end() override { return std::nullopt; }

 private:
  std::size_t readable() const override { return inbox_.size(); }
  Bytes peek() const override { return as_bytes(inbox_); }
  std::size_t copy_front(MutableBytes into) const override;
  void consume(std::size_t size) override;
  bool finished() const override { return fin_received_ && inbox_.empty(); }
  std::size_t credit() const override { return outbox_.size() < 65536 ? 65536 - outbox_.size() : 0; }
  std::size_t write(Bytes bytes) override;
  void finish() override { finishing_ = true; }
  std::size_t unacknowledged() const override { return outbox_.size(); }
  void abort() override;

  void take_ack(const Frame& frame, Instant now);
  void take_text(const Frame& frame);
  Frame header(Instant now);
  void send_text(Instant now, const Emit& emit);
  std::uint32_t sent() const { return snd_nxt_ - snd_una_; }

  ReferencePeerModel model_;
  Application application_;
  std::string inbox_;   // received in order, not read
  std::string outbox_;  // not acknowledged; begins at snd_una_
  std::uint32_t snd_una_;
  std::uint32_t snd_nxt_;
  std::uint32_t snd_max_;
  std::uint32_t snd_edge_;
  std::uint32_t rcv_nxt_;
  std::uint32_t rcv_edge_;
  std::uint32_t ts_recent_;
  Instant timeout_at_ = kNever;
  Duration timeout_;
  Reason failure_ = Reason::none;
  bool acknowledge_ = false;
  bool finishing_ = false;
  bool fin_sent_ = false;
  bool fin_acknowledged_ = false;
  bool fin_received_ = false;
  bool probe_ = false;
  bool reset_ = false;
  bool closed_ = false;
};

}  // namespace limpid::simulation
