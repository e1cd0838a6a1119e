#include "tests/unit/tls_proxy/recordings/recordings.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "dataplane/base/address.h"
#include "dataplane/wire/packet_view.h"
#include "tests/unit/tls_proxy/recordings/tunnels.h"

namespace limpid::testing {

namespace {

constexpr unsigned kSyn = 0x02;
constexpr unsigned kAck = 0x10;

/// One direction, put in order.
struct Direction {
  std::uint32_t next = 0;
  bool known = false;
  std::map<std::uint32_t, std::string> later;  // by distance from `next`

  std::string take(std::uint32_t seq, std::string_view payload) {
    std::string ready;
    add(seq, payload, ready);
    for (bool found = true; found;) {
      found = false;
      for (auto it = later.begin(); it != later.end(); ++it) {
        if (static_cast<std::int32_t>(it->first - next) > 0) continue;
        const auto [at, text] = *it;
        later.erase(it);
        add(at, text, ready);
        found = true;
        break;
      }
    }
    return ready;
  }

 private:
  void add(std::uint32_t seq, std::string_view payload, std::string& ready) {
    const auto offset = static_cast<std::int32_t>(seq - next);
    if (offset > 0) {
      if (!payload.empty()) later.try_emplace(seq, payload);
      return;
    }
    const auto old = static_cast<std::size_t>(-std::int64_t{offset});
    if (old >= payload.size()) return;
    ready += payload.substr(old);
    next += static_cast<std::uint32_t>(payload.size() - old);
  }
};

/// "192.0.2.1:25", "2001:db8::1:25"
std::string text_of(const SocketAddress& address) {
  return address.ip.text() + ":" + std::to_string(address.port);
}

struct Tracked {
  RecordedFlow flow;
  std::uint32_t syn = 0;  // its number, where there was one
  Direction client;
  Direction server;
};

class Reader {
 public:
  void on_frame(std::string_view frame) {
    const auto view = wire::parse(as_bytes(frame));
    if (!view) return;
    const unsigned flags = view->flags & (kSyn | kAck);
    const std::string source = text_of(view->source());
    const std::string destination = text_of(view->destination());
    const std::string there = source + "->" + destination;
    const std::string back = destination + "->" + source;
    if (flags == kSyn) {
      begin(there, *view);
    } else if (!flows_.contains(there) && !flows_.contains(back)) {
      if (flags == (kSyn | kAck)) open(back, view->source_port);
      if ((flags & kSyn) == 0 && view->payload_size() > 0) open(there, view->destination_port);
    }
    if (const auto found = flows_.find(there); found != flows_.end()) {
      on_segment(found->second, true, *view);
    } else if (const auto other = flows_.find(back); other != flows_.end()) {
      on_segment(other->second, false, *view);
    }
  }
  std::vector<RecordedFlow> take() {
    for (auto& [name, tracked] : flows_) done_.push_back(std::move(tracked.flow));
    return std::move(done_);
  }

 private:
  Tracked& open(const std::string& name, std::uint16_t server_port) {
    return flows_
        .try_emplace(name, Tracked{.flow = {name, server_port, false, {}}, .client = {}, .server = {}})
        .first->second;
  }
  /// Ports are used again: another number is another flow.
  void begin(const std::string& name, const wire::PacketView& view) {
    if (const auto found = flows_.find(name); found != flows_.end()) {
      if (found->second.flow.from_syn && found->second.syn == view.seq) return;
      done_.push_back(std::move(found->second.flow));
      flows_.erase(found);
    }
    Tracked& opened = open(name, view.destination_port);
    opened.flow.from_syn = true;
    opened.syn = view.seq;
  }
  static void on_segment(Tracked& tracked, bool of_client, const wire::PacketView& view) {
    Direction& direction = of_client ? tracked.client : tracked.server;
    const bool syn = (view.flags & kSyn) != 0;
    const std::uint32_t first = view.seq + (syn ? 1 : 0);
    if (!direction.known) {
      if (!syn && view.payload_size() == 0) return;
      direction.next = first;
      direction.known = true;
    }
    std::string ready = direction.take(first, as_text(view.payload()));
    if (!ready.empty()) tracked.flow.turns.push_back({of_client, std::move(ready)});
  }

  std::map<std::string, Tracked> flows_;
  std::vector<RecordedFlow> done_;
};

}  // namespace

Recording read_recording(const std::filesystem::path& file) {
  Reader reader;
  Recording recording;
  recording.end = read_capture(file, [&](std::string_view frame) { reader.on_frame(innermost(frame)); });
  recording.flows = reader.take();
  return recording;
}

std::vector<std::string> recorded_files() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kRecordings)) {
    const std::string name = entry.path().lexically_relative(kRecordings).string();
    if (entry.is_regular_file() && name != "truth.jsonl") files.push_back(name);
  }
  std::sort(files.begin(), files.end());
  return files;
}

RecordedFlow turned(const RecordedFlow& flow) {
  RecordedFlow other = flow;
  const std::size_t arrow = flow.name.find("->");
  const std::string client = flow.name.substr(0, arrow);
  other.name = flow.name.substr(arrow + 2) + "->" + client;
  other.server_port = static_cast<std::uint16_t>(std::stoi(client.substr(client.rfind(':') + 1)));
  for (RecordedTurn& turn : other.turns) turn.of_client = !turn.of_client;
  return other;
}

}  // namespace limpid::testing
