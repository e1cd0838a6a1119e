// Application: what uses a stream at one end. Writes its pattern in bursts, reads eagerly, slowly or not for
// a while, finishes, or aborts; and checks each byte it reads. Knows streams only by their interface.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dataplane/tcp/byte_stream.h"
#include "tests/simulation/wire.h"

namespace limpid::simulation {

struct ApplicationModel {
  std::uint64_t bytes = 0;     // to be written
  std::size_t burst = 16384;   // at once
  Duration pause{};            // between bursts
  bool finishes_last = false;  // FIN only after the peer's (a half-closed connection)
  bool answers = false;        // says nothing, not even FIN, before it has heard something
  std::size_t read_size = 1U << 20U;
  Duration read_pause{};  // between reads; zero: reads whatever comes at once
  Duration read_after{};  // nothing before
  std::optional<Duration> abort_after{};
};

class Application {
 public:
  /// `writes` and `reads` name the patterns of the two directions.
  Application(const ApplicationModel& model, const Stream& writes, const Stream& reads)
      : model_(model), writes_(writes), reads_(reads), may_speak_(!model.answers) {}
  Application(const ApplicationModel& model, const Stream& writes, const Stream& reads, Instant start)
      : Application(model, writes, reads) {
    begin(start);
  }

  /// Its connection is there. Nothing happens before.
  void begin(Instant now);
  void expect_mask(std::byte mask) { reads_.mask = mask; }

  /// Lets it write and read; returns a complaint if what it reads is wrong.
  std::optional<Complaint> run(tcp::ByteStream& stream, Instant now);
  /// When it wants to run again by itself.
  Instant deadline() const;

  bool aborted() const { return aborted_; }
  bool finish_called() const { return finish_called_; }
  bool saw_end() const { return saw_end_; }
  std::uint64_t written() const { return written_; }
  std::uint64_t read() const { return read_; }
  const ApplicationModel& model() const { return model_; }
  std::string describe() const;

 private:
  void write(tcp::ByteStream& stream, Instant now);
  std::optional<Complaint> read(tcp::ByteStream& stream, Instant now);

  ApplicationModel model_;
  Stream writes_;
  Stream reads_;
  Instant start_ = kNever;
  Instant write_at_ = kNever;
  Instant read_at_ = kNever;
  std::uint64_t written_ = 0;
  std::uint64_t read_ = 0;
  bool finish_called_ = false;
  bool saw_end_ = false;
  bool aborted_ = false;
  bool waits_for_credit_ = false;
  bool failed_ = false;
  bool has_more_to_read_ = false;
  bool may_speak_;
};

}  // namespace limpid::simulation
