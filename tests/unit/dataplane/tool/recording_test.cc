#include "dataplane/tool/recording.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>

#include "tests/support/manual_clock.h"
#include "tests/unit/dataplane/tool/pcapng_reader.h"

namespace limpid::tool {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::SizeIs;

class RecordingTest : public testing::Test {
 protected:
  Recording open(const Rotation& rotation) {
    auto recording = Recording::open({.path = folder_.file("plain.pcapng"),
                                      .interface_name = "recorder",
                                      .retry_after = seconds(1),
                                      .rotation = rotation},
                                     clock_, [this](std::string_view line) { warnings_.emplace_back(line); });
    EXPECT_TRUE(recording.ok()) << recording.error();
    return std::move(recording).value();
  }
  /// A packet, written at once.
  bool record(Recording& recording, const std::string& frame) {
    const bool taken = recording.append(as_bytes(frame), moment(), clock_.now());
    recording.flush(clock_.now());
    return taken;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.file("")))
      names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  /// The frames of each file, one text a file, the oldest first. Every file is read as if it were alone.
  std::vector<std::string> contents() const {
    std::vector<std::string> all;
    for (const std::string& name : names()) {
      const PcapngContents contents = read_pcapng_file(folder_.file(name));
      EXPECT_EQ(contents.sections, 1) << name;
      EXPECT_EQ(contents.interfaces, std::vector<std::string>{"recorder"}) << name;
      std::string frames;
      for (const ToldFrame& frame : contents.frames) frames += std::string(as_text(frame.bytes)).substr(0, 1);
      all.push_back(frames);
    }
    return all;
  }

  TemporaryFolder folder_;
  ManualClock clock_;  // its wall began at 1970-01-01 00:16:40
  std::vector<std::string> warnings_;
};

TEST_F(RecordingTest, WithoutRotationIsOneFileThatGoesOn) {
  for (const char* frame : {"a", "b"}) {
    Recording recording = open({});
    clock_.advance(hours(24 * 365));
    EXPECT_TRUE(record(recording, frame));
  }
  EXPECT_THAT(names(), ElementsAre("plain.pcapng"));
}

