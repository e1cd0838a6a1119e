// What one interception costs: the time inside the Interceptor and its session, for a full handshake towards
// a real client and a real server in memory, with warm caches; beside it the floor, which is OpenSSL alone in
// both roles with nothing verified and nothing forged. The outer client and server are not timed. Also the
// relay's throughput, what a resumed session costs, and the memory of an idle session.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/system_clock.h"
#include "tests/support/pki.h"
#include "tls_proxy/capture.h"
#include "tls_proxy/interceptor.h"
#include "tls_proxy/openssl/pointers.h"
#include "tls_proxy/resumption.h"
#include "tls_proxy/session.h"

namespace limpid::testing {
namespace {

/// The thread's own time: other programs on the machine do not count.
struct Stopwatch {
  using duration = std::chrono::nanoseconds;
  static duration now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
};

/// Bytes from one side to the other; reading does not move the rest.
class Pipe {
 public:
  void put(const void* bytes, std::size_t size) {
    if (at_ == bytes_.size()) {
      bytes_.clear();
      at_ = 0;
    }
    const auto* first = static_cast<const std::byte*>(bytes);
    bytes_.insert(bytes_.end(), first, first + size);
  }
  std::size_t size() const { return bytes_.size() - at_; }
  const std::byte* data() const { return bytes_.data() + at_; }
  void drop(std::size_t size) { at_ += size; }
  void release() { std::vector<std::byte>().swap(bytes_), at_ = 0; }

 private:
  std::vector<std::byte> bytes_;
  std::size_t at_ = 0;
};

class PipeStream final : public tcp::ByteStream {
 public:
  std::size_t readable() const override { return in.size(); }
  Bytes peek() const override { return {in.data(), in.size()}; }
  std::size_t copy_front(MutableBytes into) const override {
    const std::size_t size = std::min(into.size(), in.size());
    std::memcpy(into.data(), in.data(), size);
    return size;
  }
  void consume(std::size_t size) override { in.drop(size); }
  bool finished() const override { return false; }
  std::size_t credit() const override { return std::size_t{1} << 30U; }
  std::size_t write(Bytes bytes) override {
    out.put(bytes.data(), bytes.size());
    return bytes.size();
  }
  void finish() override {}
  std::size_t unacknowledged() const override { return 0; }
  void abort() override {}
  Reason failure() const override { return Reason::none; }

  Pipe in;
  Pipe out;
};

/// An outer end, or one role of the floor: an SSL over two memory BIOs.
struct Party {
  Party(SSL_CTX* context, bool server) : ssl(SSL_new(context)) {
    in = BIO_new(BIO_s_mem());
    out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl.get(), in, out);
    server ? SSL_set_accept_state(ssl.get()) : SSL_set_connect_state(ssl.get());
  }
  bool step() { return SSL_do_handshake(ssl.get()) == 1; }
  void swallow(Pipe& pipe) {
    if (pipe.size() > 0) BIO_write(in, pipe.data(), static_cast<int>(pipe.size()));
    pipe.drop(pipe.size());
  }
  void emit(Pipe& pipe) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out, &bytes);
    if (size > 0) pipe.put(bytes, static_cast<std::size_t>(size));
    (void)BIO_reset(out);
  }
  openssl::SslPtr ssl;
  BIO* in = nullptr;
  BIO* out = nullptr;
};

struct NoRecords final : tls::RecordSink {
  void on_session(tls::SessionRecord&&) override {}
  void on_certificate(certificate::ObservedCertificate&&) override {}
  void on_captured(std::unique_ptr<tls::CapturedSession>) override {}
};

struct FixedClock final : Clock {
  Instant now() const override { return Instant(std::chrono::hours(1)); }
  WallTime wall() const override { return kTestNow; }
};

