#include "tls_proxy/upgrade/reply_dialogue.h"

#include <algorithm>
#include <array>

#include "tls_proxy/upgrade/words.h"

namespace limpid::tls {

struct ReplyDialogue::Grammar {
  Command (*command)(std::string_view line);
  Reply (*reply)(std::string_view line, OpenReply& open);
  std::uint32_t agreed = 0;
  std::uint32_t logged_in = 0;  // 0: a login changes nothing
  std::uint32_t go_on = 0;      // the client's next line belongs to the same command; 0: there is no such
  LineSplitter::Literals literals = LineSplitter::Literals::kNo;
};

namespace {

using Command = ReplyDialogue::Command;
using OpenReply = ReplyDialogue::OpenReply;
using Reply = ReplyDialogue::Reply;
using Kind = Reply::Kind;

// For servers that answer in words.
constexpr std::uint32_t kYes = 200;
constexpr std::uint32_t kGoOn = 300;
constexpr std::uint32_t kNo = 500;

/// "250 …" or "250" ends a reply that "250-…" has begun; whatever stands between them belongs to it.
Reply numbered(std::string_view line, OpenReply& open) {
  const std::optional<std::uint32_t> code = decimal(line.substr(0, 3), 3);
  const char after = line.size() > 3 ? line[3] : ' ';
  const bool shaped = code && line.size() >= 3 && (after == ' ' || after == '-');
  if (open.code != 0) {
    if (!shaped || *code != open.code || after == '-') return {};
    open.code = 0;
    return {Kind::kWhole, *code};
  }
  if (!shaped) return {Kind::kMalformed};
  if (after == '-') {
    open.code = *code;
    return {};
  }
  return {Kind::kWhole, *code};
}

// --- SMTP, LMTP -----------------------------------------------------------------------------------------

Command smtp_command(std::string_view line) {
  const std::string_view word = take_word(line);
  if (same_word(word, "STARTTLS")) return Command::kUpgrade;
  return same_word(word, "BDAT") ? Command::kContent : Command::kOther;
}

Reply smtp_reply(std::string_view line, OpenReply& open) {
  constexpr std::uint32_t kStartMail = 354;
  const Reply reply = numbered(line, open);
  return reply.kind == Kind::kWhole && reply.code == kStartMail ? Reply{Kind::kPlain} : reply;
}

// --- POP3 -----------------------------------------------------------------------------------------------

Command pop3_command(std::string_view line) {
  const std::string_view word = take_word(line);
  if (same_word(word, "STLS")) return Command::kUpgrade;
  // AUTH by itself only asks which ways there are (RFC 5034 §4 has CAPA for that; old clients do).
  const bool mechanism = same_word(word, "AUTH") && !take_word(line).empty();
  const bool login = same_word(word, "PASS") || same_word(word, "APOP") || mechanism;
  return login ? Command::kLogin : Command::kOther;
}

/// Before the login no line of a list begins as a status does.
Reply pop3_reply(std::string_view line, OpenReply& /*open*/) {
  if (begins_with(line, "+OK")) return {Kind::kWhole, kYes};
  if (begins_with(line, "-ERR")) return {Kind::kWhole, kNo};
  return line.starts_with('+') ? Reply{Kind::kWhole, kGoOn} : Reply{};
}

// --- FTP ------------------------------------------------------------------------------------------------

Command ftp_command(std::string_view line) {
  if (!same_word(take_word(line), "AUTH")) return Command::kOther;
  const std::string_view mechanism = take_word(line);
  for (const std::string_view tls : {"TLS", "TLS-C", "TLS-P", "SSL"}) {
    if (same_word(mechanism, tls)) return Command::kUpgrade;
  }
  return Command::kOther;
}

Reply ftp_reply(std::string_view line, OpenReply& open) {
  const Reply reply = numbered(line, open);
  if (reply.kind != Kind::kWhole || reply.code >= 200) return reply;
  // Preliminary: the reply proper follows, and before it perhaps a file in the clear.
  return reply.code == 125 || reply.code == 150 ? Reply{Kind::kPlain} : Reply{};
}

// --- NNTP -----------------------------------------------------------------------------------------------

Command nntp_command(std::string_view line) {
  const std::string_view word = take_word(line);
  if (same_word(word, "STARTTLS")) return Command::kUpgrade;
  const bool content = same_word(word, "TAKETHIS");
  if (content) return Command::kContent;
  return same_word(word, "AUTHINFO") ? Command::kLogin : Command::kOther;
}

Reply nntp_reply(std::string_view line, OpenReply& open) {
  // RFC 3977 §3.4.1: a block of lines follows these; 211 only where LISTGROUP asked, which needs no upgrade.
  constexpr std::array<std::uint32_t, 10> kBlocks{100, 101, 215, 220, 221, 222, 224, 225, 230, 231};
  constexpr std::uint32_t kSendArticle = 340;
  constexpr std::uint32_t kSendTransfer = 335;
  if (open.block) {
    open.block = line != ".";
    return {};
  }
  const std::optional<std::uint32_t> code = decimal(line.substr(0, 3), 3);
  if (!code || line.size() < 3 || (line.size() > 3 && line[3] != ' ')) return {Kind::kMalformed};
  if (*code == kSendArticle || *code == kSendTransfer) return {Kind::kPlain};
  open.block = std::find(kBlocks.begin(), kBlocks.end(), *code) != kBlocks.end();
  return {Kind::kWhole, *code};
}

// --- ManageSieve ----------------------------------------------------------------------------------------

Command sieve_command(std::string_view line) {
  if (line.empty() || line.starts_with('"') || line.starts_with('{'))
    return Command::kNone;  // of a SASL exchange
  const std::string_view word = take_word(line);
  if (same_word(word, "STARTTLS")) return Command::kUpgrade;
  return same_word(word, "AUTHENTICATE") ? Command::kLogin : Command::kOther;
}

/// Capabilities and scripts are strings; only a status is a bare word.
Reply sieve_reply(std::string_view line, OpenReply& /*open*/) {
  const std::string_view word = take_word(line);
  if (same_word(word, "OK")) return {Kind::kWhole, kYes};
  return same_word(word, "NO") || same_word(word, "BYE") ? Reply{Kind::kWhole, kNo} : Reply{};
}

}  // namespace

const ReplyDialogue::Grammar& ReplyDialogue::smtp() {
  static constexpr Grammar kGrammar{
      .command = smtp_command, .reply = smtp_reply, .agreed = 220, .go_on = 334};
  return kGrammar;
}
const ReplyDialogue::Grammar& ReplyDialogue::pop3() {
  static constexpr Grammar kGrammar{
      .command = pop3_command, .reply = pop3_reply, .agreed = kYes, .logged_in = kYes, .go_on = kGoOn};
  return kGrammar;
}
const ReplyDialogue::Grammar& ReplyDialogue::ftp() {
  static constexpr Grammar kGrammar{.command = ftp_command, .reply = ftp_reply, .agreed = 234};
  return kGrammar;
}
const ReplyDialogue::Grammar& ReplyDialogue::nntp() {
  static constexpr Grammar kGrammar{
      .command = nntp_command, .reply = nntp_reply, .agreed = 382, .logged_in = 281, .go_on = 383};
  return kGrammar;
}
const ReplyDialogue::Grammar& ReplyDialogue::manage_sieve() {
  static constexpr Grammar kGrammar{.command = sieve_command,
                                    .reply = sieve_reply,
                                    .agreed = kYes,
                                    .logged_in = kYes,
                                    .literals = LineSplitter::Literals::kYes};
  return kGrammar;
}

ReplyDialogue::ReplyDialogue(const Grammar& grammar)
    : grammar_(grammar), client_(grammar.literals), server_(grammar.literals) {}

Finding ReplyDialogue::on_client(Bytes bytes) {
  std::string_view line;
  while (!bytes.empty()) {
    if (asked_) return kPipelined;
    const LineSplitter::Took took = client_.next(bytes, line);
    if (took == LineSplitter::Took::kTooLong) return kTooMuch;
    if (took == LineSplitter::Took::kNothing) break;
    if (const Finding found = on_command(line); found.kind != Finding::Kind::kMore) return found;
  }
  return kMore;
}

Finding ReplyDialogue::on_command(std::string_view line) {
  const Command command = continued_ != Command::kNone ? continued_ : grammar_.command(line);
  continued_ = Command::kNone;
  if (command == Command::kNone) return kMore;
  if (command == Command::kContent) return kStaysPlain;
  if (unanswered_.size() >= kUnansweredMax) return kTooMuch;
  unanswered_.push_back(command);
  asked_ = command == Command::kUpgrade;
  return kMore;
}

Finding ReplyDialogue::on_server(Bytes bytes) {
  std::string_view line;
  while (!bytes.empty()) {
    const LineSplitter::Took took = server_.next(bytes, line);
    if (took == LineSplitter::Took::kTooLong) return kTooMuch;
    if (took == LineSplitter::Took::kNothing) break;
    const Reply reply = grammar_.reply(line, open_);
    if (reply.kind == Kind::kMalformed) return kNonsense;
    if (reply.kind == Kind::kPlain) return kStaysPlain;
    if (reply.kind == Kind::kNotYet) continue;
    if (const Finding found = on_reply(reply.code, bytes); found.kind != Finding::Kind::kMore) return found;
  }
  return kMore;
}

Finding ReplyDialogue::on_reply(std::uint32_t code, Bytes rest) {
  if (unanswered_.empty()) return kMore;  // of its own accord, as before it closes
  const Command command = unanswered_.front();
  unanswered_.pop_front();
  if (command == Command::kUpgrade) {
    asked_ = false;
    return code == grammar_.agreed ? agreed(rest) : kMore;
  }
  if (grammar_.go_on != 0 && code == grammar_.go_on) continued_ = command;
  return command == Command::kLogin && code == grammar_.logged_in ? kStaysPlain : kMore;
}

}  // namespace limpid::tls
