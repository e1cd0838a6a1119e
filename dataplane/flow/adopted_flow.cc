#include "dataplane/flow/adopted_flow.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <limits>

#include "dataplane/tcp/frame.h"

namespace limpid::flow {

namespace {

using std::chrono::seconds;

constexpr Duration kProbeInterval = seconds(10);  // keepalives passed on from leg to leg
constexpr Duration kSessionGrace = seconds(5);    // after both endpoints have ended
// After the session has finished, and nobody has been heard: beyond R2 of the endpoints, which judge the
// rest.
constexpr Duration kDrainGrace = seconds(130);
constexpr std::uint32_t kRedialAhead = std::uint32_t{1} << 20U;  // more than any window was
constexpr std::uint32_t kPathMtuMinV4 = 552;                     // less is claimed by attackers alone
constexpr std::uint32_t kPathMtuMinV6 = 1280;                    // RFC 8200 §5

/// Sizes that are in use (RFC 1191 §7), for old routers that do not say how much they take (§5).
constexpr std::array<std::uint16_t, 6> kPlateaus{8166, 4352, 2002, 1492, 1006, kPathMtuMinV4};

}  // namespace

/// Sends one leg's segments, and remembers of them what its tombstone will need.
class AdoptedFlow::Sink final : public tcp::SegmentSink {
 public:
  Sink(SegmentOutput& output, Leg& leg, std::uint16_t segment, Side to)
      : output_(output), leg_(leg), segment_(segment), to_(to) {}

  bool send(const tcp::SegmentOut& out) override {
    if (!output_.send(segment_, to_, leg_.headers, out)) return false;
    leg_.window = out.window;
    leg_.reset_sent = leg_.reset_sent || (out.flags & tcp::kRst) != 0;
    if (out.options.timestamps) {
      leg_.timestamps = true;
      leg_.ts_value = out.options.timestamps->value;
    }
    return true;
  }

