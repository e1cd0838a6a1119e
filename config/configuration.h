// The configuration file as plain values, with every default. Paths have been resolved against the folder of
// the file. Made by load.h; no thread owns it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_error.h"
#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/port_map.h"
#include "policy/own_server.h"
#include "policy/rule.h"
#include "policy/upgrade_protocol.h"

namespace limpid::config {

// --- dataplane ---

enum class Idle : std::uint8_t { kAdaptive, kBusy };

/// What happens to a flow that would be intercepted, were it not for a limit.
enum class AtLimit : std::uint8_t { kPass, kReset };

/// Of one client address (IPv6: of its /64), all workers together. 0: no limit.
struct Limits {
  std::uint32_t client_sessions_max = 4'096;  // intercepted sessions
  std::uint32_t client_watched_max = 4'096;   // flows whose handshake or first bytes are watched
  AtLimit at_limit = AtLimit::kPass;          // of these and of every other limit

  friend bool operator==(const Limits&, const Limits&) = default;
};

struct Dataplane {
  std::vector<std::uint16_t> cores;                      // one worker each; empty: every core but the first
  std::uint64_t memory_bytes = std::uint64_t{1} << 30U;  // packet buffers
  std::uint64_t stream_memory_bytes = std::uint64_t{512}
                                      << 20U;  // bytes on their way through intercepted sessions
  Idle idle = Idle::kAdaptive;
  std::uint32_t flows_max = 262'144;    // tracked flows, all workers together
  std::uint32_t sessions_max = 16'384;  // intercepted sessions, all workers together
  Limits limits;
  Duration drain = std::chrono::seconds(10);  // after SIGTERM, intercepted sessions may go on for so long
  std::string ledger = "limpid.ledger";       // intercepted flows, so that they are reset after a crash

  friend bool operator==(const Dataplane&, const Dataplane&) = default;
};

// --- segments and tools ---

enum class Driver : std::uint8_t { kAfPacket, kAfXdp, kTap };

enum class MemifRole : std::uint8_t { kServer, kClient };

/// Shared memory with another program on this machine, which connects to the socket (server), or listens
/// there (client).
struct Memif {
  std::string socket;  // path
  MemifRole role = MemifRole::kServer;
  std::uint32_t id = 0;  // tells those of one socket apart

  friend bool operator==(const Memif&, const Memif&) = default;
};

/// A kernel interface, a device bound to a user-space driver, or shared memory: exactly one of `interface`,
/// `pci` and `memif` is set.
struct Port {
  std::string interface;
  Driver driver = Driver::kAfPacket;  // of `interface`
  std::string pci;                    // "0000:3b:00.0"
  std::optional<Memif> memif{};

  friend bool operator==(const Port&, const Port&) = default;
};

struct Segment {
  std::string name;
  Port client_side;
  Port server_side;

  friend bool operator==(const Segment&, const Segment&) = default;
};

/// When the next file begins, and how many there may be.
struct Rotation {
  std::uint64_t size_bytes = 0;  // 0: whatever the size
  Duration every{};              // 0: however old
  std::uint32_t keep = 0;        // files; 0: all

  friend bool operator==(const Rotation&, const Rotation&) = default;
};

enum class TunnelKind : std::uint8_t { kVxlan, kGre, kErspan };

/// Through an IP network to a collector.
struct Tunnel {
  TunnelKind kind = TunnelKind::kVxlan;
  SocketAddress collector;          // with a port for VXLAN only
  std::optional<std::uint32_t> id;  // VNI, GRE key or ERSPAN session; GRE without one has no key
  std::uint16_t mtu = 1'500;        // of the outer packets

  friend bool operator==(const Tunnel&, const Tunnel&) = default;
};

/// Served as a capture to those who connect (pcap over IP).
struct CaptureServer {
  SocketAddress listen;
  std::uint16_t clients_max = 4;

  friend bool operator==(const CaptureServer&, const CaptureServer&) = default;
};

/// What is overwritten in a mirror's copies.
struct Mask {
  std::vector<std::string> headers;  // names of HTTP header fields in small letters
  bool card_numbers = false;
  std::vector<std::string> patterns;  // regular expressions

  bool wanted() const { return card_numbers || !headers.empty() || !patterns.empty(); }
  friend bool operator==(const Mask&, const Mask&) = default;
};

inline constexpr std::uint32_t kShareAll = 1'000'000;

/// Whether a mirror gets what the ends say, or what inline tools have made of it.
enum class CopyAt : std::uint8_t { kBeforeTools, kAfterTools };

/// What a recording holds of a session.
enum class Content : std::uint8_t { kPlaintext, kCiphertext, kBoth };

/// An out-of-band tool: a copy of the plaintext as packets to `port`, into `pcapng`, through `tunnel` or from
/// `server`. Exactly one is set.
struct Mirror {
  std::optional<Port> port;
  std::string pcapng;                     // path
  Content content = Content::kPlaintext;  // of `pcapng`
  Rotation rotate;                        // of `pcapng`; nothing set: one file for ever
  std::optional<Tunnel> tunnel;
  std::optional<CaptureServer> server;
  std::uint32_t share = kShareAll;  // of the sessions, in millionths
  Mask mask;
  CopyAt at = CopyAt::kBeforeTools;
  PortMap port_map;  // of servers' ports, as the copy has them