/// Both versions of the appliance's inside, and the contexts of the outer ends.
class World {
 public:
  explicit World(TestKey server_key, int version = TLS1_3_VERSION, bool resumes = false) {
    root = make_certificate(ca_spec("Root"));
    intermediate = make_certificate(ca_spec("Intermediate"), &root);
    leaf = make_certificate({.key = server_key}, &intermediate);
    signing = make_certificate(ca_spec("Signing"));
    const std::string folder = make_folder();
    const std::string ca = write_file(folder, "ca.pem", signing.certificate_pem());
    const std::string key = write_file(folder, "ca.key", signing.key_pem());
    const Credential untrusted = make_certificate(ca_spec("Untrusted"));
    const std::string other = write_file(folder, "other.pem", untrusted.certificate_pem());
    const std::string other_key = write_file(folder, "other.key", untrusted.key_pem());
    tls::InterceptorParts parts;
    parts.rules = policy::RuleSet::compile({}, {}).value();
    parts.trust = certificate::TrustStore::load(write_file(folder, "r.pem", root.certificate_pem())).value();
    parts.signing = certificate::SigningMaterial::load({ca, key, other, other_key}, kTestNow).value();
    parts.random = &random;
    parts.clock = &clock;
    parts.records = &records;
    if (resumes) parts.resumption = tls::Resumption::make({}, random, clock);
    signing_material = parts.signing;
    interceptor = tls::Interceptor::open({}, parts).value();

    client_context.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(client_context.get(), version);
    if (resumes) remember_sessions(client_context.get(), remembered);
    server_context.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(server_context.get(), leaf.certificate.get());
    SSL_CTX_use_PrivateKey(server_context.get(), leaf.key.get());
    X509_up_ref(intermediate.certificate.get());
    SSL_CTX_ctrl(server_context.get(), SSL_CTRL_CHAIN_CERT, 0, intermediate.certificate.get());
    floor_client_context.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_cert_verify_callback(
        floor_client_context.get(), [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
    floor_server_context.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_num_tickets(floor_server_context.get(), 0);
    forged = make_certificate({}, &signing);
    SSL_CTX_use_certificate(floor_server_context.get(), forged.certificate.get());
    SSL_CTX_use_PrivateKey(floor_server_context.get(), forged.key.get());
    SSL_CTX_set_max_proto_version(floor_client_context.get(), version);
    if (resumes) remember_sessions(floor_client_context.get(), floor_remembered);
    facts.client = *SocketAddress::parse("10.0.0.1:50000");
    facts.server = *SocketAddress::parse("192.0.2.1:443");
  }

  Party client() {
    Party party(client_context.get(), false);
    SSL_ctrl(party.ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>("server.example"));
    offer(party.ssl.get(), remembered.get());
    return party;
  }
  Party server() { return {server_context.get(), true}; }

  /// Clients of this context offer the last session that they had.
  static void remember_sessions(SSL_CTX* context, openssl::SessionPtr& last) {
    SSL_CTX_set_app_data(context, &last);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) {
      static_cast<openssl::SessionPtr*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))
          ->reset(SSL_SESSION_dup(session));
      return 0;
    });
  }
  static void offer(SSL* ssl, SSL_SESSION* session) {
    // A copy: the library marks the session of a connection that is freed unclosed.
    const openssl::SessionPtr offered(session != nullptr ? SSL_SESSION_dup(session) : nullptr);
    if (offered) SSL_set_session(ssl, offered.get());
  }

  openssl::SessionPtr remembered, floor_remembered;
  Credential root, intermediate, leaf, signing, forged;
  SeededRandom random{1};
  FixedClock clock;
  NoRecords records;
  std::shared_ptr<const certificate::SigningMaterial> signing_material;
  std::unique_ptr<tls::Interceptor> interceptor;
  openssl::SslCtxPtr client_context, server_context, floor_client_context, floor_server_context;
  FlowFacts facts;
};

/// One session with its outer ends, up to the relay.
struct Run {
  explicit Run(World& world) : client(world.client()), server(world.server()) {
    client.step();
    client.emit(client_stream.in);
    const auto began = Stopwatch::now();
    const Bytes first{client_stream.in.data(), client_stream.in.size()};
    flow::FirstBytesAdvice advice = world.interceptor->on_first_bytes(world.facts, first, world.clock.now());
    session = std::move(advice.session);
    inside += Stopwatch::now() - began;
    while (!ready()) {
      work(world.clock.now());
      server.swallow(server_stream.out);
      server.step();
      server.emit(server_stream.in);
      client.swallow(client_stream.out);
      client.step();
      client.emit(client_stream.in);
    }
  }
  bool ready() const {
    return static_cast<const tls::TlsSession&>(*session).state() == tls::SessionState::kRelay &&
           SSL_is_init_finished(server.ssl.get()) != 0;
  }
  void work(Instant now) {
    const auto began = Stopwatch::now();
    session->run({client_stream, server_stream}, now);
    inside += Stopwatch::now() - began;
  }

  Party client;
  Party server;
  PipeStream client_stream;
  PipeStream server_stream;
  std::unique_ptr<flow::Session> session;
  Stopwatch::duration inside{};
};

Stopwatch::duration intercept_once(World& world) {
  Run run(world);
  const auto began = Stopwatch::now();
  run.session.reset();
  return run.inside + (Stopwatch::now() - began);
}

/// Handshakes between `own` and `peer` until both are done; returns the time that `own` took.
Stopwatch::duration shake(Party& own, Party& peer, Pipe& in, Pipe& out) {
  Stopwatch::duration inside{};
  bool done = false;
  while (!done || SSL_is_init_finished(peer.ssl.get()) == 0) {
    const auto began = Stopwatch::now();
    own.swallow(in);
    done = own.step();
    own.emit(out);
    inside += Stopwatch::now() - began;
    peer.swallow(out);
    peer.step();
    peer.emit(in);
  }
  // As a relay would: what follows the handshake (tickets) is read, too.
  const auto began = Stopwatch::now();
  char byte = 0;
  own.swallow(in);
  SSL_read(own.ssl.get(), &byte, 1);
  return inside + (Stopwatch::now() - began);
}

