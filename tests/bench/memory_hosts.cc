// memory_hosts: the clients and the server of TLS 1.2 connections that are resumed again and again, in one
// process on one core, behind two ports of shared memory: for compare.py, where the kernel's TCP on the
// hosts' core would be the limit of what arrives. TCP is limpid's endpoints, TLS is OpenSSL, and nobody in
// between is known to either.
//
//   memory_hosts NEAR FAR CORE CLIENTS SECONDS CERTIFICATE KEY
//
// NEAR and FAR are the sockets of the clients' port and of the server's, which this program makes. It begins
// when both are connected, and prints what it did as one line of JSON.
#include <openssl/ssl.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/system_clock.h"
#include "dataplane/nic/runtime.h"
#include "dataplane/tcp/active_open.h"
#include "dataplane/tcp/endpoint.h"
#include "dataplane/tcp/frame.h"
#include "dataplane/wire/packet_view.h"
#include "tls_proxy/openssl/pointers.h"
#include "tls_proxy/openssl/stream_bio.h"

namespace limpid {
namespace {

constexpr std::uint16_t kMss = 1460;
constexpr std::uint8_t kWindowShift = 7;
constexpr std::uint16_t kWindow = 65'535;
constexpr std::uint16_t kServerPort = 444;
constexpr std::uint16_t kFirstPort = 1'024;
constexpr std::size_t kBurst = 32;

struct Counts {
  std::uint64_t connections = 0;
  std::uint64_t client_resumed = 0;
  std::uint64_t server_resumed = 0;
  std::uint64_t failed = 0;
};

/// One of the two ports, with what waits to leave through it.
class Wire {
 public:
  Wire(nic::Port& port, wire::PacketPool& pool) : port_(port), pool_(pool) {}
  bool send(wire::HeaderTemplate& headers, const tcp::SegmentOut& segment) {
    wire::Packet frame = tcp::frame_of(pool_, headers, segment);
    if (!frame) return false;
    waiting_.push_back(std::move(frame));
    return true;
  }
  std::size_t receive(std::array<wire::Packet, kBurst>& into) { return port_.receive(0, into); }
  void flush() {
    if (waiting_.empty()) return;
    const std::size_t taken = port_.transmit(0, waiting_);
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(taken));
  }
  bool up() const { return port_.link_up(); }

