#include "tls_proxy/capture.h"

#include <algorithm>
#include <utility>

#include "dataplane/base/ascii.h"
#include "dataplane/base/wipe.h"
#include "tls_proxy/session_record.h"

namespace limpid::tls {

CapturedLeg::~CapturedLeg() { wipe(secrets); }

bool CaptureOrder::wants(const FlowFacts& facts, std::string_view host) const {
  if (filter_.server_port != 0 && filter_.server_port != facts.server.port) return false;
  if (filter_.client && !filter_.client->contains(facts.client.ip)) return false;
  if (filter_.server && !filter_.server->contains(facts.server.ip)) return false;
  return filter_.host.empty() || small_letters(host).find(filter_.host) != std::string::npos;
}

bool CaptureOrder::enter() {
  const std::uint32_t taken = taken_.load(std::memory_order_relaxed);
  if (taken >= filter_.sessions_max) return false;
  // Nobody knows yet which of them will fail.
  const std::uint32_t most = filter_.failed ? kAtOnce : std::min(kAtOnce, filter_.sessions_max - taken);
  if (recording_.fetch_add(1, std::memory_order_relaxed) < most) return true;
  leave();
  if (most == kAtOnce) refused_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

/// Shared with taps, which recorders keep for longer.
struct SessionCapture::Recording {
  CapturedSession session;
  bool secrets = false;
  bool client_is_heard = false;
  bool over = false;

  void add(CapturedLeg& leg, tool::Direction direction, Bytes bytes, WallTime when) const {
    const Bytes kept = bytes.first(over ? 0 : std::min(bytes.size(), kLegMax - leg.size));
    if (kept.empty()) return;
    leg.size += kept.size();
    // The library reads a record's header and its body one by one, which is nothing to tell a reader.
    constexpr Duration kAtOnce = std::chrono::milliseconds(1);
    if (!leg.pieces.empty() && leg.pieces.back().direction == direction &&
        when - leg.pieces.back().when < kAtOnce) {
      leg.pieces.back().bytes.insert(leg.pieces.back().bytes.end(), kept.begin(), kept.end());
      return;
    }
    leg.pieces.push_back({direction, when, {kept.begin(), kept.end()}});
  }
  void add_secrets(CapturedLeg& leg, Bytes lines) const {
    constexpr std::size_t kSecretsMax = 16'384;
    if (over || !secrets || leg.secrets.size() + lines.size() > kSecretsMax) return;
    leg.secrets.reserve(kSecretsMax);  // it does not move, so nothing of it stays where it was
    leg.secrets.insert(leg.secrets.end(), lines.begin(), lines.end());
  }
};

class SessionCapture::Tap final : public tool::PlaintextTap {
 public:
  Tap(std::shared_ptr<Recording> recording, CapturedLeg& leg) : recording_(std::move(recording)), leg_(leg) {}
  void on_bytes(tool::Direction direction, Bytes bytes, WallTime when) override {
    recording_->add(leg_, direction, bytes, when);
  }
  void on_end(tool::Direction /*direction*/, WallTime /*when*/) override {}
  void on_reset(tool::Direction /*direction*/, WallTime /*when*/) override {}
  void on_secrets(Bytes lines, WallTime /*when*/) override { recording_->add_secrets(leg_, lines); }

 private:
  std::shared_ptr<Recording> recording_;
  CapturedLeg& leg_;  // of the recording
};

SessionCapture::SessionCapture(std::shared_ptr<CaptureOrder> order, std::shared_ptr<Recording> recording)
    : order_(std::move(order)), recording_(std::move(recording)) {}

SessionCapture::~SessionCapture() {
  recording_->over = true;
  order_->leave();
}

std::unique_ptr<SessionCapture> SessionCapture::begin(const std::shared_ptr<CaptureOrder>& order,
                                                      const FlowFacts& facts, std::string_view host) {
  if (order == nullptr || !order->wants(facts, host) || !order->enter()) return nullptr;
  auto recording = std::make_shared<Recording>();
  recording->session.order = order->filter().number;
  recording->session.facts = facts;
  recording->session.host = host;
  recording->secrets = order->filter().secrets;
  return std::unique_ptr<SessionCapture>(new SessionCapture(order, std::move(recording)));
}

std::unique_ptr<tool::PlaintextTap> SessionCapture::client_tap() {
  // It hears everything from the beginning.
  recording_->session.client = {};
  recording_->client_is_heard = true;
  return std::make_unique<Tap>(recording_, recording_->session.client);
}

std::unique_ptr<tool::PlaintextTap> SessionCapture::server_tap() {
  return std::make_unique<Tap>(recording_, recording_->session.server);
}

void SessionCapture::tell_client(tool::Direction direction, Bytes bytes, WallTime when) {
  if (!recording_->client_is_heard) recording_->add(recording_->session.client, direction, bytes, when);
}

void SessionCapture::finish(Outcome outcome, RecordSink& sink) {
  if (std::exchange(recording_->over, true)) return;
  if (order_->filter().failed && !outcome.failed) return;
  if (!order_->take_place()) return;
  CapturedSession& session = recording_->session;
  session.reason = outcome.reason;
  session.failed = outcome.failed;
  session.cause = std::move(outcome.cause);
  sink.on_captured(std::make_unique<CapturedSession>(std::move(session)));
}

}  // namespace limpid::tls
