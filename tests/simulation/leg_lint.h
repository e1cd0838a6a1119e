// LegLint: a passive observer of one leg of the box, on the wire between it and one end. It knows what the
// box has heard from that end and what the handshake has agreed, and judges whatever the box sends there:
// what is forwarded must have come in just so; what the box has made itself must be in the other end's name,
// and is judged by the lint that judges an endpoint.
#pragma once

#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tests/simulation/ethernet.h"
#include "tests/simulation/wire_lint.h"

namespace limpid::simulation {

class LegLint {
 public:
  /// `says`: the bytes that this leg's end is to get. `mss_max`: the box's own bound.
  LegLint(const Stream& says, std::uint16_t mss_max) : says_(says), mss_max_(mss_max) {}

  /// The end of this leg has sent it, and it has reached the box.
  void heard(const RawFrame& raw, Instant now);
  /// It leaves to this leg's end, as it came from the `other`.
  std::optional<Complaint> forwarded(const RawFrame& raw, LegLint& other);
  /// The box has composed it in the other end's name.
  std::optional<Complaint> composed(const RawFrame& raw, const LegLint& other, Instant now);
  /// The same, of a flow that is forwarded and must not go on: a reset where its receiver takes it.
  std::optional<Complaint> cut(const RawFrame& raw, const LegLint& other) const;
  /// The same, where the box also has opened the connection, or answered its SYN.
  std::optional<Complaint> opened_or_composed(const RawFrame& raw, const Identity& name, Instant now);
  /// Of this leg's end, by its latest frame.
  const Identity& end() const { return identity_; }
  /// What the end has said is acknowledged in time.
  std::optional<Complaint> check_silence(Instant now) const {
    return lint_ ? lint_->check_silence(now, true) : std::nullopt;
  }
  /// From now on the box may break the connection. `refuses`: because it does not want it at all.
  void expect_reset(bool refuses);

 private:
  bool has_spoken_as(const Identity& identity) const;
  std::optional<Complaint> composed_as(const RawFrame& raw, const std::vector<Identity>& names, Instant now);
  tcp::Adoption adoption() const;
  void begin_lint();

  Stream says_;
  std::uint16_t mss_max_;
  Identity identity_;  // of the end's latest frame
  // All that the end has had: damage may give it another for a frame that the box does not believe.
  std::vector<Identity> identities_;
  std::unordered_map<std::size_t, int>
      came_;                                // hashes of what the end has sent, and the box has not passed on
  std::unordered_set<std::uint32_t> seqs_;  // that the end has sent
  std::unordered_set<std::uint32_t> acks_;
  std::optional<Frame> end_syn_{};   // SYN or SYN-ACK of this leg's end
  std::optional<Frame> said_syn_{};  // and of the other, as it left here
  std::uint32_t edge_ = 0;      // the right edge that the other has announced, beyond its window in said_syn_
  std::uint32_t ts_value_ = 0;  // the other's last
  std::vector<Frame> before_lint_;
  std::optional<WireLint> lint_{};
  bool reset_expected_ = false;
  bool refuses_ = false;
};

}  // namespace limpid::simulation
