#include "tests/simulation/bottleneck.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

namespace limpid::simulation {
namespace {

constexpr Instant kStart{std::chrono::seconds{1000}};

/// A sender on the left and its receiver on the right.
class Pair {
 public:
  Pair(const Contender& contender, std::uint16_t number)
      : begins_(kStart + contender.begins), number_(number) {
    EndpointHostModel sender = bulk_sender(contender.control, std::size_t{1024} * 1024);
    sender.application.bytes = std::numeric_limits<std::uint32_t>::max();
    const Stream rightwards{.name = 2 * std::uint64_t{number} + 1};
    const Stream leftwards{.name = rightwards.name + 1};
    left_ = std::make_unique<EndpointHost>(sender, rightwards, leftwards, rightwards.name, begins_);
    right_ =
        std::make_unique<EndpointHost>(receiver_for(sender), leftwards, rightwards, leftwards.name, begins_);
  }

  Instant deadline() const { return started_ ? std::min(left_->deadline(), right_->deadline()) : begins_; }
  void run(Link& to_right, Link& to_left, Instant now) {
    if (now < begins_) return;
    started_ = true;
    const auto into = [this, now](Link& link) {
      return [this, &link, now](Frame frame) {
        frame.flow = number_;
        link.send(std::move(frame), now);
      };
    };
    left_->run(now, into(to_right));
    right_->run(now, into(to_left));
  }
  Host& left() { return *left_; }
  Host& right() { return *right_; }
  std::uint64_t delivered() const { return right_->application().read(); }

 private:
  Instant begins_;
  std::uint16_t number_;
  bool started_ = false;
  std::unique_ptr<EndpointHost> left_;
  std::unique_ptr<EndpointHost> right_;
};

}  // namespace

EndpointHostModel bulk_sender(tcp::CongestionControl control, std::size_t buffer) {
  EndpointHostModel model;
  model.settings.congestion = control;
  model.settings.receive_buffer_max = model.settings.send_buffer_max = buffer;
  model.settings.receive_buffer_initial = std::min(model.settings.receive_buffer_initial, buffer);
  model.settings.send_buffer_initial = std::min(model.settings.send_buffer_initial, buffer);
  model.adoption = {.snd_nxt = 0xFFFF0000U,
                    .rcv_nxt = 1000,
                    .peer_window = 65535,
                    .peer_window_shift = 7,
                    .our_window_shift = 7,
                    .sack = true,
                    .timestamps = true,
                    .mss = 1460,
                    .our_window_announced = 65535};
  return model;
}

EndpointHostModel receiver_for(const EndpointHostModel& sender) {
  EndpointHostModel receiver;
  receiver.settings = sender.settings;
  receiver.adoption = sender.adoption;
  std::swap(receiver.adoption.snd_nxt, receiver.adoption.rcv_nxt);
  return receiver;
}

std::vector<double> share_bottleneck(const std::vector<Contender>& contenders, const LinkModel& link,
                                     Duration from, Duration until) {
  Link to_right(link, 1, kStart);
  Link to_left({.delay = link.delay}, 2, kStart);
  std::vector<Pair> pairs;
  for (const Contender& contender : contenders) {
    pairs.emplace_back(contender, static_cast<std::uint16_t>(pairs.size()));
  }
  std::vector<std::uint64_t> before;
  const auto delivered = [&pairs] {
    std::vector<std::uint64_t> bytes;
    for (const Pair& pair : pairs) bytes.push_back(pair.delivered());
    return bytes;
  };
  for (Instant now = kStart; now < kStart + until;) {
    if (before.empty() && now >= kStart + from) before = delivered();
    while (const auto frame = to_left.arrived(now)) pairs[frame->flow].left().receive(*frame, now);
    while (const auto frame = to_right.arrived(now)) pairs[frame->flow].right().receive(*frame, now);
    Instant next = std::min(to_left.next_arrival(), to_right.next_arrival());
    for (Pair& pair : pairs) {
      pair.run(to_right, to_left, now);
      next = std::min(next, pair.deadline());
    }
    next = std::min({next, to_left.next_arrival(), to_right.next_arrival()});
    now = std::max(now + Duration{1}, next);
  }
  const std::vector<std::uint64_t> after = delivered();
  std::vector<double> rates;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    rates.push_back(static_cast<double>(after[i] - before[i]) * 8e-6 /
                    std::chrono::duration<double>(until - from).count());
  }
  return rates;
}

}  // namespace limpid::simulation
