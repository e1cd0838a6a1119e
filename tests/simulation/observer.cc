#include "tests/simulation/observer.h"

namespace limpid::simulation {
namespace {

constexpr std::size_t kGatheredMax = std::size_t{1} << 20U;

double seconds_of(Instant now) { return std::chrono::duration<double>(now.time_since_epoch()).count(); }

void print_segment(std::FILE* out, const Frame& frame) {
  std::fprintf(out, "seq %u ack %u win %u len %zu %s%s%s%s", frame.seq, frame.ack, unsigned{frame.window},
               frame.payload.size(), frame.has(tcp::kSyn) ? "S" : "", frame.has(tcp::kFin) ? "F" : "",
               frame.has(tcp::kRst) ? "R" : "", frame.has(tcp::kPsh) ? "P" : "");
  for (std::size_t i = 0; i < frame.options.sack_blocks; ++i) {
    std::fprintf(out, " sack %u-%u", frame.options.sack[i].left, frame.options.sack[i].right);
  }
  if (frame.options.timestamps) {
    std::fprintf(out, " ts %u/%u", frame.options.timestamps->value, frame.options.timestamps->echo);
  }
}

const char* fate_of(const Passage& passage) {
  if (passage.told_mtu) return "too big";
  if (passage.lost) return "lost";
  return passage.damage ? "damaged" : "";
}

}  // namespace

void TextTrace::on_frame(bool rightwards, const Frame& frame, Instant now) {
  std::fprintf(out_, "%12.6f %s ", seconds_of(now), rightwards ? "->" : "<-");
  print_segment(out_, frame);
  std::fprintf(out_, "\n");
}

void TextTrace::on_too_big(std::uint32_t seq, std::uint16_t mtu, Instant now) {
  std::fprintf(out_, "%12.6f too big: seq %u, mtu %u\n", seconds_of(now), seq, unsigned{mtu});
}

Recording::Recording(const std::string& path, const std::vector<std::string>& links)
    : file_(path, std::ios::binary | std::ios::trunc) {
  tool::pcapng::append_section(gathered_, "limpid's simulator");
  for (const std::string& link : links) tool::pcapng::append_interface(gathered_, link);
}

void Recording::add(std::uint32_t link, Bytes frame, Instant now, std::string_view comment) {
  tool::pcapng::append_packet(gathered_, link, WallTime(now.time_since_epoch()), frame, comment);
  if (gathered_.size() > kGatheredMax) finish();
}

void Recording::finish() {
  const std::string_view text = as_text(gathered_);
  file_.write(text.data(), static_cast<std::streamsize>(text.size()));
  file_.flush();
  gathered_.clear();
}

PcapngTrace::PcapngTrace(Recording& to)
    : to_(to),
      rightwards_{.from = *SocketAddress::parse("10.0.0.1:40000"),
                  .to = *SocketAddress::parse("10.0.0.2:443")} {}

void PcapngTrace::on_frame(bool rightwards, const Frame& frame, Instant now) {
  to_.add(0, encode(rightwards ? rightwards_ : rightwards_.back(), frame), now);
}

void BoxTextTrace::on_frame(BoxLink link, const RawFrame& frame, const Passage& passage, Instant now) {
  const std::optional<Frame> segment = decode(frame);
  std::fprintf(out_, "%12.6f %-6s to %02x ", seconds_of(now),
               kBoxLinks[static_cast<std::size_t>(link)].c_str(), std::to_integer<unsigned>(frame[5]));
  if (segment) {
    print_segment(out_, *segment);
  } else {
    std::fprintf(out_, "%zu bytes", frame.size());
  }
  std::fprintf(out_, " %s\n", fate_of(passage));
}

void BoxPcapngTrace::on_frame(BoxLink link, const RawFrame& frame, const Passage& passage, Instant now) {
  to_.add(static_cast<std::uint32_t>(link), frame, now, fate_of(passage));
}

}  // namespace limpid::simulation
