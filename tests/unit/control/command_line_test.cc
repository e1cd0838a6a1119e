#include "control/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <sstream>
#include <vector>

#include "tests/unit/control/socket_fixture.h"

namespace limpid::control {
namespace {

using ::testing::HasSubstr;

class CommandLineTest : public ::testing::Test {
 protected:
  CommandLineTest() {
    commands_.run = [this](const std::string& config) {
      config_ = config;
      return 7;
    };
    commands_.check_config = [this](const CheckConfigArguments& arguments, std::ostream&, std::ostream&) {
      check_config_ = arguments;
      return 2;
    };
    commands_.explain = [this](const ExplainArguments& arguments, std::ostream&, std::ostream&) {
      explain_ = arguments;
      return 0;
    };
    commands_.places = [this](const std::string& config,
                              std::ostream& err) -> std::optional<Commands::Places> {
      config_ = config;
      if (config == "bad.yaml") {
        err << "bad.yaml:1:1: is bad\n";
        return std::nullopt;
      }
      return places_;
    };
    commands_.version = [] { return Version{"1.2.3", "3.5", "", ""}; };
    commands_.interrupted_within = [](Duration) { return false; };
    commands_.now = now;
  }

  int run(const std::vector<const char*>& arguments) {
    std::vector<const char*> argv{"limpid"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    out_.str("");
    err_.str("");
    return run_command_line(static_cast<int>(argv.size()), argv.data(), commands_, out_, err_);
  }

  Commands commands_;
  Commands::Places places_;
  std::string config_;
  CheckConfigArguments check_config_;
  ExplainArguments explain_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(CommandLineTest, RunReturnsWhatTheApplianceReturns) {
  EXPECT_EQ(run({"run", "-c", "limpid.yaml"}), 7);
  EXPECT_EQ(config_, "limpid.yaml");
}

TEST_F(CommandLineTest, WrongUsageIsTwoAndSaysWhatIsWrong) {
  const std::vector<std::vector<const char*>> wrong{{},
                                                    {"nonsense"},
                                                    {"run"},
                                                    {"sessions", "--hots", "a"},
                                                    {"certificates", "--expiring", "soon"},
                                                    {"sessions", "--limit", "0"},
                                                    {"sessions", "-c", "a", "--socket", "b"},
                                                    {"explain", "-c", "a"}};
  for (const std::vector<const char*>& arguments : wrong) {
    EXPECT_EQ(run(arguments), 2);
    EXPECT_NE(err_.str(), "");
  }
}

TEST_F(CommandLineTest, AnUnknownCommandOrOptionIsAnsweredWithTheNearest) {
  EXPECT_EQ(run({"sesions"}), 2);
  EXPECT_EQ(err_.str(),
            "limpid: there is no command \"sesions\"\n"
            "    expected one of: run, check-config, explain, sessions, certificates, stats, tools, capture, "
            "learnt, "
            "version        "
            "did you "
            "mean \"sessions\"?\n"
            "    `limpid --help` shows what there is\n");
  EXPECT_EQ(run({"sessions", "--hots=a"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("limpid sessions: there is no option --hots\n"));
  EXPECT_THAT(err_.str(), HasSubstr("did you mean \"--host\"?"));
  EXPECT_EQ(run({"run", "limpid.yaml"}), 2);
  EXPECT_THAT(err_.str(),
              HasSubstr("limpid run: \"limpid.yaml\" was not expected\n    for example: limpid run -c "));
  EXPECT_EQ(run({}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("limpid: a command is missing\n    expected one of: run, "));
}

TEST_F(CommandLineTest, WhatIsMissingIsSaidWithAnExample) {
  EXPECT_EQ(run({"run"}), 2);
  EXPECT_EQ(err_.str(),
            "limpid run: --config is required\n    for example: limpid run -c limpid.yaml\n"
            "    `limpid run --help` shows what there is\n");
}

TEST_F(CommandLineTest, WhatIsToComeIsSaidToBeSo) {
  for (const char* planned : {"discover", "scan"}) {
    EXPECT_EQ(run({planned}), 2);
    EXPECT_THAT(err_.str(), HasSubstr("in this version yet\n"));
  }
}

TEST_F(CommandLineTest, TheUsualWaysToAskForVersionAndHelpAreUnderstood) {
  for (const char* version : {"--version", "-V"}) {
    EXPECT_EQ(run({version}), 0);
    EXPECT_EQ(out_.str(), "limpid 1.2.3\n  OpenSSL 3.5\n");
  }
  EXPECT_EQ(run({"--version", "--json"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("\"limpid\": \"1.2.3\""));
  EXPECT_EQ(run({"help"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("Subcommands:"));
  EXPECT_EQ(run({"help", "stats"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("Usage: limpid stats"));
}

TEST_F(CommandLineTest, HelpIsGoodAndShowsExamples) {
  EXPECT_EQ(run({"--help"}), 0);
  for (const char* command :
       {"run", "check-config", "explain", "sessions", "certificates", "stats", "learnt", "version"}) {
    EXPECT_THAT(out_.str(), HasSubstr(command));
  }
  for (const char* command :
       {"run", "check-config", "explain", "sessions", "certificates", "stats", "learnt", "version"}) {
    EXPECT_EQ(run({command, "--help"}), 0);
    EXPECT_THAT(out_.str(), HasSubstr("Examples:\n  limpid " + std::string(command)));
  }
}

TEST_F(CommandLineTest, PassesArgumentsOn) {
  EXPECT_EQ(run({"check-config", "a.yaml", "--effective", "--json"}), 2);
  EXPECT_EQ(check_config_.file, "a.yaml");
  EXPECT_TRUE(check_config_.effective && check_config_.json);
  EXPECT_EQ(run({"explain", "-c", "a.yaml", "--client", "10.0.0.5", "--server", "[::1]:443", "--sni",
                 "a.example", "--vlan", "7", "--segment", "edge"}),
            0);
  EXPECT_EQ(explain_.config, "a.yaml");
  EXPECT_EQ(explain_.client, "10.0.0.5");
  EXPECT_EQ(explain_.server, "[::1]:443");
  EXPECT_EQ(explain_.sni, "a.example");
  EXPECT_EQ(explain_.vlan, 7);
  EXPECT_EQ(explain_.segment, "edge");
  EXPECT_FALSE(explain_.json);
}

TEST_F(CommandLineTest, AnSniThatIsAbsentIsNotAnEmptyOne) {
  run({"explain", "-c", "a", "--client", "1.1.1.1", "--server", "2.2.2.2:1"});
  EXPECT_FALSE(explain_.sni);
}

TEST_F(CommandLineTest, TheConfigurationSaysWhereToAsk) {
  FakeBackend backend;
  const ServedSocket served(backend);
  places_ = {served.path(), ""};
  EXPECT_EQ(run({"sessions", "-c", "limpid.yaml", "--host", "shop", "--state", "EST", "--all"}), 0);
  EXPECT_EQ(config_, "limpid.yaml");
  EXPECT_EQ(backend.session_query.host, "shop");
  EXPECT_EQ(backend.session_query.state, "EST");
  EXPECT_TRUE(backend.session_query.all);
  EXPECT_EQ(run({"sessions", "--socket", served.path().c_str(), "--failed"}), 0);
  EXPECT_TRUE(backend.session_query.failed);
  EXPECT_EQ(run({"certificates", "--socket", served.path().c_str(), "--expiring", "4w", "--limit", "5"}), 0);
  EXPECT_EQ(backend.certificate_query.expiring_days, 28U);
  EXPECT_EQ(backend.certificate_query.limit, 5U);
}

TEST_F(CommandLineTest, ACaptureIsAskedForWithAllThatIsSaidOfIt) {
  FakeBackend backend;
  const ServedSocket served(backend);
  const Folder folder;
  const std::string file = folder.file("shop.pcapng");
  EXPECT_EQ(run({"capture", "--socket", served.path().c_str(), "--host", "shop", "--client", "10.0.0.0/8",
                 "--server", "192.0.2.7:443", "--failed", "--with-secrets", "--count", "3", "--seconds", "5",
                 "-o", file.c_str()}),
            1)
      << "one is running";
  EXPECT_EQ(backend.capture_query.host, "shop");
  EXPECT_EQ(backend.capture_query.client, "10.0.0.0/8");
  EXPECT_EQ(backend.capture_query.server, "192.0.2.7:443");
  EXPECT_TRUE(backend.capture_query.failed && backend.capture_query.secrets);
  EXPECT_EQ(backend.capture_query.count, 3U);
  EXPECT_EQ(backend.capture_query.seconds, 5U);
  EXPECT_EQ(run({"capture", "--socket", served.path().c_str()}), 2) << "where is it to be written?";
  EXPECT_EQ(run({"capture", "-o", "a", "--count", "0"}), 2);
  EXPECT_EQ(run({"capture", "--help"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("Examples:\n  limpid capture --host"));
}

TEST_F(CommandLineTest, AConfigurationThatCannotBeReadIsTwo) {
  EXPECT_EQ(run({"stats", "-c", "bad.yaml"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("bad.yaml:1:1"));
}

TEST_F(CommandLineTest, VersionNeedsNobody) {
  EXPECT_EQ(run({"version"}), 0);
  EXPECT_EQ(out_.str(), "limpid 1.2.3\n  OpenSSL 3.5\n");
  EXPECT_EQ(run({"version", "--json"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("\"limpid\": \"1.2.3\""));
}

TEST_F(CommandLineTest, TakesAToolOutOfServiceAndBackButNotBothAtOnce) {
  FakeBackend backend;
  const ServedSocket served(backend);
  const std::string socket = served.path();
  EXPECT_EQ(run({"tools", "--out-of-service", "ips", "--socket", socket.c_str()}), 0);
  EXPECT_EQ(backend.service.tool, "ips");
  EXPECT_FALSE(backend.service.in_service);
  EXPECT_EQ(run({"tools", "--in-service", "ips", "--json", "--socket", socket.c_str()}), 0);
  EXPECT_TRUE(backend.service.in_service);
  EXPECT_THAT(out_.str(), HasSubstr("\"in_service\": true"));
  EXPECT_EQ(run({"tools", "--in-service", "ips", "--out-of-service", "ips"}), 2);
}

// As from a script whose variable is not set: it would be a listing, or about something else, and good.
TEST_F(CommandLineTest, AnEmptyValueIsRefusedAndNotTakenForAnOptionThatIsNotThere) {
  FakeBackend backend;
  const ServedSocket served(backend);
  const std::string socket = served.path();
  const std::vector<std::vector<const char*>> empty{
      {"tools", "--out-of-service", ""}, {"tools", "--in-service", ""},  {"learnt", "--accept", ""},
      {"learnt", "--forget="},           {"learnt", "--host", ""},       {"sessions", "--host", ""},
      {"sessions", "--state", ""},       {"certificates", "--host", ""}, {"certificates", "--database", ""}};
  for (std::vector<const char*> arguments : empty) {
    const std::string option(arguments[1], std::string_view(arguments[1]).find_last_not_of('=') + 1);
    arguments.insert(arguments.end(), {"--socket", socket.c_str()});
    EXPECT_EQ(run(arguments), 2) << option;
    EXPECT_EQ(out_.str(), "");
    EXPECT_THAT(err_.str(), HasSubstr("limpid " + std::string(arguments[0]) + ": " + option));
    EXPECT_THAT(err_.str(), HasSubstr(" empty value")) << option;
  }
  EXPECT_EQ(run({"stats", "--socket", ""}), 2);
  EXPECT_EQ(run({"stats", "-c", ""}), 2);
  EXPECT_THAT(err_.str(),
              HasSubstr("limpid stats: --config has an empty value\n    for example: limpid stats"));
  EXPECT_EQ(run({"check-config", ""}), 2);
  EXPECT_EQ(run({"run", "-c", ""}), 2) << "nothing is run";
  for (const char* option :
       {"--sni", "--segment", "--certificate", "--connect-host", "--upgrade", "--vlan"}) {
    EXPECT_EQ(run({"explain", "-c", "a", "--client", "1.1.1.1", "--server", "2.2.2.2:1", option, ""}), 2)
        << option;
  }
}

TEST_F(CommandLineTest, ShowsWhatWasLearntAndTakesOneWordOnItAtATime) {
  FakeBackend backend;
  const ServedSocket served(backend);
  const std::string socket = served.path();
  EXPECT_EQ(run({"learnt", "--state", "proposed", "--host", "shop", "--json", "--socket", socket.c_str()}),
            0);
  EXPECT_EQ(backend.learnt_query.state, "proposed");
  EXPECT_EQ(backend.learnt_query.host, "shop");
  EXPECT_THAT(out_.str(), HasSubstr("\"id\": \"0123456789ab\""));
  EXPECT_EQ(run({"learnt", "--accept", "0123456789ab", "--socket", socket.c_str()}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("is accepted"));
  EXPECT_EQ(run({"learnt", "--forget", "0123456789ab", "--json", "--socket", socket.c_str()}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("\"state\": \"forgotten\""));
  EXPECT_EQ(run({"learnt", "--export", "--socket", socket.c_str()}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("then: pass"));
  EXPECT_EQ(run({"learnt", "--accept", "a", "--forget", "a"}), 2);
  EXPECT_EQ(run({"learnt", "--export", "--forget", "a"}), 2);
  EXPECT_EQ(run({"learnt", "--state", "byebye"}), 2);
}

}  // namespace
}  // namespace limpid::control