 private:
  nic::Port& port_;
  wire::PacketPool& pool_;
  std::vector<wire::Packet> waiting_;
};

struct World {
  World(nic::Runtime& runtime, const char* certificate, const char* key)
      : near(runtime.port(0), runtime.pool()),
        far(runtime.port(1), runtime.pool()),
        client(SSL_CTX_new(TLS_client_method())),
        server(SSL_CTX_new(TLS_server_method())) {
    for (SSL_CTX* context : {client.get(), server.get()})
      SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_session_cache_mode(client.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_session_cache_mode(server.get(), SSL_SESS_CACHE_OFF);  // tickets remain
    good = SSL_CTX_use_certificate_chain_file(server.get(), certificate) == 1 &&
           SSL_CTX_use_PrivateKey_file(server.get(), key, SSL_FILETYPE_PEM) == 1;
  }
  SystemClock clock;
  tcp::EndpointSettings settings;
  tcp::ChunkPool chunks{16'384};
  Wire near, far;
  openssl::SslCtxPtr client, server;
  Counts counts;
  std::uint32_t numbers = 1;  // initial sequence numbers; nobody attacks a benchmark
  bool good = false;
};

std::uint32_t stamp(Instant now) {
  return static_cast<std::uint32_t>(now.time_since_epoch() / std::chrono::milliseconds(1));
}

/// One end of a connection: TCP, and TLS on top of it.
class End final : public tcp::SegmentSink {
 public:
  /// A client's, which begins to connect.
  End(World& world, const wire::HeaderTemplate& headers, openssl::SessionPtr session, Instant now)
      : world_(world), wire_(world.near), headers_(headers), session_(std::move(session)), client_(true) {
    const tcp::SynOffer offer{.sequence = world.numbers += 100'000,
                              .mss = kMss,
                              .window_shift = kWindowShift,
                              .sack = true,
                              .timestamps = true,
                              .ts_value = stamp(now)};
    open_.emplace(offer, std::chrono::seconds(1), now);
  }
  /// The server's, for a SYN.
  End(World& world, const wire::PacketView& syn, const wire::TcpOptions& options, Instant now)
      : world_(world), wire_(world.far) {
    headers_.learn_mirrored(syn);
    const std::uint32_t isn = world.numbers += 100'000;
    const bool stamps = options.timestamps.has_value();
    tcp::SegmentOut answer{.seq = isn, .ack = syn.seq + 1, .window = kWindow, .flags = tcp::kSyn | tcp::kAck};
    answer.options.mss = kMss;
    answer.options.sack_permitted = options.sack_permitted;
    if (options.window_scale) answer.options.window_scale = kWindowShift;
    if (stamps) answer.options.timestamps = wire::Timestamps{stamp(now), options.timestamps->value};
    send(answer);
    establish({.snd_nxt = isn + 1,
               .rcv_nxt = syn.seq + 1,
               .peer_window = syn.window,
               .peer_window_shift = options.window_scale.value_or(0),
               .our_window_shift = options.window_scale ? kWindowShift : std::uint8_t{0},
               .sack = options.sack_permitted,
               .timestamps = stamps,
               .ts_recent = stamps ? options.timestamps->value : 0,
               .ts_value = stamp(now),
               .mss = options.mss.value_or(536),
               .our_window_announced = kWindow,
               .leg = tcp::Leg::kClient},
              now);
  }
  ~End() override = default;
  End(const End&) = delete;
  End& operator=(const End&) = delete;

  bool send(const tcp::SegmentOut& segment) override { return wire_.send(headers_, segment); }

  void receive(const wire::PacketView& view, const wire::TcpOptions& options, Instant now) {
    const tcp::SegmentIn segment = tcp::segment_of(view, options);
    if (tcp_) {
      tcp_->on_segment(segment, now);
      return;
    }
    open_->on_segment(segment, now);
    if (open_->state() == tcp::ActiveOpen::State::kOpen) {
      open_->flush(*this, now);
      establish(open_->adoption(tcp::Leg::kServer, kMss, now), now);
    }
    over_ = open_->state() == tcp::ActiveOpen::State::kRefused;
  }

  void run(Instant now) {
    if (!tcp_) return open_->flush(*this, now);
    if (tcp_->deadline() <= now) tcp_->on_timer(now);
    if (ssl_ && !done_) shake_hands();
    if (done_ && tcp_->finished()) bio_->finish();
    tcp_->flush(*this, now);
    over_ = over_ || tcp_->failure() != Reason::none;
  }

  bool waits_until(Instant now) const { return (tcp_ ? tcp_->deadline() : open_->deadline()) > now; }
  /// Nothing is left to be done; or it has failed.
  bool ended() const {
    if (over_) return true;
    return tcp_ && (tcp_->closed() || tcp_->state() == tcp::State::kTimeWait) && !tcp_->wants_flush();
  }
  bool failed() const { return over_ || !done_; }
  openssl::SessionPtr take_session() { return std::move(session_); }

 private:
  void establish(const tcp::Adoption& adoption, Instant now) {
    tcp_.emplace(world_.settings, world_.chunks, adoption, now);
    bio_.emplace(*tcp_);
    ssl_.reset(SSL_new(client_ ? world_.client.get() : world_.server.get()));
    BIO* both = bio_->make().release();
    SSL_set_bio(ssl_.get(), both, both);
    client_ ? SSL_set_connect_state(ssl_.get()) : SSL_set_accept_state(ssl_.get());
    if (session_) SSL_set_session(ssl_.get(), session_.get());
  }

  /// A client closes its connection as soon as it has one; as `openssl s_time` does, without close_notify.
  void shake_hands() {
    const int result = SSL_do_handshake(ssl_.get());
    if (result != 1) {
      over_ = SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ || bio_->at_end();
      return;
    }
    done_ = true;
    const bool resumed = SSL_session_reused(ssl_.get()) == 1;
    (client_ ? world_.counts.client_resumed : world_.counts.server_resumed) += resumed ? 1 : 0;
    SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    if (!client_) return;
    ++world_.counts.connections;
    session_.reset(SSL_get1_session(ssl_.get()));
    ssl_.reset();
    bio_->finish();
  }

  World& world_;
  Wire& wire_;
  wire::HeaderTemplate headers_;
  openssl::SessionPtr session_;
  bool client_ = false;
  bool done_ = false;
  bool over_ = false;
  std::optional<tcp::ActiveOpen> open_;
  std::optional<tcp::Endpoint> tcp_;
  std::optional<openssl::StreamBio> bio_;
  openssl::SslPtr ssl_;
};

/// All connections, by their client's port on each side.
class Hosts {
 public:
  Hosts(World& world, std::size_t clients) : world_(world), sessions_(clients) {
    for (std::size_t i = 0; i < clients; ++i) begin(i, world.clock.now());
  }

  void turn() {
    const Instant now = world_.clock.now();
    take(world_.near, clients_, now);
    take(world_.far, servers_, now);
    for (const std::uint16_t port : touched_) {
      run(port, now);
      // At once: who is behind the wires is to work at the same time, not in turns with this program.
      world_.near.flush();
      world_.far.flush();
    }
    touched_.clear();
    if (now >= look_at_) {
      look_at_ = now + std::chrono::milliseconds(10);
      for (std::size_t port = kFirstPort; port < clients_.size(); ++port) {
        const bool due = (clients_[port] && !clients_[port]->waits_until(now)) ||
                         (servers_[port] && !servers_[port]->waits_until(now));
        if (due) run(static_cast<std::uint16_t>(port), now);
      }
    }
    world_.near.flush();
    world_.far.flush();
  }

 private:
  using Table = std::array<std::unique_ptr<End>, 65'536>;

  void take(Wire& wire, Table& table, Instant now) {
    const std::size_t count = wire.receive(burst_);
    for (std::size_t i = 0; i < count; ++i) {
      const wire::Packet frame = std::move(burst_[i]);
      wire::PacketView view;
      if (wire::parse_into(frame.bytes(), view) != Reason::none) continue;
      const auto options = wire::parse_tcp_options(view.option_bytes());
      if (!options) continue;
      const bool server = &wire == &world_.far;
      const std::uint16_t port = server ? view.source_port : view.destination_port;
      std::unique_ptr<End>& end = table[port];
      const bool syn = (view.flags & (tcp::kSyn | tcp::kAck)) == tcp::kSyn;
      if (server && syn) {
        end = std::make_unique<End>(world_, view, *options, now);
      } else if (end) {
        end->receive(view, *options, now);
      } else {
        continue;
      }
      touched_.push_back(port);
    }
  }

  void run(std::uint16_t port, Instant now) {
    if (std::unique_ptr<End>& server = servers_[port]; server) {
      server->run(now);
      if (server->ended()) server.reset();
    }
    if (!clients_[port]) return;
    clients_[port]->run(now);
    if (!clients_[port]->ended()) return;
    const std::unique_ptr<End> client = std::move(clients_[port]);
    if (client->failed()) ++world_.counts.failed;
    sessions_[slot_[port]] = client->take_session();
    begin(slot_[port], now);
  }

  /// The next of the connections of client number `slot`. Where ports begin again, so does a new address.
  void begin(std::size_t slot, Instant now) {
    do {
      if (port_ == 65'535) {
        port_ = kFirstPort;
        ++address_;
      }
      ++port_;
    } while (clients_[port_] || servers_[port_]);
    constexpr std::array<std::byte, 14> kEthernet{std::byte{2}, {},           {},           {}, {},
                                                  std::byte{2}, std::byte{2}, {},           {}, {},
                                                  {},           std::byte{1}, std::byte{8}, {}};
    wire::HeaderTemplate::Link link;
    std::copy(kEthernet.begin(), kEthernet.end(), link.bytes.begin());
    link.size = kEthernet.size();
    const auto address = [](std::uint8_t last) {
      return IpAddress::v4(std::array{std::byte{10}, std::byte{77}, std::byte{2}, std::byte{last}});
    };
    wire::HeaderTemplate headers =
        wire::HeaderTemplate::over(link, {address(address_), port_}, {address(2), kServerPort});
    slot_[port_] = slot;
    clients_[port_] = std::make_unique<End>(world_, headers, std::move(sessions_[slot]), now);
    touched_next(port_, now);
  }

  /// Its SYN.
  void touched_next(std::uint16_t port, Instant now) { clients_[port]->run(now); }

  World& world_;
  Table clients_;
  Table servers_;
  std::array<std::size_t, 65'536> slot_{};
  std::vector<openssl::SessionPtr> sessions_;
  std::array<wire::Packet, kBurst> burst_;
  std::vector<std::uint16_t> touched_;
  Instant look_at_{};
  std::uint16_t port_ = kFirstPort;
  std::uint8_t address_ = 10;
};

bool connected(const World& world, Duration within) {
  const Instant until = world.clock.now() + within;
  while (!world.near.up() || !world.far.up()) {
    if (world.clock.now() >= until) return false;
  }
  return true;
}

int run(const std::vector<std::string>& words) {
  nic::RuntimeSettings settings;
  settings.cores = {static_cast<std::uint16_t>(std::stoi(words[2]))};
  settings.memory_bytes = std::uint64_t{128} << 20U;
  for (const std::string& socket : {words[0], words[1]}) {
    nic::PortSettings port;
    port.memif.socket = socket;
    settings.ports.push_back(port);
  }
  auto started = nic::Runtime::start(settings);
  if (!started) {
    std::fprintf(stderr, "%s\n", started.error().c_str());
    return 1;
  }
  nic::Runtime& runtime = **started;
  if (const auto entered = runtime.enter_worker(0); !entered)
    std::fprintf(stderr, "%s\n", entered.error().c_str());
  {
    World world(runtime, words[5].c_str(), words[6].c_str());
    if (!world.good || !connected(world, std::chrono::seconds(30))) {
      std::fputs(world.good ? "nobody has connected\n" : "certificate or key cannot be used\n", stderr);
      return 1;
    }
    auto hosts = std::make_unique<Hosts>(world, std::stoul(words[3]));
    const Instant until = world.clock.now() + std::chrono::seconds(std::stoi(words[4]));
    while (world.clock.now() < until) hosts->turn();
    const Counts& counts = world.counts;
    std::printf("{\"connections\": %lu, \"client_resumed\": %lu, \"server_resumed\": %lu, \"failed\": %lu}\n",
                counts.connections, counts.client_resumed, counts.server_resumed, counts.failed);
  }
  runtime.leave_worker();
  return 0;
}

}  // namespace
}  // namespace limpid

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  if (words.size() == 7) return limpid::run(words);
  std::fputs("usage: see the head of tests/bench/memory_hosts.cc\n", stderr);
  return 2;
}
