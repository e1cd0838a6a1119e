#include "control/handshake_capture.h"

#include <algorithm>
#include <utility>

#include "control/backend.h"
#include "control/printable.h"
#include "dataplane/base/ascii.h"
#include "dataplane/base/wipe.h"
#include "dataplane/tool/mirror_story.h"

namespace limpid::control {

namespace {

constexpr std::uint32_t kClientLeg = 0;  // interfaces of the file
constexpr std::uint32_t kServerLeg = 1;

/// Readers know connections by addresses and ports, which both legs share: the server leg's has another port
/// of the client's.
FlowFacts told_facts(FlowFacts facts, bool client_leg) {
  constexpr int kShift = 10'000;
  constexpr int kPortMost = 65'535;
  const int port = facts.client.port;
  if (!client_leg) {
    facts.client.port =
        static_cast<std::uint16_t>(port + kShift <= kPortMost ? port + kShift : port - kShift);
  }
  return facts;
}

/// Frames as packets of one interface; the first has the comment.
class PacketSink final : public tool::FrameSink {
 public:
  PacketSink(tool::pcapng::Buffer& to, std::uint32_t interface, std::string_view comment)
      : to_(to), interface_(interface), comment_(comment) {}
  void on_frame(Bytes frame, WallTime when) override {
    tool::pcapng::append_packet(to_, interface_, when, frame, std::exchange(comment_, {}));
  }