TEST_F(RecordingTest, NamesItsFilesByNumberAndTime) {
  Recording recording = open({.size = 2'000});
  EXPECT_EQ(recording.path(), folder_.file("plain_00001_19700101001640.pcapng"));
  clock_.advance(hours(24 * 20'774) + seconds(59));
  record(recording, "a" + std::string(1'500, 'x'));
  record(recording, "b" + std::string(1'500, 'x'));
  EXPECT_THAT(names(), ElementsAre("plain_00001_19700101001640.pcapng", "plain_00002_20261117001739.pcapng"));
}

TEST_F(RecordingTest, NoFileIsLargerThanItMayBeAndEachIsWhole) {
  constexpr std::uint64_t kSize = 4'000;
  Recording recording = open({.size = kSize});
  for (const char frame : std::string("abcdefgh")) record(recording, frame + std::string(1'000, 'x'));
  EXPECT_THAT(contents(), ElementsAre("abc", "def", "gh"));
  for (const std::string& name : names())
    EXPECT_LE(std::filesystem::file_size(folder_.file(name)), kSize) << name;
}

TEST_F(RecordingTest, AFrameLargerThanAFileMayBeHasAFileOfItsOwn) {
  Recording recording = open({.size = 500});
  record(recording, "a" + std::string(1'000, 'x'));
  record(recording, "b" + std::string(1'000, 'x'));
  EXPECT_THAT(contents(), ElementsAre("a", "b"));
}

TEST_F(RecordingTest, AnOldFileIsFollowedByTheNextThoughNothingComes) {
  Recording recording = open({.every = hours(1)});
  record(recording, "a");
  clock_.advance(hours(1) - seconds(1));
  record(recording, "b");
  EXPECT_THAT(contents(), ElementsAre("ab"));
  clock_.advance(seconds(1));
  recording.flush(clock_.now());
  EXPECT_THAT(names(), SizeIs(2));
  record(recording, "c");
  EXPECT_THAT(contents(), ElementsAre("ab", "c"));
}

TEST_F(RecordingTest, AFileWithoutAPacketIsNotFollowedByAnother) {
  Recording recording = open({.every = hours(1)});
  for (int hour = 0; hour < 5; ++hour) {
    clock_.advance(hours(1));
    recording.flush(clock_.now());
  }
  EXPECT_THAT(names(), SizeIs(1));
}

TEST_F(RecordingTest, KeepsSoManyFilesTheLatest) {
  Recording recording = open({.every = seconds(1), .keep = 3});
  for (const char frame : std::string("abcdef")) {
    record(recording, std::string(1, frame));
    clock_.advance(seconds(1));
  }
  EXPECT_THAT(contents(), ElementsAre("d", "e", "f"));
}

TEST_F(RecordingTest, KeepsNoneButTheOneThatIsBeingWrittenIfSoWanted) {
  Recording recording = open({.every = seconds(1), .keep = 1});
  for (const char frame : std::string("abc")) {
    record(recording, std::string(1, frame));
    clock_.advance(seconds(1));
  }
  EXPECT_THAT(contents(), ElementsAre("c"));
}

TEST_F(RecordingTest, GoesOnWithTheNumbersOfAnEarlierRunAndCountsItsFiles) {
  for (const char* frame : {"a", "b", "c"}) {
    Recording recording = open({.every = hours(1), .keep = 2});
    record(recording, frame);
  }
  EXPECT_THAT(contents(), ElementsAre("b", "c"));
  EXPECT_THAT(names().back(), MatchesRegex("plain_00003_[0-9]+\\.pcapng"));
}

TEST_F(RecordingTest, LeavesAloneWhatItDidNotName) {
  const std::vector<std::string> others{
      "other_00001_20260101000000.pcapng", "plain.pcapng",
      "plain_00001_2026.pcapng",           "plain_00001_20260101000000.txt",
      "plain_0000x_20260101000000.pcapng", "plain_notes_of_20260101000000.pcapng"};
  for (const std::string& name : others) std::ofstream(folder_.file(name)) << "text";
  Recording recording = open({.every = seconds(1), .keep = 1});
  for (int i = 0; i < 3; ++i) {
    record(recording, "a");
    clock_.advance(seconds(1));
  }
  for (const std::string& name : others) EXPECT_EQ(file_contents(folder_.file(name)), "text") << name;
}

TEST_F(RecordingTest, GoesOnInTheOldFileWhereTheNextCannotBeOpened) {
  Recording recording = open({.every = seconds(10)});
  record(recording, "a");
  const std::string path = recording.path();
  // The folder is gone for a while: nothing can be opened in it.
  const std::string folder = std::filesystem::path(path).parent_path().string();
  std::filesystem::rename(folder, folder + "-away");
  clock_.advance(seconds(10));
  for (const char* frame : {"b", "c"}) {
    EXPECT_TRUE(record(recording, frame));
    clock_.advance(seconds(2));
  }
  EXPECT_EQ(recording.path(), path);
  ASSERT_THAT(warnings_, SizeIs(1)) << "once, not at every try";
  EXPECT_THAT(warnings_[0], HasSubstr("; the recording goes on in " + path));
  std::filesystem::rename(folder + "-away", folder);
  EXPECT_TRUE(record(recording, "d"));
  EXPECT_NE(recording.path(), path);
  record(recording, "e");
  EXPECT_THAT(contents(), ElementsAre("abc", "de"));
}

/// Stands for a disk that is full: no file may grow beyond so many bytes.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::uintmax_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);  // NOLINT(cert-err33-c): it cannot fail for SIGXFSZ
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit now{bytes, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &now), 0);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() { EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before_), 0); }

 private:
  rlimit before_{};
};

TEST_F(RecordingTest, AFileThatCannotBeCompletedIsNotFollowedUntilItIs) {
  Recording recording = open({.every = seconds(10)});
  record(recording, "a");
  {
    const FileSizeLimit full(std::filesystem::file_size(recording.path()));
    EXPECT_TRUE(record(recording, "b")) << "it waits";
    EXPECT_TRUE(recording.failing());
    clock_.advance(seconds(10));
    EXPECT_TRUE(record(recording, "c"));
    EXPECT_THAT(names(), SizeIs(1));
  }
  clock_.advance(seconds(2));
  EXPECT_TRUE(record(recording, "d"));
  EXPECT_FALSE(recording.failing());
  EXPECT_THAT(contents(), ElementsAre("abc", "d"));
}

}  // namespace
}  // namespace limpid::tool
