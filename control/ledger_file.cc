#include "control/ledger_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "dataplane/base/descriptor.h"

namespace limpid::control {

namespace {

// The file begins with the size of one worker's ledger, so that a successor with another number of workers or
// sessions still reads it right.
struct Head {
  std::array<char, 8> magic{'l', 'i', 'm', 'p', 'i', 'd', 'L', '1'};
  std::uint64_t ledgers = 0;
  std::uint64_t size_each = 0;
  std::uint64_t reserved = 0;
};
constexpr std::uint64_t kSizeMax = 1ULL << 32U;

std::string read_whole(int file) {
  struct stat facts {};
  if (fstat(file, &facts) != 0 || facts.st_size <= 0 || static_cast<std::uint64_t>(facts.st_size) > kSizeMax)
    return {};
  std::string bytes(static_cast<std::size_t>(facts.st_size), '\0');
  const ssize_t got = pread(file, bytes.data(), bytes.size(), 0);
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

std::vector<flow::LedgerEntry> read_orphans(const std::string& bytes) {
  std::vector<flow::LedgerEntry> orphans;
  Head head;
  if (bytes.size() < sizeof head) return orphans;
  std::memcpy(&head, bytes.data(), sizeof head);
  if (head.magic != Head{}.magic || head.size_each == 0 || head.size_each > kSizeMax) return orphans;
  for (std::uint64_t i = 0; i < head.ledgers && sizeof head + (i + 1) * head.size_each <= bytes.size(); ++i) {
    const Bytes ledger = as_bytes(bytes).subspan(sizeof head + i * head.size_each, head.size_each);
    for (flow::LedgerEntry& entry : flow::Ledger::read(ledger)) orphans.push_back(entry);
  }
  return orphans;
}

}  // namespace

Result<std::unique_ptr<LedgerFile>, std::string> LedgerFile::open(const std::string& path,
                                                                  std::size_t workers,
                                                                  std::uint32_t entries_each) {
  std::unique_ptr<LedgerFile> ledger(new LedgerFile());
  ledger->path_ = path;
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return Failure{system_failure(path, "cannot be opened", errno)};
  ledger->orphans_ = read_orphans(read_whole(file));

  const std::size_t wanted = (flow::Ledger::size_for(entries_each) + 63) / 64 * 64;
  ledger->size_each_ = wanted;
  ledger->size_ = sizeof(Head) + workers * wanted;
  // posix_fallocate: a full disk must show now, not as a fault at the first write to the mapping.
  int error = ftruncate(file, 0) == 0 ? 0 : errno;
  if (error == 0) error = posix_fallocate(file, 0, static_cast<off_t>(ledger->size_));
  errno = error;
  if (error != 0) {
    std::string sentence = system_failure(path, "there is no room", errno);
    close(file);
    return Failure{std::move(sentence)};
  }
  void* mapped = mmap(nullptr, ledger->size_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (mapped == MAP_FAILED) return Failure{system_failure(path, "cannot be mapped", errno)};
  ledger->mapped_ = static_cast<std::byte*>(mapped);
  const Head head{Head{}.magic, workers, wanted, 0};
  std::memcpy(ledger->mapped_, &head, sizeof head);
  return ledger;
}

LedgerFile::~LedgerFile() {
  if (mapped_ != nullptr) munmap(mapped_, size_);
}

MutableBytes LedgerFile::memory(std::size_t worker) {
  return {mapped_ + sizeof(Head) + worker * size_each_, size_each_};
}

void LedgerFile::remove() { unlink(path_.c_str()); }

}  // namespace limpid::control
