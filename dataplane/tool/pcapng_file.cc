#include "dataplane/tool/pcapng_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "dataplane/base/descriptor.h"
#include "dataplane/base/wipe.h"

namespace limpid::tool {

namespace {

constexpr std::size_t kFlushAt = 256U << 10U;  // gathered bytes that are written at once
constexpr std::size_t kKeptMax = 4U << 20U;    // gathered bytes while writing fails
constexpr std::uint32_t kBlockSizeMin = 12;    // type and both lengths
constexpr std::uint32_t kBlockSizeMax = 1U << 20U;

std::uint32_t little32(const std::byte* at) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) value |= std::to_integer<std::uint32_t>(at[i]) << (8 * i);
  return value;
}

struct BlockHead {
  std::uint32_t type = 0;
  std::uint32_t size = 0;
};

std::optional<BlockHead> block_at(int descriptor, std::uint64_t offset) {
  std::array<std::byte, 8> head{};
  if (::pread(descriptor, head.data(), head.size(), static_cast<off_t>(offset)) != 8) return std::nullopt;
  const BlockHead block{little32(head.data()), little32(head.data() + 4)};
  if (block.size < kBlockSizeMin || block.size > kBlockSizeMax || block.size % 4 != 0) return std::nullopt;
  return block;
}

bool begins_as_ours(int descriptor) {
  std::array<std::byte, 12> head{};
  return ::pread(descriptor, head.data(), head.size(), 0) == 12 &&
         little32(head.data()) == pcapng::kSectionHeader &&
         little32(head.data() + 8) == pcapng::kByteOrderMagic;
}

/// The last block says at its end how long it is, and is that long: nothing was cut off.
bool ends_whole(int descriptor, std::uint64_t size) {
  std::array<std::byte, 4> tail{};
  if (::pread(descriptor, tail.data(), tail.size(), static_cast<off_t>(size - 4)) != 4) return false;
  const std::uint32_t last = little32(tail.data());
  if (last < kBlockSizeMin || last > size) return false;
  const std::optional<BlockHead> block = block_at(descriptor, size - last);
  return block && block->size == last &&
         (block->type == pcapng::kEnhancedPacket || block->type == pcapng::kInterfaceDescription ||
          block->type == pcapng::kDecryptionSecrets);
}

std::uint64_t end_of_whole_blocks(int descriptor, std::uint64_t size) {
  std::uint64_t offset = 0;
  while (const std::optional<BlockHead> block = block_at(descriptor, offset)) {
    if (block->size > size - offset) break;
    offset += block->size;
  }
  return offset;
}

/// Why the file is not to be continued.
std::optional<std::string> refusal(int descriptor, const std::string& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return system_failure(path, "cannot be read", errno);
  if (!S_ISREG(status.st_mode) || status.st_size == 0 || begins_as_ours(descriptor)) return std::nullopt;
  return path + ": exists and is not a pcapng file; choose another name or move it away";
}

/// Makes an existing file ready to be continued. The error is a sentence.
std::optional<std::string> prepare(int descriptor, const std::string& path) {
  if (std::optional<std::string> error = refusal(descriptor, path)) return error;
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  auto size = static_cast<std::uint64_t>(status.st_size);
  if (size != 0 && !ends_whole(descriptor, size)) {
    size = end_of_whole_blocks(descriptor, size);
    if (::ftruncate(descriptor, static_cast<off_t>(size)) != 0) {
      return system_failure(path, "a block cut off at its end cannot be removed", errno);
    }
  }
  ::lseek(descriptor, static_cast<off_t>(size), SEEK_SET);
  return std::nullopt;
}

}  // namespace

Result<PcapngFile, std::string> PcapngFile::open(const std::string& path, std::string_view interface_name,
                                                 Duration retry_after) {
  // Opened for reading too: that looks at an existing file, and lets a FIFO open before its reader comes.
  // O_NONBLOCK means nothing to a regular file; a FIFO that nobody reads must not hold up the stop.
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
  if (descriptor < 0) return Failure{system_failure(path, "cannot be opened for writing", errno)};
  PcapngFile file(descriptor, retry_after);
  if (std::optional<std::string> error = prepare(descriptor, path)) return Failure{std::move(*error)};
  if (const off_t end = ::lseek(descriptor, 0, SEEK_CUR); end > 0)
    file.flushed_size_ = static_cast<std::uint64_t>(end);
  pcapng::append_section(file.gathered_, "limpid");
  pcapng::append_interface(file.gathered_, interface_name);
  return file;
}

std::optional<std::string> PcapngFile::refusal_of(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return std::nullopt;  // not there yet
  std::optional<std::string> error = refusal(descriptor, path);
  ::close(descriptor);
  return error;
}

PcapngFile::PcapngFile(PcapngFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      retry_after_(other.retry_after_),
      gathered_(std::move(other.gathered_)),
      flushed_size_(other.flushed_size_),
      written_(other.written_),
      error_(other.error_),
      secrets_gathered_(other.secrets_gathered_),
      retry_at_(other.retry_at_) {}

PcapngFile::~PcapngFile() {
  forget_gathered();
  if (descriptor_ >= 0) ::close(descriptor_);
}

void PcapngFile::forget_gathered() {
  if (std::exchange(secrets_gathered_, false)) wipe(gathered_);
  gathered_.clear();
}

bool PcapngFile::append(Bytes frame, WallTime when, Instant now) {
  if (gathered_.size() >= kFlushAt) flush(now);
  if (gathered_.size() >= kKeptMax) return false;
  pcapng::append_packet(gathered_, 0, when, frame);
  return true;
}

bool PcapngFile::append_secrets(Bytes lines, Instant now) {
  // As much as is ever kept, and the longest block: it does not move any more, and leaves no copy behind.
  gathered_.reserve(kKeptMax + kBlockSizeMax);
  if (gathered_.size() >= kFlushAt) flush(now);
  if (gathered_.size() + lines.size() >= kKeptMax) return false;
  pcapng::append_secrets(gathered_, lines);
  secrets_gathered_ = true;
  return true;
}

void PcapngFile::flush(Instant now) {
  if (error_ != 0 && now < retry_at_) return;
  flush_now(now);
}

void PcapngFile::flush_now(Instant now) {
  while (written_ < gathered_.size()) {
    const ssize_t taken = ::write(descriptor_, gathered_.data() + written_, gathered_.size() - written_);
    if (taken < 0 && errno == EINTR) continue;
    if (taken <= 0) {
      error_ = taken < 0 ? errno : EIO;
      retry_at_ = now + retry_after_;
      return;
    }
    written_ += static_cast<std::size_t>(taken);
  }
  flushed_size_ += gathered_.size();
  forget_gathered();
  written_ = 0;
  error_ = 0;
}

}  // namespace limpid::tool