Stopwatch::duration floor_once(World& world) {
  Party client = world.client();
  Party server = world.server();
  Pipe to_client, from_client, to_server, from_server;
  client.step();
  client.emit(from_client);
  auto began = Stopwatch::now();
  auto towards_server = std::make_unique<Party>(world.floor_client_context.get(), false);
  SSL_ctrl(towards_server->ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
           const_cast<char*>("server.example"));
  World::offer(towards_server->ssl.get(), world.floor_remembered.get());
  auto towards_client = std::make_unique<Party>(world.floor_server_context.get(), true);
  Stopwatch::duration inside = Stopwatch::now() - began;
  inside += shake(*towards_server, server, from_server, to_server);
  inside += shake(*towards_client, client, from_client, to_client);
  began = Stopwatch::now();
  towards_server.reset();
  towards_client.reset();
  return inside + (Stopwatch::now() - began);
}

double median_us(std::vector<Stopwatch::duration>& samples) {
  const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
  std::nth_element(samples.begin(), middle, samples.end());
  return std::chrono::duration<double, std::micro>(*middle).count();
}

/// Interception and floor take turns, so that whatever else the machine does meets both.
void intercept(benchmark::State& state, TestKey key, int version) {
  World world(key, version);
  intercept_once(world);
  std::vector<Stopwatch::duration> own;
  std::vector<Stopwatch::duration> least;
  for (auto _ : state) {
    least.push_back(floor_once(world));
    own.push_back(intercept_once(world));
    state.SetIterationTime(std::chrono::duration<double>(own.back()).count());
  }
  state.counters["median_us"] = median_us(own);
  state.counters["floor_us"] = median_us(least);
  state.counters["ratio"] = median_us(own) / median_us(least);
}

/// Both legs resumed, in turns with full handshakes, and with OpenSSL alone that resumes in both roles.
void resume(benchmark::State& state, TestKey key, int version) {
  World full(key, version);
  World world(key, version, true);
  World bare(key, version, true);
  intercept_once(full);
  intercept_once(world);
  floor_once(bare);
  std::vector<Stopwatch::duration> own;
  std::vector<Stopwatch::duration> whole;
  std::vector<Stopwatch::duration> least;
  for (auto _ : state) {
    whole.push_back(intercept_once(full));
    least.push_back(floor_once(bare));
    own.push_back(intercept_once(world));
    state.SetIterationTime(std::chrono::duration<double>(own.back()).count());
  }
  const tls::InterceptorCounters counters = world.interceptor->counters();
  if (counters.client_resumed != own.size() || counters.server_resumed != own.size())
    state.SkipWithError("not every session was resumed on both legs");
  state.counters["median_us"] = median_us(own);
  state.counters["full_us"] = median_us(whole);
  state.counters["floor_us"] = median_us(least);
  state.counters["ratio"] = median_us(own) / median_us(least);
}

void relay(benchmark::State& state, std::size_t size) {
  World world(TestKey::kP256);
  Run run(world);
  const std::string text(size, 'x');
  std::vector<char> sink(std::size_t{1} << 20U);
  std::int64_t bytes = 0;
  for (auto _ : state) {
    std::size_t said = 0;
    for (; said < std::size_t{256} * 1024; said += size) {
      SSL_write(run.server.ssl.get(), text.data(), static_cast<int>(size));
    }
    run.server.emit(run.server_stream.in);
    run.inside = {};
    do run.work(world.clock.now());
    while (run.session->deadline() <= world.clock.now());
    state.SetIterationTime(std::chrono::duration<double>(run.inside).count());
    run.client.swallow(run.client_stream.out);
    while (SSL_read(run.client.ssl.get(), sink.data(), static_cast<int>(sink.size())) > 0) {
    }
    bytes += static_cast<std::int64_t>(said);
  }
  state.SetBytesProcessed(bytes);
}

void idle_memory(benchmark::State& state) {
  World world(TestKey::kP256);
  Run warm(world);
  constexpr int kSessions = 200;
  for (auto _ : state) {
    std::vector<std::unique_ptr<flow::Session>> sessions;
    std::vector<std::unique_ptr<PipeStream>> streams;
    const std::size_t before = mallinfo2().uordblks;
    for (int i = 0; i < kSessions; ++i) {
      Run run(world);
      run.work(world.clock.now());
      sessions.push_back(std::move(run.session));
    }
    state.counters["bytes_a_session"] =
        static_cast<double>(mallinfo2().uordblks - before) / static_cast<double>(kSessions);
  }
}

constexpr int k12 = TLS1_2_VERSION;
constexpr int k13 = TLS1_3_VERSION;
BENCHMARK_CAPTURE(intercept, tls13_p256, TestKey::kP256, k13)->UseManualTime()->MinTime(2);
BENCHMARK_CAPTURE(intercept, tls13_rsa2048, TestKey::kRsa2048, k13)->UseManualTime()->MinTime(2);
BENCHMARK_CAPTURE(intercept, tls12_p256, TestKey::kP256, k12)->UseManualTime()->MinTime(2);
BENCHMARK_CAPTURE(resume, tls12_p256, TestKey::kP256, k12)->UseManualTime()->MinTime(2);
BENCHMARK_CAPTURE(relay, records_16k, 16'384)->UseManualTime();
BENCHMARK_CAPTURE(relay, records_1k, 1'024)->UseManualTime();
BENCHMARK(idle_memory)->Iterations(1);

}  // namespace
}  // namespace limpid::testing

BENCHMARK_MAIN();
