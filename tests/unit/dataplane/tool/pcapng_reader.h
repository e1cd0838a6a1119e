// Reads a pcapng file as the specification says it is to be read, and fails the test where it is not so.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "dataplane/tool/pcapng.h"
#include "tests/unit/dataplane/tool/told_frames.h"

namespace limpid::tool {

struct PcapngContents {
  int sections = 0;
  std::vector<ToldFrame> frames;
  std::vector<std::string> comments;
  std::vector<std::string> interfaces;
  std::vector<std::uint32_t> interface_of;  // of each frame
  std::vector<std::string> secrets;
  std::vector<std::size_t> secrets_before;  // which frame each of them stands
};

inline std::uint64_t little(Bytes bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i)
    value = value << 8U | std::to_integer<std::uint64_t>(bytes[i - 1]);
  return value;
}

/// The value of an option, or empty.
inline std::string option(Bytes options, std::uint64_t code) {
  while (options.size() >= 4) {
    const std::uint64_t size = little(options.subspan(2, 2));
    if (4 + size > options.size()) break;
    if (little(options.first(2)) == code) return std::string(as_text(options.subspan(4, size)));
    if (little(options.first(2)) == 0) break;
    options = options.subspan(4 + (size + 3) / 4 * 4);
  }
  return {};
}

inline PcapngContents read_pcapng(Bytes rest) {
  PcapngContents contents;
  while (!rest.empty()) {
    if (rest.size() < 12) {
      ADD_FAILURE() << "a block is cut off";
      return contents;
    }
    const std::uint64_t type = little(rest.first(4));
    const std::uint64_t size = little(rest.subspan(4, 4));
    if (size > rest.size() || size % 4 != 0 || size < 12) {
      ADD_FAILURE() << "a block of impossible size " << size;
      return contents;
    }
    EXPECT_EQ(little(rest.subspan(size - 4, 4)), size);
    const Bytes body = rest.subspan(8, size - 12);
    rest = rest.subspan(size);
    if (type == pcapng::kSectionHeader) {
      EXPECT_EQ(little(body.first(4)), pcapng::kByteOrderMagic);
      ++contents.sections;
    } else if (type == pcapng::kInterfaceDescription) {
      EXPECT_EQ(little(body.first(2)), 1U) << "not Ethernet";
      EXPECT_EQ(option(body.subspan(8), 9), std::string(1, '\x09')) << "not in nanoseconds";
      contents.interfaces.push_back(option(body.subspan(8), 2));
    } else if (type == pcapng::kEnhancedPacket) {
      const std::uint64_t length = little(body.subspan(12, 4));
      EXPECT_EQ(little(body.subspan(16, 4)), length);
      const std::uint64_t time = little(body.subspan(4, 4)) << 32U | little(body.subspan(8, 4));
      contents.frames.push_back(
          told(body.subspan(20, length), WallTime(Duration(static_cast<std::int64_t>(time)))));
      contents.interface_of.push_back(static_cast<std::uint32_t>(little(body.first(4))));
      contents.comments.push_back(option(body.subspan(20 + (length + 3) / 4 * 4), 1));
    } else if (type == pcapng::kDecryptionSecrets) {
      EXPECT_EQ(little(body.first(4)), 0x544c534bU) << "no TLS key log";
      contents.secrets.emplace_back(as_text(body.subspan(8, little(body.subspan(4, 4)))));
      contents.secrets_before.push_back(contents.frames.size());
    } else {
      ADD_FAILURE() << "a block of unknown type " << type;
    }
  }
  return contents;
}

inline std::string file_contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline PcapngContents read_pcapng_file(const std::string& path) {
  const std::string contents = file_contents(path);
  return read_pcapng(as_bytes(contents));
}

/// A folder of its own that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = testing::TempDir() + "limpid-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace limpid::tool
