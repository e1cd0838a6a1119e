// AdoptedFlow: a flow that limpid has taken over: an endpoint towards each side, speaking with the other
// side's sequence numbers and headers, and the Session that moves the bytes between them. Segments go in
// through on_segment(); the engine calls service() once after each burst. Thread: the worker that owns the
// flow.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "dataplane/base/clock.h"
#include "dataplane/flow/flow_user.h"
#include "dataplane/flow/handshake.h"
#include "dataplane/flow/ledger.h"
#include "dataplane/flow/side.h"
#include "dataplane/flow/tombstone.h"
#include "dataplane/tcp/active_open.h"
#include "dataplane/tcp/endpoint.h"
#include "dataplane/wire/header_template.h"
#include "dataplane/wire/packet_view.h"

namespace limpid::flow {

/// Takes a composed segment to its wire. False: no packet buffer.
class SegmentOutput {
 public:
  virtual ~SegmentOutput() = default;
  virtual bool send(std::uint16_t segment, Side to, wire::HeaderTemplate& headers,
                    const tcp::SegmentOut& out) = 0;
};

/// Brings a flow to service() after this burst.
class ServiceQueue {
 public:
  virtual ~ServiceQueue() = default;
  virtual void queue_service(std::uint32_t flow) = 0;
};

/// How long a flow may be silent: before its ends are asked whether they live, and at all where one direction
/// is closed.
struct Patience {
  Duration idle{};
  Duration half_closed{};
};
inline constexpr Patience kPatience{std::chrono::hours(1), std::chrono::minutes(5)};
inline constexpr Patience kShortPatience{std::chrono::minutes(5),
                                         std::chrono::seconds(30)};  // not level green

class AdoptedFlow final : private SessionHost {
 public:
  struct Place {
    std::uint32_t flow = 0;  // the engine's number of it
    std::uint16_t segment = 0;
    Side client_side = Side::kClient;
    std::uint16_t mss_max = 0;
  };

  /// All of it outlives the flow.
  struct Surroundings {
    const tcp::EndpointSettings& settings;
    tcp::ChunkPool& pool;
    ServiceQueue& queue;
  };

  /// `session` is not null.
  AdoptedFlow(const Surroundings& with, const Handshake& handshake, Place place,
              std::unique_ptr<Session> session, Instant now);
  AdoptedFlow(const AdoptedFlow&) = delete;
  AdoptedFlow& operator=(const AdoptedFlow&) = delete;
  ~AdoptedFlow() override = default;

  void on_segment(bool from_client, const wire::PacketView& view, const wire::TcpOptions& options,
                  Instant now);
  /// ICMP says that a segment sent in that side's name was too big for the next hop's `mtu`.
  void on_too_big(bool in_clients_name, std::uint32_t seq, std::uint32_t mtu);
  /// Runs the session where there is news, then lets both endpoints send. Timers that are due run first.
  void service(SegmentOutput& output, const Patience& patience, Instant now);
  void abort(Reason why, Instant now);

  /// When service() wants to be called though nothing arrives; kNever if not.
  Instant deadline() const;
  /// A packet buffer was missing: service() wants to be called again soon.
  bool cut_short() const { return client_.endpoint->wants_flush() || server_.endpoint->wants_flush(); }
  /// Session and endpoints have nothing left to do.
  bool done(Instant now) const;

  const tcp::Endpoint& client() const { return *client_.endpoint; }
  const tcp::Endpoint& server() const { return *server_.endpoint; }
  const Session* session() const { return session_.get(); }
  std::unique_ptr<Session> take_session() { return std::move(session_); }
  /// How the legs broke, if they did: the client leg's reason first.
  Reason failure() const;
  Tombstone tombstone() const;
  /// Both legs as a successor needs them, should this process die.
  LedgerLeg client_leg() const { return client_.note(); }
  LedgerLeg server_leg() const { return server_.note(); }

  /// When bytes last arrived in order, or were acknowledged, on either leg: a chunk of them, where it holds
  /// any.
  Instant moved_at() const { return moved_at_; }
  /// Stream memory that both legs hold, and what the session has beside them.
  std::size_t chunks() const {
    return client_.endpoint->chunks() + server_.endpoint->chunks() + (session_ ? session_->chunks() : 0);
  }

  bool queued = false;  // the engine's: waits for service()
  Instant listed_at{};  // the engine's: moved_at() when it was put into its list

 private:
  /// One endpoint, and how it speaks.
  struct Leg {
    Leg(const tcp::EndpointSettings& settings, tcp::ChunkPool& pool, const tcp::Adoption& adoption,
        const wire::HeaderTemplate& headers_of, Instant now)
        : headers(headers_of) {
      endpoint.emplace(settings, pool, adoption, now);
    }
    bool ended() const;
    Reason failure() const;
    LegEnd end() const;
    LedgerLeg note() const;

    std::optional<tcp::Endpoint> endpoint;  // always there: it stays where it is when another takes its place
    wire::HeaderTemplate headers;           // of the side it impersonates
    std::uint32_t ts_value = 0;             // last sent
    std::uint16_t window = 0;
    bool timestamps = false;
    bool reset_sent = false;
  };
  class Sink;

  // SessionHost
  void wake() override;
  const wire::HeaderTemplate& headers(tcp::Leg side) const override;
  bool from_client_side() const override { return place_.client_side == Side::kClient; }
  tcp::ChunkPool& stream_memory() override { return pool_; }
  void redial() override;
  Redial redialled() const override { return redial_; }

  tcp::SynOffer offer_of_redial() const;
  void follow_redial(SegmentOutput& output, Instant now);
  void flush_redial(SegmentOutput& output, Instant now);

  void mirror_keepalives(Instant now);
  void note_progress(Instant now);
  void watch_idleness(const Patience& patience, Instant now);
  bool half_closed() const;
  Instant drained_by() const;

  /// What the client's own SYN offered.
  struct ClientSyn {
    std::uint16_t mss = 0;
    std::uint8_t shift = 0;
    bool scales = false;
    bool sack = false;
    bool ecn = false;
    bool timestamps = false;
  };

  Leg client_;
  Leg server_;
  ClientSyn client_syn_;
  Redial redial_ = Redial::kNone;
  bool redial_due_ = false;                // asked for by the session in this run
  std::unique_ptr<tcp::ActiveOpen> dial_;  // while it lasts
  std::unique_ptr<Session> session_;
  const tcp::EndpointSettings& settings_;
  tcp::ChunkPool& pool_;
  ServiceQueue& queue_;
  Place place_;
  bool woken_ = false;            // by the session's own affairs
  bool aborted_ = false;          // the session is not run again
  bool fresh_ = true;             // the session has not run yet
  Instant ended_at_ = kNever;     // both endpoints are done; the session gets a little longer
  Instant finished_at_ = kNever;  // the session is done; the endpoints get a little longer
  Instant next_probe_{};          // not before: keepalive passed on to the other leg
  Instant idle_check_{};
  Instant asked_at_{};  // both ends, whether they live
  Instant moved_at_{};
  std::uint64_t progress_ = 0;
  Reason ended_by_ = Reason::none;  // limpid's own decision
};

}  // namespace limpid::flow
