#include "tests/unit/tls_proxy/recordings/recordings.h"

#include <pcap/pcap.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "dataplane/base/address.h"
#include "dataplane/wire/packet_view.h"

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

struct Tracked {
  RecordedFlow flow;
  Direction client;
  Direction server;
};

/// The IP packet of a frame as one of Ethernet's; empty: not one of these links.
std::string as_ethernet(int link, std::string_view frame) {
  if (link == DLT_EN10MB) return std::string(frame);
  const std::size_t header = link == DLT_NULL        ? 4
                             : link == DLT_LINUX_SLL ? 16
                             : link == DLT_RAW       ? 0
                                                     : SIZE_MAX;
  if (header >= frame.size()) return {};
  const std::string_view ip = frame.substr(header);
  const bool v6 = (static_cast<unsigned char>(ip[0]) >> 4U) == 6;
  return std::string(12, '\0') + (v6 ? "\x86\xdd" : std::string("\x08\0", 2)) + std::string(ip);
}

class Reader {
 public:
  void on_frame(int link, std::string_view frame) {
    const std::string ethernet = as_ethernet(link, frame);
    const auto view = wire::parse(as_bytes(ethernet));
    if (!view) return;
    const std::string source = view->source().text();
    const std::string destination = view->destination().text();
    if ((view->flags & (kSyn | kAck)) == kSyn) open(source, destination, *view);
    if (const auto found = flows_.find(source + "->" + destination); found != flows_.end()) {
      on_segment(found->second, true, *view);
    } else if (const auto back = flows_.find(destination + "->" + source); back != flows_.end()) {
      on_segment(back->second, false, *view);
    }
  }
  std::vector<RecordedFlow> take() {
    std::vector<RecordedFlow> all;
    for (auto& [name, tracked] : flows_) all.push_back(std::move(tracked.flow));
    return all;
  }

 private:
  void open(const std::string& source, const std::string& destination, const wire::PacketView& view) {
    const std::string name = source + "->" + destination;
    flows_.try_emplace(name, Tracked{.flow = {name, view.destination_port, {}}, .client = {}, .server = {}});
  }
  static void on_segment(Tracked& tracked, bool of_client, const wire::PacketView& view) {
    Direction& direction = of_client ? tracked.client : tracked.server;
    const bool syn = (view.flags & kSyn) != 0;
    if (syn && !direction.known) direction.next = view.seq + 1;
    direction.known = direction.known || syn;
    if (!direction.known) return;
    std::string ready = direction.take(view.seq + (syn ? 1 : 0), as_text(view.payload()));
    if (!ready.empty()) tracked.flow.turns.push_back({of_client, std::move(ready)});
  }

  std::map<std::string, Tracked> flows_;
};

}  // namespace

std::vector<RecordedFlow> recorded_flows(const std::filesystem::path& file) {
  std::string error(PCAP_ERRBUF_SIZE, '\0');
  const std::unique_ptr<pcap_t, void (*)(pcap_t*)> pcap(pcap_open_offline(file.c_str(), error.data()),
                                                        pcap_close);
  if (pcap == nullptr) return {};
  Reader reader;
  pcap_pkthdr* header = nullptr;
  const unsigned char* bytes = nullptr;
  while (pcap_next_ex(pcap.get(), &header, &bytes) == 1) {
    reader.on_frame(pcap_datalink(pcap.get()), {reinterpret_cast<const char*>(bytes), header->caplen});
  }
  return reader.take();
}

}  // namespace limpid::testing
