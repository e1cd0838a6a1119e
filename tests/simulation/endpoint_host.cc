#include "tests/simulation/endpoint_host.h"

#include <algorithm>
#include <utility>

namespace limpid::simulation {

EndpointHost::EndpointHost(const EndpointHostModel& model, const Stream& writes, const Stream& reads,
                           std::uint64_t seed, Instant now)
    : model_(model), writes_(writes), seed_(seed), application_(model.application, writes, reads) {
  if (model.greeting) {
    greeting_.emplace(*model.greeting, now);
  } else {
    establish(model.adoption, now);
  }
}

void EndpointHost::establish(const tcp::Adoption& adoption, Instant now) {
  end_.emplace(
      LintedEndpointModel{
          .settings = model_.settings,
          .adoption = adoption,
          .chunks_max = model_.chunks_max,
          .no_packet = model_.no_packet,
          .burst = model_.application.burst,
      },
      writes_, seed_, now);
  application_.begin(now);
}

void EndpointHost::receive(const Frame& frame, Instant now) {
  if (!end_) {
    const bool is_of_connection = greeting_->receive(frame, now);
    if (greeting_->adoption()) establish(*greeting_->adoption(), now);
    if (!is_of_connection) return;
  }
  if (greeting_ && end_->endpoint().closed() && !frame.has(tcp::kRst)) {
    // As every host does (RFC 9293 §3.10.7.1).
    answer_ = Frame{.seq = frame.ack, .flags = tcp::kRst};
    return;
  }
  end_->receive(frame, now);
}

void EndpointHost::too_big(std::uint32_t seq, std::uint16_t segment_max) {
  if (end_) end_->too_big(seq, segment_max);
}

std::optional<Complaint> EndpointHost::run(Instant now, const Emit& emit) {
  if (greeting_) greeting_->run(now, emit);
  if (answer_) emit(*std::exchange(answer_, std::nullopt));
  if (!end_) return std::nullopt;
  end_->run_timers(now);
  if (auto complaint = application_.run(end_->endpoint(), now)) return complaint;
  if (application_.aborted()) end_->expect_reset();
  return end_->flush(now, emit);
}

Instant EndpointHost::deadline() const {
  if (!end_) return greeting_->deadline();
  return std::min(end_->endpoint().deadline(), application_.deadline());
}

Reason EndpointHost::failure() const {
  if (end_) return end_->endpoint().failure();
  return greeting_->refused() ? Reason::server_refused : Reason::none;
}

bool EndpointHost::ended() const { return end_ ? end_->ended() : greeting_->refused(); }

std::string EndpointHost::describe() const {
  return (end_ ? end_->describe() : "unconnected") + ", " + application_.describe();
}

void EndpointHost::cover(Coverage& into) const {
  if (end_) end_->cover(into);
}

std::optional<Complaint> EndpointHost::check_end() { return end_ ? end_->check_end() : std::nullopt; }

}  // namespace limpid::simulation
