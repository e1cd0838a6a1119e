// A client and a server of one version of TLS, with limpid's own TLS library: the only way to SSL 3.0, which
// every distribution's programs have compiled out. Each says one line to the other.
//
//   old_tls serve ADDRESS PORT VERSION CERTIFICATE KEY    one connection after the other, for ever
//   old_tls ask ADDRESS PORT VERSION CA NAME              prints version, cipher and the server's answer,
//   once
//                                                         for a new session and once for the same, resumed
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace {

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  void operator()(SSL* connection) const { SSL_free(connection); }
};
using Context = std::unique_ptr<SSL_CTX, Free>;
using Connection = std::unique_ptr<SSL, Free>;
using Session = std::unique_ptr<SSL_SESSION, Free>;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  ERR_print_errors_fp(stderr);
  std::exit(1);
}

int version_of(const std::string& word) {
  if (word == "ssl3") return SSL3_VERSION;
  if (word == "tls1.0") return TLS1_VERSION;
  if (word == "tls1.1") return TLS1_1_VERSION;
  fail("the version is ssl3, tls1.0 or tls1.1");
}

Context context_of(const SSL_METHOD* method, const std::string& version) {
  Context context(SSL_CTX_new(method));
  const int number = version_of(version);
  const bool set = context && SSL_CTX_set_min_proto_version(context.get(), number) == 1 &&
                   SSL_CTX_set_max_proto_version(context.get(), number) == 1 &&
                   SSL_CTX_set_cipher_list(context.get(), "ALL:!aNULL:!eNULL:@SECLEVEL=0") == 1;
  if (!set) fail("no context");
  return context;
}

sockaddr_in address_of(const std::vector<std::string>& words) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(words[2])));
  if (inet_pton(AF_INET, words[1].c_str(), &address.sin_addr) != 1) fail("an IPv4 address");
  return address;
}

std::string heard(SSL* connection) {
  std::string text(256, '\0');
  const int size = SSL_read(connection, text.data(), static_cast<int>(text.size()));
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

[[noreturn]] void serve(const std::vector<std::string>& words) {
  const Context context = context_of(TLS_server_method(), words[3]);
  if (SSL_CTX_use_certificate_chain_file(context.get(), words[4].c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), words[5].c_str(), SSL_FILETYPE_PEM) != 1)
    fail("the certificate and its key");
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = address_of(words);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("bind");
  if (listen(listener, 16) != 0) fail("listen");
  for (;;) {
    const int accepted = accept(listener, nullptr, nullptr);
    const Connection connection(SSL_new(context.get()));
    SSL_set_fd(connection.get(), accepted);
    if (SSL_accept(connection.get()) == 1) {
      const std::string answer = "answer to " + heard(connection.get());
      SSL_write(connection.get(), answer.data(), static_cast<int>(answer.size()));
      SSL_shutdown(connection.get());
    }
    ERR_clear_error();
    close(accepted);
  }
}

/// `session`: to be resumed; null: none.
Session ask_once(SSL_CTX* context, SSL_SESSION* session, const std::vector<std::string>& words) {
  const int connected = socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = address_of(words);
  if (connect(connected, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("connect");
  const Connection connection(SSL_new(context));
  SSL_set_fd(connection.get(), connected);
  if (session != nullptr) SSL_set_session(connection.get(), session);
  SSL_set1_host(connection.get(), words[5].c_str());
  if (SSL_connect(connection.get()) != 1) fail("the handshake");
  if (SSL_write(connection.get(), "question", 8) != 8) fail("the question");
  const std::string answer = heard(connection.get());
  const char* which = SSL_session_reused(connection.get()) == 1 ? "resumed" : "new";
  std::printf("%s %s %s %s\n", SSL_get_version(connection.get()), SSL_get_cipher_name(connection.get()),
              which, answer.c_str());
  SSL_shutdown(connection.get());
  close(connected);
  return Session(SSL_get1_session(connection.get()));
}

int ask(const std::vector<std::string>& words) {
  const Context context = context_of(TLS_client_method(), words[3]);
  if (SSL_CTX_load_verify_locations(context.get(), words[4].c_str(), nullptr) != 1) fail("the CA");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  const Session session = ask_once(context.get(), nullptr, words);
  ask_once(context.get(), session.get(), words);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() != 6) fail("old_tls serve|ask ADDRESS PORT VERSION …");
  if (words[0] == "serve") serve(words);
  return ask(words);
}
