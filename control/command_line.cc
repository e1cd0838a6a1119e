#include "control/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/command_ask.h"
#include "control/command_capture.h"
#include "control/protocol.h"
#include "control/units.h"
#include "dataplane/base/nearest.h"

namespace limpid::control {

namespace {

constexpr int kGood = 0;
constexpr int kUsage = 2;

/// Commands that are to come, and what there is in their place.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kPlannedCommands{{
    {"discover", "`limpid certificates` shows the servers whose sessions went through limpid"},
    {"scan", "`limpid certificates` shows the servers whose sessions went through limpid"},
}};

/// Everything that can stand on the command line, and what came of it.
class CommandLine {
 public:
  CommandLine(const Commands& commands, std::ostream& out, std::ostream& err)
      : commands_(commands), out_(out), err_(err) {
    app_.require_subcommand(1);
    app_.add_flag("-V,--version", as_version_, "as `limpid version`");
    app_.footer(
        "Exit codes: 0 good, 1 failed at run time, 2 usage or configuration.\n"
        "`limpid COMMAND --help` shows a command's options and examples.");
    add_run();
    add_check_config();
    add_explain();
    add_sessions();
    add_certificates();
    add_stats();
    add_tools();
    add_capture();
    add_learnt();
    add_version();
  }

  int run(int argc, const char* const* argv) {
    std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    mean_the_usual(words);
    keep_empty_values(words);
    const std::vector<std::string> commands = commands_of(app_);
    if (words.empty()) return refuse("limpid", "a command is missing", one_of(commands));
    if (!words[0].starts_with('-') && std::find(commands.begin(), commands.end(), words[0]) == commands.end())
      return refuse_command(words[0]);
    try {
      app_.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // which takes them from the back
    } catch (const CLI::ParseError& error) {
      return error.get_exit_code() == 0 ? app_.exit(error, out_, err_) : refuse(error);
    }
    const int empty = refuse_empty_value();
    return empty == kGood ? chosen_() : empty;
  }

 private:
  // --- what is not as it should be ---

  /// Where other programs have an option for what is a command here, or a command for what is an option.
  static void mean_the_usual(std::vector<std::string>& words) {
    if (words.empty()) return;
    if (words[0] == "--version" || words[0] == "-V") words[0] = "version";
    if (words[0] != "help") return;
    words.erase(words.begin());
    words.resize(std::min<std::size_t>(words.size(), 1));
    words.emplace_back("--help");
  }