  friend bool operator==(const Mirror&, const Mirror&) = default;
};

/// What becomes of new sessions where an inline tool is down, or no connection through it can be opened.
enum class ToolFailure : std::uint8_t { kReset, kBypass, kBypassNetwork, kDropNetwork, kPortsDown };
/// And of those in mid-stream.
enum class OpenSessions : std::uint8_t { kWait, kReset };

struct FailureAction {
  ToolFailure on_failure = ToolFailure::kReset;
  OpenSessions open_sessions = OpenSessions::kWait;

  friend bool operator==(const FailureAction&, const FailureAction&) = default;
};

/// How the frames of one segment look on an inline tool's wires.
struct ToolSegment {
  std::uint16_t vlan = 0;  // of a tag in front of those that the flow has itself; 0: none
  bool client_at_side_b = false;

  friend bool operator==(const ToolSegment&, const ToolSegment&) = default;
};

/// How it is seen whether an inline tool works: a datagram each way, which has to come out at the other side.
struct Heartbeat {
  bool on = true;
  Duration interval = std::chrono::seconds(1);
  Duration timeout = std::chrono::milliseconds(500);        // no longer than the interval
  std::uint32_t misses = 3;                                 // in a row, until the tool is down
  Duration recovery = std::chrono::seconds(30);             // of good heartbeats, until it is up again
  IpAddress address_a = *IpAddress::parse("198.51.100.1");  // RFC 5737, RFC 3849: they belong to nobody
  IpAddress address_b = *IpAddress::parse("203.0.113.1");
  std::uint16_t port = 50'443;       // UDP, both ends
  std::uint16_t ethertype = 0x0800;  // another one: no IP, no UDP
  std::uint16_t vlan = 0;            // of their tag; 0: none

  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

/// A tool that stands in the plaintext's way.
struct InlineTool {
  Port side_a;                        // limpid speaks as the client here
  Port side_b;                        // and as the server here
  std::vector<ToolSegment> segments;  // all of them, by number; empty: no tags, clients at side A
  PortMap port_map;                   // of servers' ports, as the tool sees them
  FailureAction failure;
  Duration open_timeout = std::chrono::seconds(3);
  Heartbeat heartbeat;
  std::string negative_heartbeat;  // the contents of a frame that the tool must stop; empty: none is sent

  friend bool operator==(const InlineTool&, const InlineTool&) = default;
};

/// Equal inline tools that share the sessions. Numbers of tools.
struct ToolGroup {
  std::vector<std::uint16_t> members;
  std::vector<std::uint16_t> spares;
  std::uint32_t min_healthy = 1;
  FailureAction failure;

  friend bool operator==(const ToolGroup&, const ToolGroup&) = default;
};

/// A mirror, or an inline tool or a group where that is set.
struct Tool {
  std::string name;
  Mirror mirror;
  std::optional<InlineTool> inline_tool;
  std::optional<ToolGroup> group{};

  friend bool operator==(const Tool&, const Tool&) = default;
};

// --- tls ---

/// PEM files.
struct KeyPair {
  std::string certificate;
  std::string key;

  friend bool operator==(const KeyPair&, const KeyPair&) = default;
};

/// Where the passphrase of a private key is known: in a file's first line, or in the environment. At most
/// one.
struct PassphraseSource {
  std::string file;
  std::string env;

  friend bool operator==(const PassphraseSource&, const PassphraseSource&) = default;
};

/// A certificate with its key: PEM, or both in `pkcs12`.
struct OwnKey {
  KeyPair pair;  // the certificate's file holds its chain; the key may be encrypted
  std::string pkcs12;
  PassphraseSource passphrase;

  friend bool operator==(const OwnKey&, const OwnKey&) = default;
};

/// Of a server of one's own.
struct InboundKey : OwnKey {
  policy::OwnServer server;

  friend bool operator==(const InboundKey&, const InboundKey&) = default;
};

/// Of a client: what servers of these names are shown.
struct ClientKey : OwnKey {
  std::vector<std::string> hosts;  // host patterns in normal form

  friend bool operator==(const ClientKey&, const ClientKey&) = default;
};

/// A port on which connections begin in the clear, and are upgraded.
struct StarttlsPort {
  std::uint16_t port = 0;
  policy::UpgradeProtocol protocol = policy::UpgradeProtocol::kSmtp;

