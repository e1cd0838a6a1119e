#include "tests/simulation/observer.h"

#include <filesystem>

#include "tests/support/frames.h"

namespace limpid::simulation {
namespace {

constexpr std::string_view kLeft = "10.0.0.1:40000";
constexpr std::string_view kRight = "10.0.0.2:443";

wire::HeaderTemplate headers(std::string_view from, std::string_view to) {
  const frames::Frame prototype = frames::tcp({.source = std::string(from), .destination = std::string(to)});
  wire::HeaderTemplate learned;
  learned.learn(*wire::parse(prototype));
  return learned;
}

Result<tool::PcapngFile, std::string> create(const std::string& path) {
  std::error_code nothing_there;
  std::filesystem::remove(path, nothing_there);
  return tool::PcapngFile::open(path, "simulation", Duration::zero());
}

}  // namespace

void TextTrace::on_frame(bool rightwards, const Frame& frame, Instant now) {
  std::fprintf(out_, "%12.6f %s seq %u ack %u win %u len %zu %s%s%s",
               std::chrono::duration<double>(now.time_since_epoch()).count(), rightwards ? "->" : "<-",
               frame.seq, frame.ack, unsigned{frame.window}, frame.payload.size(),
               frame.has(tcp::kFin) ? "F" : "", frame.has(tcp::kRst) ? "R" : "",
               frame.has(tcp::kPsh) ? "P" : "");
  for (std::size_t i = 0; i < frame.options.sack_blocks; ++i) {
    std::fprintf(out_, " sack %u-%u", frame.options.sack[i].left, frame.options.sack[i].right);
  }
  if (frame.options.timestamps) {
    std::fprintf(out_, " ts %u/%u", frame.options.timestamps->value, frame.options.timestamps->echo);
  }
  std::fprintf(out_, "\n");
}

void TextTrace::on_too_big(std::uint32_t seq, std::uint16_t mtu, Instant now) {
  std::fprintf(out_, "%12.6f too big: seq %u, mtu %u\n",
               std::chrono::duration<double>(now.time_since_epoch()).count(), seq, unsigned{mtu});
}

PcapngTrace::PcapngTrace(const std::string& path)
    : file_(create(path)), left_(headers(kLeft, kRight)), right_(headers(kRight, kLeft)) {}

void PcapngTrace::on_frame(bool rightwards, const Frame& frame, Instant now) {
  if (!file_.ok()) return;
  const wire::Packet packet = wire::compose_segment(packets_, rightwards ? left_ : right_,
                                                    {.seq = frame.seq,
                                                     .ack = frame.ack,
                                                     .window = frame.window,
                                                     .flags = frame.flags,
                                                     .payload_first = frame.payload,
                                                     .ect = frame.ect},
                                                    frame.options);
  file_->append(packet.bytes(), WallTime(now.time_since_epoch()), now);
  file_->flush(now);
}

void PcapngTrace::on_too_big(std::uint32_t /*seq*/, std::uint16_t /*mtu*/, Instant /*now*/) {
  // Where reports come from has no place in a picture of one link.
}

}  // namespace limpid::simulation