  /// Behind "--host=" the parser would take the next word for the value.
  static void keep_empty_values(std::vector<std::string>& words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (!words[i].starts_with("--") || words[i].find('=') != words[i].size() - 1) continue;
      words[i].pop_back();
      words.insert(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, std::string());
    }
  }

  int refuse(const std::string& where, const std::string& what, const std::string& more) {
    err_ << where << ": " << what << "\n    " << more << "\n    `" << where
         << " --help` shows what there is\n";
    return kUsage;
  }

  int refuse_command(const std::string& word) {
    const std::string what = "there is no command \"" + word + "\"";
    for (const auto& [planned, instead] : kPlannedCommands) {
      if (word == planned) return refuse("limpid", what + " in this version yet", std::string(instead));
    }
    return refuse("limpid", what, expected(word, commands_of(app_)));
  }

  int refuse(const CLI::ParseError& error) {
    const std::vector<CLI::App*> parsed = app_.get_subcommands();
    CLI::App& command = parsed.empty() ? app_ : *parsed.front();
    const std::string where = parsed.empty() ? "limpid" : "limpid " + command.get_name();
    // An option that is not known is said first: what is missing may be what was meant by it.
    for (const std::string& word : command.remaining()) {
      if (word.starts_with("-")) return refuse_option(where, word, command);
    }
    if (!command.remaining().empty())
      return refuse(where, "\"" + command.remaining().front() + "\" was not expected", usage_of(command));
    return refuse(where, error.what(), usage_of(command));
  }

  /// As a variable that is not set leaves it in a script: it would be taken for an option that is not there.
  int refuse_empty_value() {
    for (CLI::App* command : app_.get_subcommands()) {
      for (const CLI::Option* option : command->get_options()) {
        const std::vector<std::string>& values = option->results();
        if (std::none_of(values.begin(), values.end(), [](const auto& value) { return value.empty(); }))
          continue;
        return refuse("limpid " + command->get_name(), option->get_name() + " has an empty value",
                      usage_of(*command));
      }
    }
    return kGood;
  }

  int refuse_option(const std::string& where, const std::string& word, CLI::App& command) {
    const std::string name = word.substr(0, word.find('='));
    return refuse(where, "there is no option " + name, expected(name, options_of(command)));
  }

  static std::string one_of(const std::vector<std::string>& words) {
    std::string list;
    for (const std::string& word : words) list += (list.empty() ? "expected one of: " : ", ") + word;
    return list;
  }
  static std::string expected(const std::string& given, const std::vector<std::string>& words) {
    const std::string hint = nearest_hint(given, words);
    return one_of(words) + (hint.empty() ? "" : "        " + hint);
  }
  static std::vector<std::string> commands_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
      names.push_back(command->get_name());
    return names;
  }
  static std::vector<std::string> options_of(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    return names;
  }
  /// The first example of the command's.
  static std::string usage_of(const CLI::App& command) {
    const std::string examples = command.get_footer();
    const std::size_t first = examples.find("  limpid");
    if (first == std::string::npos) return one_of(commands_of(command));
    return "for example:" + examples.substr(first + 1, examples.find('\n', first) - first - 1);
  }

  // --- what there is ---

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
    CLI::App* command = add(
        "explain", "Say what would be decided about a connection, by which rule and why",
        "  limpid explain -c limpid.yaml --client 10.0.0.5 --server 192.0.2.7:443 --sni shop.example\n\n"
        "A name of tls.ech_fronts has two answers: first for hellos with the ECH extension, which almost\n"
        "every browser sends, then for those without.",
        [this] { return commands_.explain(explain_, out_, err_); });
    command->add_option("-c,--config", explain_.config, "the configuration")->type_name("FILE")->required();
    command->add_option("--client", explain_.client, "the client's address")
        ->type_name("IP[:PORT]")
        ->required();
    command->add_option("--server", explain_.server, "the server's address")
        ->type_name("IP:PORT")
        ->required();
    command->add_option("--sni", explain_.sni, "the server name that the client sends")->type_name("NAME");
    command->add_option("--upgrade", explain_.upgrade, "what is spoken before TLS: smtp, connect, socks5 …")
        ->type_name("WORD");
    command->add_option("--connect-host", explain_.connect_host, "the host that a proxy is asked for")
        ->type_name("NAME");
    command
        ->add_option("--connect-port", explain_.connect_port, "the port that it is asked for (default: 443)")
        ->type_name("PORT");
    command->add_option("--vlan", explain_.vlan, "the VLAN's identifier, 1 to 4094 (default: 0, untagged)")
        ->check(CLI::Range(0, 4094).description(""))
        ->type_name("ID");
    command->add_option("--segment", explain_.segment, "the segment (default: the first)")->type_name("NAME");
    command
        ->add_option("--certificate", explain_.certificate,
                     "the chain that the server shows, its own certificate first; it is verified as now")
        ->type_name("FILE");
    command->add_flag("--json", explain_.json, "for machines");
  }

  void add_sessions() {
    CLI::App* command =
        add("sessions", "Show sessions: who, in which state, decided by which rule",
            "  limpid sessions\n"
            "  limpid sessions --host shop --state EST:EST\n"
            "  limpid sessions --failed         why sessions failed that finished lately\n"
            "  limpid sessions --all --json     also forwarded and finished ones",
            [this] { return ask_where([this] { return ask_sessions(ask_, sessions_, out_, err_); }); });
    command
        ->add_option("--host", sessions_.host,
                     "part of the server name, or of a name in the server's certificate")
        ->type_name("NAME");
    command->add_option("--state", sessions_.state, "beginning of Na:Nb:Ta:Tb")->type_name("STATE");
    command->add_flag("--all", sessions_.all, "also forwarded flows, and sessions that finished lately");
    command->add_flag("--failed", sessions_.failed,
                      "those alone that failed: whose fault, how far both legs came, the likely cause");
    add_limit(command, sessions_.limit);
    add_json(command);
    add_place(command);
  }

  void add_certificates() {
    CLI::App* command = add(
        "certificates", "Show the server certificates that were seen",
        "  limpid certificates\n"
        "  limpid certificates --expiring 30d\n"
        "  limpid certificates --host shop.example --json\n"
        "  limpid certificates --database inventory.db     while limpid is not running\n\n"
        "COUNT is exact where limpid is asked. In the database alone, repetitions are missing while limpid\n"
        "runs, those of the last minute and more: they are added when it is asked, and when it stops.",
        [this] {
          return ask_where(
              [this] { return ask_certificates(ask_, certificates_, commands_.now(), out_, err_); });
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

  void add_tools() {
    CLI::App* command =
        add("tools", "Show what inline tools and mirrors did with the sessions",
            "  limpid tools\n"
            "  limpid tools --json\n"
            "  limpid tools --out-of-service ips     new sessions go past it, open ones go on\n"
            "  limpid tools --in-service ips",
            [this] { return ask_where([this] { return tools_or_service(); }); });
    auto* out =
        command->add_option("--out-of-service", out_of_service_, "send no new sessions through this tool")
            ->type_name("NAME");
    command->add_option("--in-service", in_service_, "use it again")->type_name("NAME")->excludes(out);
    add_json(command);
    add_place(command);
  }

  void add_capture() {
    CLI::App* command = add(
        "capture", "Record the handshakes of new sessions for Wireshark, both legs",
        "  limpid capture --host shop.example -o shop.pcapng\n"
        "  limpid capture --failed --count 20 --seconds 600 -o failed.pcapng\n"
        "  limpid capture --client 10.0.0.5 --server 192.0.2.7:443 --with-secrets -o one.pcapng\n\n"
        "Sessions are recorded that begin from now on and are decrypted, from their ClientHello until both\n"
        "handshakes are over. It ends with the last session that was asked for, with its time, or with "
        "Ctrl-C.\n"
        "In the file, \"client leg\" and \"server leg\" are two interfaces; in the server leg's packets "
        "10,000 is\n"
        "added to the client's port (above 55,535: taken off), as readers would take both for one "
        "connection.",
        [this] {
          return ask_where(
              [this] { return capture(ask_, capture_, commands_.interrupted_within, out_, err_); });
        });
    CaptureQuery& query = capture_.query;
    command->add_option("-o,--output", capture_.file, "the pcapng file that is made")
        ->type_name("FILE")
        ->required();
    command
        ->add_option("--host", query.host,
                     "part of the server name that the client sends, or asks a proxy for: a session is "
                     "chosen at its ClientHello, before the server has shown a certificate")
        ->type_name("NAME");
    command->add_option("--client", query.client, "the client's address, or a prefix")->type_name("PREFIX");
    command->add_option("--server", query.server, "the server's, with a port or without")
        ->type_name("PREFIX[:PORT]");
    command->add_flag("--failed", query.failed, "only sessions that fail");
    command->add_flag("--with-secrets", query.secrets, "with the secrets that decrypt them, in the file");
    command->add_option("--count", query.count, "sessions, up to " + std::to_string(kCapturedMax))
        ->check(CLI::Range(std::uint32_t{1}, kCapturedMax).description(""))
        ->type_name("SESSIONS")
        ->capture_default_str();
    command->add_option("--seconds", query.seconds, "no longer than this, up to a day")
        ->check(CLI::Range(std::uint32_t{1}, kCaptureSecondsMax).description(""))
        ->type_name("TIME")
        ->capture_default_str();
    add_json(command);
    add_place(command);
  }

  int tools_or_service() {
    if (!out_of_service_.empty()) return ask_service(ask_, out_of_service_, false, out_, err_);
    if (!in_service_.empty()) return ask_service(ask_, in_service_, true, out_, err_);
    return ask_tools(ask_, out_, err_);
  }

  void add_learnt() {
    CLI::App* command = add(
        "learnt", "Show which clients do not accept limpid's certificates for which servers",
        "  limpid learnt\n"
        "  limpid learnt --state proposed --json\n"
        "  limpid learnt --accept 1f0c5a9be2d7     such sessions are passed until it is forgotten\n"
        "  limpid learnt --forget 1f0c5a9be2d7\n"
        "  limpid learnt --export                  as rules that pass these servers\n\n"
        "STATE: suspect (failures), proposed (enough of them: it is yours to accept), bypass (passed until\n"
        "UNTIL, then one session is decrypted again: retry), accepted (by you).",
        [this] { return ask_where([this] { return learnt_or_verdict(); }); });
    command->add_option("--state", learnt_.state, "those in this state alone")
        ->check(CLI::IsMember({"suspect", "proposed", "bypass", "retry", "accepted"}).description(""))
        ->type_name("STATE");
    command->add_option("--host", learnt_.host, "part of the server's name or address")->type_name("NAME");
    auto* accept =
        command->add_option("--accept", accept_, "pass such sessions from now on")->type_name("ID");
    auto* forget = command->add_option("--forget", forget_, "decrypt them again, and begin anew")
                       ->type_name("ID")
                       ->excludes(accept);
    auto* rules = command->add_flag("--export", as_rules_, "as rules for a configuration");
    rules->excludes(accept)->excludes(forget);
    add_limit(command, learnt_.limit);
    add_json(command);
    add_place(command);
  }

  int learnt_or_verdict() {
    if (!accept_.empty()) return judge_learnt(ask_, accept_, LearntVerdict::kAccept, out_, err_);
    if (!forget_.empty()) return judge_learnt(ask_, forget_, LearntVerdict::kForget, out_, err_);
    return ask_learnt(ask_, learnt_, as_rules_, out_, err_);
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
    command->add_option("--limit", limit, "rows at most, up to " + std::to_string(kRowsMax))
        ->check(CLI::Range(std::uint32_t{1}, kRowsMax).description(""))
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

  bool as_version_ = false;  // for the help: mean_the_usual() has made a command of it
  std::string config_;
  std::string socket_;
  AskArguments ask_;
  CheckConfigArguments check_config_;
  ExplainArguments explain_;
  CaptureArguments capture_;
  std::string out_of_service_;
  std::string in_service_;
  std::string accept_;
  std::string forget_;
  bool as_rules_ = false;
  LearntQuery learnt_;
  SessionQuery sessions_;
  CertificateQuery certificates_;
};

}  // namespace

int run_command_line(int argc, const char* const* argv, const Commands& commands, std::ostream& out,
                     std::ostream& err) {
  return CommandLine(commands, out, err).run(argc, argv);
}

}  // namespace limpid::control
