#include "control/command_line.h"

#include <CLI/CLI.hpp>
#include <ostream>

#include "control/command_ask.h"
#include "control/protocol.h"
#include "control/units.h"

namespace limpid::control {

namespace {

constexpr int kGood = 0;
constexpr int kUsage = 2;

/// Everything that can stand on the command line, and what came of it.
class CommandLine {
 public:
  CommandLine(const Commands& commands, std::ostream& out, std::ostream& err)
      : commands_(commands), out_(out), err_(err) {
    app_.require_subcommand(1);
    app_.footer(
        "Exit codes: 0 good, 1 failed at run time, 2 usage or configuration.\n"
        "`limpid COMMAND --help` shows a command's options and examples.");
    add_run();
    add_check_config();
    add_explain();
    add_sessions();
    add_certificates();
    add_stats();
    add_version();
  }

  int run(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error, out_, err_) == 0 ? kGood : kUsage;
    }
    return chosen_();
  }

 private:
  CLI::App* add(const std::string& name, const std::string& description, const std::string& examples,
                std::function<int()> action) {
    CLI::App* command = app_.add_subcommand(name, description);
    command->footer("Examples:\n" + examples);
    command->callback([this, action = std::move(action)] { chosen_ = action; });
    return command;
  }

  void add_json(CLI::App* command) { command->add_flag("--json", ask_.json, "for machines"); }

  void add_place(CLI::App* command) {
    auto* config = command->add_option("-c,--config", config_, "find the socket by this configuration")
                       ->type_name("FILE");
    command->add_option("--socket", socket_, "the control socket (default: limpid.sock)")
        ->type_name("PATH")
        ->excludes(config);
  }

  void add_run() {
    add("run", "Run the appliance until SIGTERM or SIGINT", "  limpid run -c limpid.yaml",
        [this] { return commands_.run(config_); })
        ->add_option("-c,--config", config_, "the configuration")
        ->type_name("FILE")
        ->required();
  }

  void add_check_config() {
    CLI::App* command = add("check-config", "Show every error of a configuration",
                            "  limpid check-config limpid.yaml\n"
                            "  limpid check-config limpid.yaml --effective     with every default",
                            [this] { return commands_.check_config(check_config_, out_, err_); });
    command->add_option("FILE", check_config_.file, "the configuration")->required();
    command->add_flag("--effective", check_config_.effective, "print it with every default");
    command->add_flag("--json", check_config_.json, "for machines");
  }

  void add_explain() {
    CLI::App* command =
        add("explain", "Say what would be decided about a connection, by which rule and why",
            "  limpid explain -c limpid.yaml --client 10.0.0.5 --server 192.0.2.7:443 --sni shop.example",
            [this] { return commands_.explain(explain_, out_, err_); });
    command->add_option("-c,--config", explain_.config, "the configuration")->type_name("FILE")->required();
    command->add_option("--client", explain_.client, "the client's address")
        ->type_name("IP[:PORT]")
        ->required();
    command->add_option("--server", explain_.server, "the server's address")
        ->type_name("IP:PORT")
        ->required();
    command->add_option("--sni", explain_.sni, "the server name that the client sends")->type_name("NAME");
    command->add_option("--vlan", explain_.vlan, "the VLAN's identifier")
        ->check(CLI::Range(0, 4094))
        ->type_name("ID");
    command->add_option("--segment", explain_.segment, "the segment (default: the first)")->type_name("NAME");
    command->add_flag("--json", explain_.json, "for machines");
  }

  void add_sessions() {
    CLI::App* command =
        add("sessions", "Show sessions: who, in which state, decided by which rule",
            "  limpid sessions\n"
            "  limpid sessions --host shop --state EST:EST\n"
            "  limpid sessions --all --json     also forwarded and finished ones",
            [this] { return ask_where([this] { return ask_sessions(ask_, sessions_, out_, err_); }); });
    command->add_option("--host", sessions_.host, "part of the server name")->type_name("NAME");
    command->add_option("--state", sessions_.state, "beginning of Na:Nb:Ta:Tb")->type_name("STATE");
    command->add_flag("--all", sessions_.all, "also forwarded flows, and sessions that finished lately");
    add_limit(command, sessions_.limit);
    add_json(command);
    add_place(command);
  }

  void add_certificates() {
    CLI::App* command = add("certificates", "Show the server certificates that were seen",
                            "  limpid certificates\n"
                            "  limpid certificates --expiring 30d\n"
                            "  limpid certificates --host shop.example --json\n"
                            "  limpid certificates --database inventory.db     while limpid is not running",
                            [this] {
                              return ask_where([this] {
                                return ask_certificates(ask_, certificates_, commands_.now(), out_, err_);
                              });
                            });
    command->add_option("--host", certificates_.host, "part of a server name, subject or address")
        ->type_name("NAME");
    command
        ->add_option_function<std::string>(
            "--expiring", [this](const std::string& text) { certificates_.expiring_days = parse_days(text); },
            "not valid any more in so many days (30d) or weeks (4w)")
        ->check([](const std::string& text) {
          return parse_days(text) ? "" : "\"" + text + "\" is not like 30d or 4w";
        })
        ->type_name("TIME");
    command->add_option("--database", ask_.database, "read this inventory, do not ask limpid")
        ->type_name("PATH");
    add_limit(command, certificates_.limit);
    add_json(command);
    add_place(command);
  }

  void add_stats() {
    CLI::App* command = add("stats", "Show what the workers did, and why anything was given up",
                            "  limpid stats\n  limpid stats --json",
                            [this] { return ask_where([this] { return ask_stats(ask_, out_, err_); }); });
    add_json(command);
    add_place(command);
  }

  void add_version() {
    add_json(add("version", "Show the versions of limpid and of what it is built on",
                 "  limpid version\n  limpid version --json", [this] {
                   const Version version = commands_.version();
                   out_ << (ask_.json ? version_json(version) : version_text(version));
                   return kGood;
                 }));
  }

  void add_limit(CLI::App* command, std::uint32_t& limit) {
    command->add_option("--limit", limit, "rows at most")
        ->check(CLI::Range(std::uint32_t{1}, kRowsMax))
        ->type_name("ROWS")
        ->capture_default_str();
  }

  int ask_where(const std::function<int()>& ask) {
    if (!config_.empty()) {
      const auto places = commands_.places(config_, err_);
      if (!places) return kUsage;
      ask_.socket = places->socket;
      ask_.database_if_stopped = places->database;
    }
    if (!socket_.empty()) ask_.socket = socket_;
    return ask();
  }

  const Commands& commands_;
  std::ostream& out_;
  std::ostream& err_;
  CLI::App app_{"limpid: TLS interception on the wire", "limpid"};
  std::function<int()> chosen_;

  std::string config_;
  std::string socket_;
  AskArguments ask_;
  CheckConfigArguments check_config_;
  ExplainArguments explain_;
  SessionQuery sessions_;
  CertificateQuery certificates_;
};

}  // namespace

int run_command_line(int argc, const char* const* argv, const Commands& commands, std::ostream& out,
                     std::ostream& err) {
  return CommandLine(commands, out, err).run(argc, argv);
}

}  // namespace limpid::control
