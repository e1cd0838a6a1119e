#include "dataplane/tool/pcapng_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/dataplane/tool/pcapng_reader.h"

namespace limpid::tool {
namespace {

constexpr Duration kRetry = std::chrono::seconds(1);
constexpr Instant kStart{};

PcapngFile open_file(const std::string& path) {
  auto file = PcapngFile::open(path, "recorder", kRetry);
  EXPECT_TRUE(file.ok()) << file.error();
  return std::move(file).value();
}

void write_one(const std::string& path, std::string_view frame) {
  PcapngFile file = open_file(path);
  EXPECT_TRUE(file.append(as_bytes(frame), moment(), kStart));
  file.flush(kStart);
}

TEST(PcapngFile, IsForItsOwnerAlone) {
  const TemporaryFolder folder;
  write_one(folder.file("a.pcapng"), "secret");
  EXPECT_EQ(std::filesystem::status(folder.file("a.pcapng")).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST(PcapngFile, ContinuesWhatAnEarlierRunWrote) {
  const TemporaryFolder folder;
  write_one(folder.file("a.pcapng"), "first");
  write_one(folder.file("a.pcapng"), "second");
  const PcapngContents contents = read_pcapng_file(folder.file("a.pcapng"));
  EXPECT_EQ(contents.sections, 2);
  ASSERT_EQ(contents.frames.size(), 2U);
  EXPECT_EQ(as_text(contents.frames[1].bytes), "second");
}

TEST(PcapngFile, RemovesTheBlockThatACrashCutOff) {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.pcapng");
  write_one(path, "first");
  for (const std::uintmax_t cut : {1U, 3U, 100U, 499U}) {
    write_one(path, pattern(500));
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - cut);
    write_one(path, "after");
    const PcapngContents contents = read_pcapng_file(path);
    EXPECT_EQ(as_text(contents.frames.front().bytes), "first");
    EXPECT_EQ(as_text(contents.frames.back().bytes), "after");
  }
}

TEST(PcapngFile, LeavesAForeignFileAlone) {
  const TemporaryFolder folder;
  std::ofstream(folder.file("notes.txt")) << "do not lose this text";
  const auto file = PcapngFile::open(folder.file("notes.txt"), "recorder", kRetry);
  ASSERT_FALSE(file.ok());
  EXPECT_THAT(file.error(), testing::HasSubstr("not a pcapng file"));
  EXPECT_EQ(file_contents(folder.file("notes.txt")), "do not lose this text");
}

TEST(PcapngFile, SaysWhichFileCannotBeOpened) {
  const auto file = PcapngFile::open("/nonexistent/a.pcapng", "recorder", kRetry);
  ASSERT_FALSE(file.ok());
  EXPECT_THAT(file.error(), testing::AllOf(testing::HasSubstr("/nonexistent/a.pcapng"),
                                           testing::HasSubstr("No such file or directory")));
}

TEST(PcapngFile, HoldsSecretsInFrontOfThePacketsThatTheyOpen) {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.pcapng");
  {
    PcapngFile file = PcapngFile::open(path, "recorder", kRetry).value();
    file.append(as_bytes("before"), moment(), kStart);
    EXPECT_TRUE(file.append_secrets(as_bytes("CLIENT_RANDOM 1 2\n"), kStart));
    file.append(as_bytes("behind"), moment(), kStart);
    file.flush(kStart);
  }
  write_one(path, "after a restart");
  const PcapngContents contents = read_pcapng_file(path);
  EXPECT_EQ(contents.secrets, std::vector<std::string>{"CLIENT_RANDOM 1 2\n"});
  EXPECT_EQ(contents.secrets_before, std::vector<std::size_t>{1});
  EXPECT_EQ(contents.frames.size(), 3U);
}

TEST(PcapngFile, AFullDiskIsTriedAgainOnlyAfterAWhile) {
  PcapngFile file = open_file("/dev/full");
  file.flush(kStart);
  EXPECT_TRUE(file.failing());
  EXPECT_EQ(file.error(), ENOSPC);
  EXPECT_TRUE(file.append(as_bytes("kept"), moment(), kStart));
}

TEST(PcapngFile, KeepsOnlySoMuchWhileNothingCanBeWritten) {
  PcapngFile file = open_file("/dev/full");
  const std::string frame = pattern(1'500);
  std::size_t kept = 0;
  while (kept < 100'000 && file.append(as_bytes(frame), moment(), kStart)) ++kept;
  EXPECT_GT(kept, 100U);
  EXPECT_LT(kept, 10'000U);
}

// A pipe that nobody reads takes a part of a block and no more, as a disk does that becomes full.
TEST(PcapngFile, ContinuesInTheMiddleOfABlockWhereARefusedWriteStopped) {
  const TemporaryFolder folder;
  const std::string path = folder.file("fifo");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  PcapngFile file = open_file(path);
  constexpr int kFrames = 100;
  for (int i = 0; i < kFrames; ++i) EXPECT_TRUE(file.append(as_bytes(pattern(1'501)), moment(i), kStart));
  file.flush(kStart);
  EXPECT_TRUE(file.failing());

  std::string read;
  std::array<char, 4096> piece{};
  Instant now = kStart;
  for (bool done = false; !done;) {
    done = !file.failing();  // then all of it is in the pipe
    ssize_t size = 0;
    while ((size = ::read(reader, piece.data(), piece.size())) > 0) {
      read.append(piece.data(), static_cast<std::size_t>(size));
    }
    now += kRetry;
    file.flush(now);
    ASSERT_LT(read.size(), 1'000'000U);
  }
  ::close(reader);
  const PcapngContents contents = read_pcapng(as_bytes(read));
  ASSERT_EQ(contents.frames.size(), static_cast<std::size_t>(kFrames));
  EXPECT_EQ(as_text(contents.frames.back().bytes), pattern(1'501));
}

}  // namespace
}  // namespace limpid::tool
