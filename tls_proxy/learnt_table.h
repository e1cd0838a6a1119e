// LearntTable: which kinds of clients (JA4) do not accept forged certificates at which servers, learnt from
// the handshakes that they give up: because they pin their server's certificate, or do not know the signing
// CA. Enough failures of enough client addresses, and no success, make a proposal, or under `auto` a bypass:
// such sessions are passed for a while, then one is decrypted again to see whether it still fails. Shared by
// all workers and the control thread; one lock, held for a look-up, and taken only where there are entries.
// No I/O; bounded. What an attacker can do with it: docs/threat-model.md.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/edges.h"
#include "dataplane/base/sip_hash.h"
#include "policy/learning.h"
#include "tls_proxy/ja4.h"

namespace limpid::tls {

enum class LearntState : std::uint8_t { kSuspect, kProposed, kBypass, kRetry, kAccepted, kForgotten };
/// "suspect", "proposed", "bypass", "retry", "accepted", "forgotten".
std::string_view name(LearntState state);

inline constexpr Edges<LearntState, 17> kLearntEdges{{{
    {LearntState::kSuspect, LearntState::kProposed},   // failures enough: the operator may decide
    {LearntState::kSuspect, LearntState::kBypass},     // the same under auto
    {LearntState::kSuspect, LearntState::kAccepted},   // the operator has decided
    {LearntState::kSuspect, LearntState::kForgotten},  // a success, or nothing more for a while
    {LearntState::kProposed, LearntState::kBypass},    // the rule is auto by now
    {LearntState::kProposed, LearntState::kAccepted},
    {LearntState::kProposed, LearntState::kForgotten},
    {LearntState::kBypass, LearntState::kRetry},     // its time is over: one session is decrypted
    {LearntState::kBypass, LearntState::kProposed},  // the rule is not auto any more
    {LearntState::kBypass, LearntState::kAccepted},
    {LearntState::kBypass, LearntState::kForgotten},
    {LearntState::kRetry, LearntState::kBypass},  // it has failed: for twice as long
    {LearntState::kRetry, LearntState::kProposed},
    {LearntState::kRetry, LearntState::kAccepted},
    {LearntState::kRetry, LearntState::kForgotten},  // it has succeeded
    {LearntState::kRetry, LearntState::kRetry},      // nobody knows how it ended: another one
    {LearntState::kAccepted, LearntState::kForgotten},
}}};
static_assert(!kLearntEdges.allow(LearntState::kAccepted, LearntState::kRetry),
              "what the operator has accepted is not decrypted again");

/// How a client has shown that it does not accept a certificate.
enum class Rejection : std::uint8_t {
  kBadCertificate,      // alerts
  kCertificateUnknown,  //
  kUnknownCa,           //
  kClosed,              // it closed the connection right behind the certificate,
  kReset,               // or reset it,
  kSilent,              // or took it, and left without a word
};
/// "bad_certificate", …, "closed", "reset", "silent".
std::string_view name(Rejection how);

struct LearningSettings {
  std::size_t failures = 3;  // within `within`, kFailuresMax at most
  std::size_t clients = 2;   // of so many addresses at least (IPv6: /64), kClientsMax at most
  Duration within = std::chrono::minutes(10);
  Duration bypass = std::chrono::hours(1);
  Duration bypass_max = std::chrono::hours(12);  // a success counts for so long, too
  std::size_t entries_max = 4'096;
};

/// What an entry is about: it decides for no other segment, VLAN, rule or way to the server. Texts hold
/// nothing but what names and addresses are made of, and the rule's name.
struct LearntPlace {
  std::string host{};      // the name that the client sends, in small letters; empty: none
  SocketAddress server{};  // its port; its address where there is no other name for it
  std::string connect{};   // whom a proxy was asked for: "shop.example:443"; empty: nobody
  Ja4 client{};            // which kind
  std::string rule{};      // the name of the one that decrypts
  std::uint16_t segment = 0;
  std::uint16_t vlan = 0;

  /// "shop.example:443", "192.0.2.1:443"
  std::string server_text() const;
  /// The server has no other name.
  bool is_by_address() const { return host.empty() && connect.empty(); }
  friend bool operator==(const LearntPlace&, const LearntPlace&) = default;
};
/// Whether a text that a client has sent may stand in an entry.
bool is_plain_name(std::string_view text);

/// What was passed because of an entry. Any thread.
struct Unseen {
  std::atomic<std::uint64_t> sessions{0};
  std::atomic<std::uint64_t> bytes{0};
};

/// One entry, as the operator and the file have it. Values.
struct LearntEntry {
  std::string id{};  // twelve hexadecimal digits, the same after a restart
  std::shared_ptr<const LearntPlace> place{};
  LearntState state = LearntState::kSuspect;
  policy::Learning mode = policy::Learning::kPropose;  // of the rule, at the last failure
  Rejection last{};
  std::uint64_t failures = 0;
  std::uint32_t clients = 0;  // addresses that are told apart; no more than kClientsMax are
  WallTime first_failure{};
  WallTime last_failure{};
  WallTime until{};  // bypass: then one session is decrypted again; proposed, suspect: then it is forgotten
  Duration span{};   // of the bypass; zero: there was none
  std::uint64_t sessions = 0;  // passed because of it
  std::uint64_t bytes = 0;
};

/// For the log.
struct LearntChange {
  LearntState from{};
  LearntEntry entry{};  // after it
};

class LearntTable {
 public:
  static constexpr std::size_t kFailuresMax = 16;
  static constexpr std::size_t kClientsMax = 8;
  static constexpr std::size_t kChangesMax = 256;  // that wait to be told; further ones are counted
  /// How long a proposal waits for the operator after its last failure.
  static constexpr Duration kProposalLasts = std::chrono::hours(24 * 7);
  /// Until the session that is decrypted again has shown how it ends.
  static constexpr Duration kRetryLasts = std::chrono::minutes(1);

