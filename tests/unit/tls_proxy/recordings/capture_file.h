// Files of recorded packets, pcap and pcapng, packed with gzip or not. libpcap reads none that is packed, and
// no pcapng whose interfaces differ.
#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace limpid::testing {

struct CaptureEnd {
  std::set<unsigned> links_not_read;  // by their numbers (LINKTYPE_…): their packets were left out
  std::string trouble;                // what kept the file from being read to its end; empty: nothing
};

/// Shows `take` the frames of the file, those of other links (Linux's cooked ones and logged ones, loopback,
/// PPP, FDDI, bare IP) as Ethernet would have carried the packet.
CaptureEnd read_capture(const std::filesystem::path& file,
                        const std::function<void(std::string_view frame)>& take);

}  // namespace limpid::testing