  friend bool operator==(const StarttlsPort&, const StarttlsPort&) = default;
};

/// Sessions that are resumed, on either leg.
struct Resumption {
  bool on = true;
  std::uint32_t sessions_max = 16'384;                 // of each leg, all workers together
  Duration lifetime = std::chrono::hours(2);           // from the full handshake
  Duration ticket_key_period = std::chrono::hours(2);  // of a key that tickets are sealed with

  friend bool operator==(const Resumption&, const Resumption&) = default;
};

/// A file that the secrets of sessions are written into; no path: none.
struct KeyLog {
  std::string file{};
  std::vector<std::string> hosts{};  // host patterns in normal form; empty: of all sessions

  friend bool operator==(const KeyLog&, const KeyLog&) = default;
};

/// What is learnt of clients that do not accept forged certificates.
struct Learning {
  policy::Learning mode = policy::Learning::kPropose;  // of rules that say nothing else
  std::uint32_t failures = 3;                          // so many, of
  std::uint32_t clients = 2;                           // so many clients at the least,
  Duration within = std::chrono::minutes(10);          // make a proposal, or a bypass
  Duration bypass = std::chrono::hours(1);             // its first one
  Duration bypass_max = std::chrono::hours(12);        // and its longest
  std::uint32_t entries_max = 4'096;
  std::string file = "learnt.json";  // what is to be known after a restart

  friend bool operator==(const Learning&, const Learning&) = default;
};

enum class Revocation : std::uint8_t { kOff, kSoft, kHard };

struct Tls {
  std::optional<KeyPair> trusted;    // signs for servers that verify; always there if the policy may decrypt
  std::optional<KeyPair> untrusted;  // signs for servers that do not; absent: their sessions are refused
  std::string trust = "/etc/ssl/certs/ca-certificates.crt";  // a file, or a folder of hashed names
  std::vector<InboundKey> inbound;
  policy::ClientCertificate client_certificate = policy::ClientCertificate::kContinue;
  std::vector<ClientKey> client_certificates;
  policy::VersionPolicy versions;
  policy::Treatments verification = policy::default_treatments();
  std::uint32_t intermediates_max = 10;  // of a server's chain
  std::string intermediates;             // a file of those that servers leave out; empty: none
  Revocation revocation = Revocation::kSoft;
  std::string revocation_lists;   // a folder; empty: none
  bool revocation_fetch = false;  // lists are fetched from where certificates say that they are
  bool revocation_ask = false;    // issuers are asked (OCSP) where nothing else tells
  Duration revocation_wait = std::chrono::milliseconds(300);  // sessions, for what issuers say
  Resumption resumption;
  std::vector<std::string> ech_fronts{"cloudflare-ech.com"};  // host patterns in normal form
  KeyLog key_log;
  Learning learning;
  std::vector<StarttlsPort> starttls_ports;
  std::uint32_t starttls_ports_max = 20;

  friend bool operator==(const Tls&, const Tls&) = default;
};

// --- the rest ---

struct Inventory {
  std::string database = "inventory.db";
  Duration keep{};  // what has not been seen for so long is removed; 0: nothing is

  friend bool operator==(const Inventory&, const Inventory&) = default;
};

struct Control {
  std::string socket = "limpid.sock";

  friend bool operator==(const Control&, const Control&) = default;
};

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

struct Logging {
  LogLevel level = LogLevel::kInfo;
  std::string file;  // empty: standard error

  friend bool operator==(const Logging&, const Logging&) = default;
};

struct Configuration {
  Dataplane dataplane;
  std::vector<Segment> segments;
  std::vector<Tool> tools;
  Tls tls;
  policy::Policy policy;
  Inventory inventory;
  Control control;
  Logging logging;

  std::vector<ConfigError> warnings;  // of the loader; none of them stops anything

  friend bool operator==(const Configuration&, const Configuration&) = default;
};

/// The words of the configuration file.
std::string_view name(Idle idle);
std::string_view name(AtLimit at_limit);
std::string_view name(MemifRole role);
std::string_view name(Driver driver);
std::string_view name(TunnelKind kind);
std::string_view name(CopyAt at);
std::string_view name(Content content);
std::string_view name(ToolFailure on_failure);
std::string_view name(OpenSessions open_sessions);
std::string_view name(Revocation mode);
std::string_view name(LogLevel level);

/// Some inline tool sees other server ports than the flows'.
bool inline_ports_mapped(const Configuration& configuration);

/// The servers of tls.inbound, in its order.
std::vector<policy::OwnServer> own_servers(const Configuration& configuration);

/// Segment and tool names, for policy::RuleSet::compile().
policy::Names names(const Configuration& configuration);

}  // namespace limpid::config