 private:
  tool::pcapng::Buffer& to_;
  std::uint32_t interface_;
  std::string_view comment_;
};

/// Of this leg's peer, where the reason says that it left.
void tell_end(tool::TcpStory& story, Reason reason, bool client_leg, WallTime when, tool::FrameSink& sink) {
  const tool::Direction peer = client_leg ? tool::Direction::kFromClient : tool::Direction::kFromServer;
  if (reason == (client_leg ? Reason::client_handshake_closed : Reason::server_handshake_closed))
    return story.tell_end(peer, when, sink);
  if (reason != (client_leg ? Reason::client_reset : Reason::server_reset)) return;
  story.tell_reset(peer, when, sink);
  story.tell_over(when, sink);
}

std::string comment_of(const tls::CapturedSession& session) {
  std::string comment = session.host.empty() ? "no server name" : printable(session.host);
  if (session.reason == Reason::none) return comment;
  comment += "; " + std::string(name(session.reason)) + ": " + std::string(sentence(session.reason));
  return session.cause.empty() ? comment : comment + "; likely cause: " + session.cause;
}

struct Place {
  std::optional<IpPrefix> prefix;
  std::uint16_t port = 0;
};

/// "10.0.0.0/8", "192.0.2.1", "192.0.2.1:443", "[2001:db8::1]:443"; a port behind a prefix: "10.0.0.0/8:443".
std::optional<Place> parse_place(std::string_view text) {
  if (const auto prefix = IpPrefix::parse(text)) return Place{prefix};
  if (const auto address = SocketAddress::parse(text)) {
    return Place{IpPrefix{address->ip, static_cast<std::uint8_t>(address->ip.is_v6() ? 128 : 32)},
                 address->port};
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.find('/') == std::string_view::npos) return std::nullopt;
  const auto port = SocketAddress::parse("0.0.0.0" + std::string(text.substr(colon)));
  const auto prefix = IpPrefix::parse(text.substr(0, colon));
  if (!port || !prefix) return std::nullopt;
  return Place{prefix, port->port};
}

}  // namespace

Result<CaptureProgress, std::string> HandshakeCapture::start(const CaptureQuery& query) {
  look();
  if (order_ != nullptr && over_.empty()) {
    return Failure{
        std::string("another capture is running: one at a time; it ends by itself when it has its sessions "
                    "or its time is over")};
  }
  tls::CaptureFilter filter;
  filter.host = small_letters(query.host);
  filter.failed = query.failed;
  filter.secrets = query.secrets;
  filter.sessions_max = query.count;
  if (!query.client.empty() && !(filter.client = IpPrefix::parse(query.client)))
    return Failure{"\"" + query.client + "\" is not an address or prefix, as 10.0.0.0/8"};
  if (!query.server.empty()) {
    const std::optional<Place> place = parse_place(query.server);
    if (!place)
      return Failure{"\"" + query.server + "\" is not an address or prefix with a port, as 192.0.2.7:443"};
    filter.server = place->prefix;
    filter.server_port = place->port;
  }
  filter.number = ++number_;
  order_ = std::make_shared<tls::CaptureOrder>(std::move(filter));
  sessions_ = failed_ = lost_ = 0;
  over_.clear();
  waiting_.clear();
  tool::pcapng::append_section(waiting_, "limpid capture");
  tool::pcapng::append_interface(waiting_, "client leg");
  tool::pcapng::append_interface(waiting_, "server leg");
  fetched_ = clock_.now();
  ends_ = fetched_ + std::chrono::seconds(query.seconds);
  tell();
  return progress();
}

Result<CaptureProgress, std::string> HandshakeCapture::fetch(std::uint64_t number, bool stop) {
  look();
  if (order_ == nullptr || number != number_) return Failure{std::string("this capture has ended")};
  fetched_ = clock_.now();
  if (stop) end("stopped");
  CaptureProgress made = progress();
  made.bytes = as_text(waiting_);
  wipe(waiting_);
  waiting_.clear();
  if (made.over.empty()) return made;
  order_.reset();
  waiting_.shrink_to_fit();
  return made;
}

void HandshakeCapture::take(const tls::CapturedSession& session) {
  if (order_ == nullptr || !over_.empty() || session.order != number_) return;
  const std::size_t size = session.client.size + session.server.size;
  if (waiting_.size() + 2 * size > kWaitingMax) {
    ++lost_;
    return end_where_all_are_there();
  }
  ++sessions_;
  if (session.failed) ++failed_;
  for (const tls::CapturedLeg* leg : {&session.client, &session.server}) {
    if (!leg->secrets.empty()) tool::pcapng::append_secrets(waiting_, leg->secrets);
  }
  const std::string comment = comment_of(session);
  append_leg(session, true, "client leg of " + comment);
  append_leg(session, false, "server leg of " + comment);
  end_where_all_are_there();
}

void HandshakeCapture::end_where_all_are_there() {
  if (sessions_ + lost_ >= order_->filter().sessions_max) end("all sessions recorded");
}

void HandshakeCapture::append_leg(const tls::CapturedSession& session, bool client_leg,
                                  const std::string& comment) {
  const tls::CapturedLeg& leg = client_leg ? session.client : session.server;
  if (leg.pieces.empty()) return;
  PacketSink sink(waiting_, client_leg ? kClientLeg : kServerLeg, comment);
  tool::TcpStory story(told_facts(session.facts, client_leg), leg.pieces.front().when, sink);
  for (const tls::CapturedPiece& piece : leg.pieces)
    story.tell_bytes(piece.direction, piece.bytes, piece.when, sink);
  tell_end(story, session.reason, client_leg, leg.pieces.back().when, sink);
}

void HandshakeCapture::look() {
  if (!told_) tell();
  if (order_ == nullptr) return;
  const Instant now = clock_.now();
  if (over_.empty() && now >= ends_) end("its time is over");
  if (now - fetched_ < kUnfetchedMax) return;
  if (over_.empty()) end("nobody fetches it");
  wipe(waiting_);
  waiting_ = {};
  order_.reset();
}

void HandshakeCapture::end(std::string why) {
  if (!over_.empty()) return;
  over_ = std::move(why);
  tell();
}

CaptureProgress HandshakeCapture::progress() const {
  return {.number = number_,
          .sessions = sessions_,
          .failed = failed_,
          .lost = lost_ + order_->refused(),
          .over = over_,
          .bytes = {}};
}

}  // namespace limpid::control