 private:
  SegmentOutput& output_;
  Leg& leg_;
  std::uint16_t segment_;
  Side to_;
};

bool AdoptedFlow::Leg::ended() const {
  const bool over = endpoint->closed() || endpoint->state() == tcp::State::kTimeWait;
  return over && !endpoint->wants_flush();
}

/// Who has ended its direction, and all of it has been read, takes nothing away by a reset: many programs
/// close their socket so, and the kernel answers the other's last words with RST.
Reason AdoptedFlow::Leg::failure() const {
  const Reason why = endpoint->failure();
  const bool reset = why == Reason::client_reset || why == Reason::server_reset;
  return reset && endpoint->finished() ? Reason::none : why;
}

LegEnd AdoptedFlow::Leg::end() const {
  return {.next = endpoint->next_sequence(),
          .expected = endpoint->expected_sequence(),
          .ts_value = ts_value,
          .window = window,
          .reset = reset_sent || endpoint->failure() != Reason::none,
          .timestamps = timestamps,
          .manner = headers.manner()};
}

LedgerLeg AdoptedFlow::Leg::note() const {
  return {.next = endpoint->next_sequence(),
          .expected = endpoint->expected_sequence(),
          .ts_value = ts_value,
          .timestamps = timestamps,
          .manner = headers.manner(),
          .link = headers.link()};
}

AdoptedFlow::AdoptedFlow(const Surroundings& with, const Handshake& handshake, Place place,
                         std::unique_ptr<Session> session, Instant now)
    : client_(with.settings, with.pool, handshake.adoption(tcp::Leg::kClient, place.mss_max),
              handshake.server().headers, now),
      server_(with.settings, with.pool, handshake.adoption(tcp::Leg::kServer, place.mss_max),
              handshake.client().headers, now),
      client_syn_{.mss = std::min(handshake.client().mss, place.mss_max),
                  .shift = handshake.client().shift,
                  .scales = handshake.client().scales,
                  .sack = handshake.client().sack,
                  .ecn = handshake.client().ecn,
                  .timestamps = handshake.client().timestamps},
      session_(std::move(session)),
      settings_(with.settings),
      pool_(with.pool),
      queue_(with.queue),
      place_(place),
      next_probe_(now),
      idle_check_(now + kPatience.idle),
      asked_at_(now),
      moved_at_(now) {
  server_.ts_value = handshake.client().ts_value;
  session_->attach(*this);
}

void AdoptedFlow::wake() {
  woken_ = true;
  queue_.queue_service(place_.flow);
}

/// The leg towards the server speaks as the client does.
const wire::HeaderTemplate& AdoptedFlow::headers(tcp::Leg side) const {
  return side == tcp::Leg::kClient ? server_.headers : client_.headers;
}

void AdoptedFlow::on_segment(bool from_client, const wire::PacketView& view, const wire::TcpOptions& options,
                             Instant now) {
  if (!from_client && dial_) return dial_->on_segment(tcp::segment_of(view, options), now);
  Leg& receives = from_client ? client_ : server_;
  Leg& impersonates = from_client ? server_ : client_;
  // Who only guesses numbers must not choose how this end speaks.
  if (receives.endpoint->on_segment(tcp::segment_of(view, options), now)) impersonates.headers.learn(view);
}

void AdoptedFlow::on_too_big(bool in_clients_name, std::uint32_t seq, std::uint32_t mtu) {
  Leg& sent_it = in_clients_name ? server_ : client_;
  const bool v6 = sent_it.headers.v6();
  if (mtu == 0 && !v6) {
    for (const std::uint16_t plateau : kPlateaus) {  // the first that what was too big does not fit into
      if (sent_it.endpoint->on_too_big(seq, mss_for(plateau, false))) return;
    }
    return;
  }
  if (mtu < (v6 ? kPathMtuMinV6 : kPathMtuMinV4) || mtu > std::numeric_limits<std::uint16_t>::max()) return;
  sent_it.endpoint->on_too_big(seq, mss_for(static_cast<std::uint16_t>(mtu), v6));
}

void AdoptedFlow::service(SegmentOutput& output, const Patience& patience, Instant now) {
  note_progress(now);
  follow_redial(output, now);
  for (Leg* leg : {&client_, &server_}) {
    if (leg->endpoint->deadline() <= now) leg->endpoint->on_timer(now);
  }
  mirror_keepalives(now);
  watch_idleness(patience, now);
  const bool client_news = client_.endpoint->take_news();
  const bool server_news = server_.endpoint->take_news();
  const bool wanted = fresh_ || woken_ || client_news || server_news || session_->deadline() <= now;
  if (wanted && !aborted_ && !session_->finished()) {
    fresh_ = false;
    woken_ = false;
    session_->run({.client = *client_.endpoint, .server = *server_.endpoint}, now);
  }
  if (session_->finished() && finished_at_ == kNever) finished_at_ = now;
  if (now >= drained_by()) {
    client_.endpoint->abort();
    server_.endpoint->abort();
  }
  Sink to_client(output, client_, place_.segment, place_.client_side);
  Sink to_server(output, server_, place_.segment, opposite(place_.client_side));
  client_.endpoint->flush(to_client, now);
  server_.endpoint->flush(to_server, now);
  flush_redial(output, now);
  const bool ended = client_.ended() && server_.ended() && !dial_;
  if (ended && ended_at_ == kNever) ended_at_ = now;
}

void AdoptedFlow::abort(Reason why, Instant now) {
  session_->abort({.client = *client_.endpoint, .server = *server_.endpoint}, why, now);
  aborted_ = true;
  if (!client_.endpoint->closed()) client_.endpoint->abort();
  if (!server_.endpoint->closed()) server_.endpoint->abort();
}

/// A probe answered here says nothing of the other end: ask it, too (tcp.md, trap O).
void AdoptedFlow::mirror_keepalives(Instant now) {
  const bool client_probed = client_.endpoint->take_peer_probe();
  const bool server_probed = server_.endpoint->take_peer_probe();
  if ((!client_probed && !server_probed) || now < next_probe_) return;
  next_probe_ = now + kProbeInterval;
  if (client_probed) server_.endpoint->start_keepalive(now);
  if (server_probed) client_.endpoint->start_keepalive(now);
}

/// Whoever holds memory and takes a byte now and then stands still.
void AdoptedFlow::note_progress(Instant now) {
  const std::uint64_t progress = client_.endpoint->progress() + server_.endpoint->progress();
  const std::uint64_t least = chunks() == 0 ? 1 : tcp::kChunkSize;
  if (progress - progress_ < least) return;
  progress_ = progress;
  moved_at_ = now;
}

bool AdoptedFlow::half_closed() const {
  const auto open = [](const Leg& leg) { return leg.endpoint->state() == tcp::State::kEstablished; };
  return !open(client_) || !open(server_);
}

/// A silent flow is asked whether it lives; one that is closed in one direction has been left behind.
void AdoptedFlow::watch_idleness(const Patience& patience, Instant now) {
  const Instant heard = std::max(client_.endpoint->last_heard(), server_.endpoint->last_heard());
  const bool half = half_closed() && !aborted_ && ended_at_ == kNever;
  const Duration allowed = half ? patience.half_closed : patience.idle;
  // It comes earlier where a direction was closed meanwhile, or patience has become shorter.
  idle_check_ = std::min(idle_check_, (half ? heard : std::max(heard, asked_at_)) + allowed);
  if (now < idle_check_) return;
  if (now - heard < allowed) {
    idle_check_ = heard + allowed;
    return;
  }
  idle_check_ = now + patience.idle;
  asked_at_ = now;
  if (half) {
    ended_by_ = Reason::half_closed_timeout;
    return abort(ended_by_, now);
  }
  client_.endpoint->start_keepalive(now);
  server_.endpoint->start_keepalive(now);
}

Instant AdoptedFlow::deadline() const {
  Instant earliest = std::min({client_.endpoint->deadline(), server_.endpoint->deadline(), idle_check_});
  if (dial_) earliest = std::min(earliest, dial_->deadline());
  if (!aborted_ && !session_->finished()) earliest = std::min(earliest, session_->deadline());
  if (ended_at_ != kNever) earliest = std::min(earliest, ended_at_ + kSessionGrace);
  return std::min(earliest, drained_by());
}

/// When the endpoints are given up, though they have something left to do.
Instant AdoptedFlow::drained_by() const {
  if (finished_at_ == kNever) return kNever;
  return std::max({finished_at_, client_.endpoint->last_heard(), server_.endpoint->last_heard()}) +
         kDrainGrace;
}

bool AdoptedFlow::done(Instant now) const {
  if (!client_.ended() || !server_.ended() || dial_) return false;
  return aborted_ || session_->finished() || (ended_at_ != kNever && now - ended_at_ >= kSessionGrace);
}

// --- Re-dial --------------------------------------------------------------------------------------------

void AdoptedFlow::redial() {
  server_.endpoint->abort();
  redial_ = Redial::kOpening;
  redial_due_ = true;
}

/// A server that remembers the former connection in TIME-WAIT takes one that begins higher (RFC 9293 §3.6.1,
/// RFC 6191), and nothing of the former fits into it.
tcp::SynOffer AdoptedFlow::offer_of_redial() const {
  tcp::SynOffer offer;
  offer.sequence = server_.endpoint->next_sequence() + kRedialAhead;
  offer.mss = client_syn_.mss;
  if (client_syn_.scales) offer.window_shift = client_syn_.shift;
  offer.sack = client_syn_.sack;
  offer.ecn = client_syn_.ecn;
  offer.timestamps = client_syn_.timestamps;
  offer.ts_value = server_.ts_value + 1;
  return offer;
}

/// The server has answered, one way or the other: the session hears of it in this very run.
void AdoptedFlow::follow_redial(SegmentOutput& output, Instant now) {
  if (!dial_ || dial_->state() == tcp::ActiveOpen::State::kWaiting) return;
  const bool open = dial_->state() == tcp::ActiveOpen::State::kOpen;
  redial_ = open ? Redial::kOpen : Redial::kRefused;
  woken_ = true;
  Sink to_server(output, server_, place_.segment, opposite(place_.client_side));
  dial_->flush(to_server, now);
  if (open) {
    server_.endpoint.emplace(settings_, pool_, dial_->adoption(tcp::Leg::kServer, place_.mss_max, now), now);
    server_.reset_sent = false;
  }
  dial_.reset();
}

/// The SYN does not overtake the reset that makes room for it.
void AdoptedFlow::flush_redial(SegmentOutput& output, Instant now) {
  if (redial_due_ && !server_.endpoint->wants_flush()) {
    redial_due_ = false;
    dial_ = std::make_unique<tcp::ActiveOpen>(offer_of_redial(), settings_.rto_initial, now);
  }
  if (!dial_) return;
  const bool unwanted = aborted_ || session_->finished();
  if (unwanted) dial_->abort();
  Sink to_server(output, server_, place_.segment, opposite(place_.client_side));
  dial_->flush(to_server, now);
  if (unwanted) dial_.reset();
}

Reason AdoptedFlow::failure() const {
  if (ended_by_ != Reason::none) return ended_by_;
  const Reason client = client_.failure();
  return client != Reason::none ? client : server_.failure();
}

Tombstone AdoptedFlow::tombstone() const { return {.client = client_.end(), .server = server_.end()}; }

}  // namespace limpid::flow