  /// `clock` outlives it, and may be used by several threads. `secret`: random.
  LearntTable(const LearningSettings& settings, const Clock& clock, const SipKey& secret);

  // --- workers ---
  /// There is nothing to ask for.
  bool empty() const { return size_.load(std::memory_order_relaxed) == 0; }
  /// Where a session of this place is to be passed, what counts it; else null. May choose the session to be
  /// the one that is decrypted again.
  std::shared_ptr<Unseen> ask(const LearntPlace& place, policy::Learning mode);
  void on_failure(const LearntPlace& place, policy::Learning mode, const IpAddress& client, Rejection how);
  /// The client has taken the certificate, and spoken.
  void on_success(const LearntPlace& place);

  // --- the control thread ---
  /// Those that were in use last come first, of each kind.
  std::vector<LearntEntry> entries() const;
  /// One id may be that of several entries, though nobody has ever seen that: then none is changed.
  enum class Changed : std::uint8_t { kDone, kUnknown, kAmbiguous };
  Changed accept(std::string_view id);
  Changed forget(std::string_view id);
  /// Proposals, bypasses and accepted entries of an earlier process, before there are others. What is not
  /// within the settings' bounds is brought there.
  void restore(const std::vector<LearntEntry>& entries);
  /// Forgets what is too old.
  void expire();

  struct Changes {
    std::vector<LearntChange> list;
    std::uint64_t untold = 0;
  };
  Changes take_changes();
  /// Changes with everything that restore() would bring back, counters apart.
  std::uint64_t generation() const { return generation_.load(std::memory_order_relaxed); }
  /// Failures of which nothing could be kept, as all entries are bypasses or accepted.
  std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  struct Seen {
    IpAddress client;
    Instant last;
  };
  struct Entry {
    std::string key;
    std::string id;
    std::shared_ptr<const LearntPlace> place;
    LearntState state = LearntState::kSuspect;
    policy::Learning mode = policy::Learning::kPropose;
    Rejection last{};
    std::uint64_t failures = 0;
    std::uint32_t clients_before = 0;            // the restart
    std::array<Instant, kFailuresMax> recent{};  // times of the last failures, in a ring
    std::size_t noted = 0;                       // there, ever
    std::vector<Seen> clients{};                 // the latest kClientsMax
    Instant first_failure{};
    Instant last_failure{};
    Instant until{};  // of a bypass, or of the wait for a retry
    Duration span{};
    std::shared_ptr<Unseen> unseen = std::make_shared<Unseen>();
  };
  using Entries = std::list<Entry>;
  struct Hash {
    SipKey secret;
    std::size_t operator()(const std::string& key) const { return sip_hash(as_bytes(key), secret); }
  };

  /// With the lock held, all of them.
  Entry* find(const std::string& key);
  Entry* find_or_make(const std::string& key, const LearntPlace& place);
  bool make_room();
  void note(Entry& entry, const IpAddress& client, Instant now);
  bool is_enough(const Entry& entry, Instant now) const;
  void on_counted(Entry& entry, Instant now);
  void begin_bypass(Entry& entry, Duration span, Instant now);
  void enter(Entry& entry, LearntState next, bool told = true);
  void tell(LearntState before, const Entry& entry);
  void forget(Entries& list, Entries::iterator at);
  Instant ends(const Entry& entry) const;
  LearntEntry shown(const Entry& entry, Instant now, WallTime wall) const;
  Entries& list_of(LearntState state) { return is_settled(state) ? settled_ : suspects_; }
  static bool is_settled(LearntState state) {
    return state == LearntState::kBypass || state == LearntState::kRetry || state == LearntState::kAccepted;
  }
  template <typename Change>
  Changed change(std::string_view id, const Change& change);

  static std::array<std::size_t, 2> slots_of(std::uint64_t hash) {
    return {hash % kSuccesses, (hash / kSuccesses) % kSuccesses};
  }
  std::atomic<std::uint64_t>& success_slot(std::uint64_t hash);
  bool succeeded_lately(const std::string& key, Instant now) const;

  LearningSettings settings_;
  const Clock& clock_;
  Hash hash_;
  mutable std::mutex mutex_;
  Entries suspects_;  // and proposals; in use last comes first, and the last one makes room
  Entries settled_;   // bypasses and what was accepted: nothing pushes them out
  std::unordered_map<std::string, Entries::iterator, Hash> index_;
  Changes changes_;
  std::atomic<std::size_t> size_{0};
  std::atomic<std::uint64_t> generation_{1};
  std::atomic<std::uint64_t> refused_{0};
  /// The latest success of a place, by its hash: half of that, and the time in seconds, in one of two slots.
  /// Others may take both; then it is forgotten.
  static constexpr std::size_t kSuccesses = std::size_t{1} << 20U;
  std::vector<std::atomic<std::uint64_t>> successes_;
};

}  // namespace limpid::tls
