#include "config/files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/other_user.h"
#include "tests/unit/config/configurations.h"

namespace limpid::config {
namespace {

namespace fs = std::filesystem;

class FilesOfTheConfiguration : public ::testing::Test {
 protected:
  FilesOfTheConfiguration() {
    std::string pattern = (fs::temp_directory_path() / "limpid-files-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    write("cert", "text\n-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n");
    write("key", "-----BEGIN EC PRIVATE KEY-----\nx\n-----END EC PRIVATE KEY-----\n");
    fs::permissions(folder_ / "key", fs::perms::owner_read | fs::perms::owner_write);
  }
  ~FilesOfTheConfiguration() override { fs::remove_all(folder_); }

  void write(const std::string& name, std::string_view content) { std::ofstream(folder_ / name) << content; }

  /// What is said of a configuration in the folder; the folder itself is called "F".
  std::string said(const std::string& rest) {
    const std::string yaml =
        "segments: [ { name: s, client_side: { interface: a }, server_side: { interface: b } } ]\n" + rest;
    const auto result = load_text(yaml, (folder_ / "limpid.yaml").string());
    std::string out = text(result ? result->warnings : result.error());
    for (std::size_t at = out.find(folder_.string()); at != std::string::npos;
         at = out.find(folder_.string())) {
      out.replace(at, folder_.string().size(), "F");
    }
    return out;
  }
  std::string said_of_signing(const std::string& certificate, const std::string& key) {
    return said("tls: { trust: cert, signing: { trusted: { certificate: " + certificate + ", key: " + key +
                " }, untrusted: { certificate: cert, key: key } } }\n");
  }

  fs::path folder_;
};

TEST_F(FilesOfTheConfiguration, AreFine) { EXPECT_EQ(said_of_signing("cert", "key"), ""); }

TEST_F(FilesOfTheConfiguration, AreReportedByTheirResolvedPath) {
  EXPECT_EQ(said_of_signing("absent.pem", "./sub/../absent.key"),
            "F/limpid.yaml:2:56: tls.signing.trusted.certificate: there is no file \"F/absent.pem\"\n"
            "F/limpid.yaml:2:73: tls.signing.trusted.key: there is no file \"F/absent.key\"\n");
}

TEST_F(FilesOfTheConfiguration, MustHoldWhatTheyShould) {
  EXPECT_EQ(said_of_signing("key", "cert"),
            "F/limpid.yaml:2:56: tls.signing.trusted.certificate: \"F/key\" is not what is needed here\n"
            "    expected a PEM file with a block \"-----BEGIN … CERTIFICATE-----\"\n"
            "F/limpid.yaml:2:66: tls.signing.trusted.key: \"F/cert\" is not what is needed here\n"
            "    expected a PEM file with a block \"-----BEGIN … PRIVATE KEY-----\"\n");
  EXPECT_EQ(
      said_of_signing(".", "key"),
      "F/limpid.yaml:2:56: tls.signing.trusted.certificate: \"F/\" is a folder\n    expected a PEM file\n");
}

TEST_F(FilesOfTheConfiguration, TrustMayBeAFolder) {
  EXPECT_EQ(said("tls: { trust: . }\npolicy: { default: pass }\n"), "");
  EXPECT_EQ(said("tls: { trust: absent }\npolicy: { default: pass }\n"),
            "F/limpid.yaml:2:15: tls.trust: there is no file \"F/absent\"\n");
}

TEST_F(FilesOfTheConfiguration, WhatIsWrittenNeedsItsFolder) {
  EXPECT_EQ(said("policy: { default: pass }\n"
                 "inventory: { database: absent/i.db }\n"
                 "control: { socket: . }\n"
                 "tools: [ { name: r, mirror: { pcapng: absent/p } } ]\n"),
            "F/limpid.yaml:3:24: inventory.database: there is no folder \"F/absent\"\n"
            "    expected an existing folder for the inventory\n"
            "F/limpid.yaml:4:20: control.socket: \"F/\" is a folder\n"
            "    expected the path of a socket\n"
            "F/limpid.yaml:5:39: tools[0].mirror.pcapng: there is no folder \"F/absent\"\n"
            "    expected an existing folder for a pcapng file\n");
}

TEST_F(FilesOfTheConfiguration, WhatIsWrittenMustBeWritable) {
  write("i.db", "");
  fs::permissions(folder_, fs::perms(0755));
  fs::permissions(folder_ / "i.db", fs::perms(0444));
  const limpid::testing::AsNobody nobody;
  EXPECT_EQ(said("policy: { default: pass }\n"
                 "inventory: { database: i.db }\n"
                 "logging: { file: new.log }\n"),
            "F/limpid.yaml:3:24: inventory.database: \"F/i.db\" cannot be written\n"
            "    expected a path that this user may write\n"
            "F/limpid.yaml:4:18: logging.file: \"F/new.log\" cannot be written\n"
            "    expected a path that this user may write\n");
}

TEST(Files, LookedIntoAreReportedWhereTheyStand) {
  LoadOptions options{.check_files = false};
  options.look_into = [](const Configuration&, bool sound) {
    std::vector<ConfigError> found;
    for (const char* path : {"tls.trust", "tools[1].mirror.pcapng", "tls.signing.trusted.key", "policy"}) {
      ConfigError& error = found.emplace_back();
      error.path = path;
      error.what = sound ? "sound" : "unsound";
    }
    return found;
  };
  const auto places = [&](const std::string& yaml) {
    const auto result = load_text(yaml, "x.yaml", options);
    std::string out;
    for (const ConfigError& error : result.error())
      out += std::to_string(error.line) + ":" + std::to_string(error.column) + " " + error.what + "\n";
    return out;
  };
  const std::string yaml =
      "segments: [ { name: s, client_side: { interface: a }, server_side: { interface: b } } ]\n"
      "tools: [ { name: q, mirror: { pcapng: p } }, { name: r, mirror: { pcapng: q } } ]\n"
      "tls: { signing: { trusted: { certificate: a, key: b }, untrusted: { certificate: c, key: d } } }\n";
  // What stands in no line is reported at the last map that does.
  EXPECT_EQ(places(yaml), "1:1 sound\n2:75 sound\n3:6 sound\n3:51 sound\n");
  EXPECT_EQ(places(yaml + "polcy: 1\n").substr(0, 12), "1:1 unsound\n");
}

TEST(Files, ResolveAgainstTheirFolder) {
  const Files files("/etc/limpid", false);
  EXPECT_EQ(files.resolved("ca.pem"), "/etc/limpid/ca.pem");
  EXPECT_EQ(files.resolved("../ca.pem"), "/etc/ca.pem");
  EXPECT_EQ(files.resolved("/ca.pem"), "/ca.pem");
  EXPECT_EQ(Files("", false).resolved("ca.pem"), "ca.pem");
}

}  // namespace
}  // namespace limpid::config
