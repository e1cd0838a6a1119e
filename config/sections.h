// The sections of a configuration file, each read by one function in its own source. Inside config/ only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/configuration.h"
#include "config/files.h"
#include "config/reader.h"

namespace limpid::config {

/// Names of one kind: each once, and found again by those who refer to them.
class NameTable {
 public:
  /// `kind` completes "… is not a …" and "the … x is here twice".
  explicit NameTable(std::string_view kind) : kind_(kind) {}

  /// Reports a name that is here already.
  void add(const Value& value, const std::string& name);
  /// Reports a name that nobody has.
  std::optional<std::uint16_t> find(const Value& value) const;

 private:
  std::string kind_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::uint16_t> indices_;
};

/// What the sections share while a file is read.
struct Reading {
  Configuration& made;
  const Files& files;
  NameTable segments{"segment"};
  NameTable tools{"tool"};
  std::unordered_map<std::string, std::string> ports{};      // device -> the path of its user
  std::unordered_map<std::uint16_t, std::string> grouped{};  // tool -> the path of its group
  struct MemifUser {
    MemifRole role;
    std::string path;
  };
  std::unordered_map<std::string, MemifUser> memif_sockets{};  // socket -> its first user
};

void read_dataplane(Section& root, Reading& reading);
void read_segments(Section& root, Reading& reading);
void read_tools(Section& root, Reading& reading);
void read_policy(Section& root, Reading& reading);
/// After the policy: whether keys are needed depends on it.
void read_tls(Section& root, Reading& reading);
void read_inventory(Section& root, Reading& reading);
void read_control(Section& root, Reading& reading);
void read_logging(Section& root, Reading& reading);

/// What stands under "resumption" of tls.
void read_resumption(const Value& value, Resumption& made);
/// What stands under "key_log" of tls.
void read_key_log(const Value& value, const Files& files, KeyLog& made);
/// What stands under "learning" of tls.
void read_learning(const Value& value, const Files& files, Learning& made);
/// What stands under "mode" there, and under "learning" of a rule.
std::optional<policy::Learning> read_learning_mode(const Value& value);

/// The keys on_failure and open_sessions.
void read_failure(Section& section, FailureAction& made, const Reading& reading);
/// What stands under "group" of a tool: refers to other tools, so after all of them.
void read_group(const Value& value, ToolGroup& made, Reading& reading);
/// What stands under "inline" of a tool.
void read_inline(const Value& value, InlineTool& made, Reading& reading);

/// What stands under "when" of a rule.
void read_when(const Value& value, const Reading& reading, policy::Conditions& when);
/// What stands under "inbound" of tls.
void read_inbound_keys(const Value& value, Reading& reading);
/// The keys of a section that name a certificate and its key. `whose` completes "… has one certificate".
void read_own_key(Section& section, const Files& files, std::string_view whose, OwnKey& made);
/// The keys client_certificate and client_certificates of tls.
void read_client_certificates(Section& section, const Files& files, Tls& tls);
/// What stands under "client_certificate" of tls, or of a rule.
std::optional<policy::ClientCertificate> read_client_certificate(const Value& value);
/// What stands under "verification" of a rule.
std::vector<policy::TreatmentOverride> read_rule_verification(const Value& value);
/// The keys of tls that say how servers' certificates are judged, and what becomes of those that are not
/// good.
void read_verification(Section& section, const Files& files, Tls& tls);

/// What stands under "port_map".
PortMap read_port_map(const Value& value);

/// A segment's or tool's name: it stands in command lines and file names.
std::optional<std::string> read_name(Section& section, NameTable& table);

/// The port under a key that must be there.
void read_port(const Value& value, Port& port, Reading& reading);
/// The keys of a port that is shared memory; `socket` is what stands under "memif".
void read_memif(Section& section, const Value& socket, Port& port, Reading& reading);
/// Two users of one device, file or address would take each other's frames.
void claim(const Value& at, const std::string& device, Reading& reading);
/// Of a tool.
void read_mirror(const Value& value, Mirror& mirror, Reading& reading);
/// The keys of a port out of a section that may have others.
void read_port_keys(Section& section, Port& port, Reading& reading);

}  // namespace limpid::config
