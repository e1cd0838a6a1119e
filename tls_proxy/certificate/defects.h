// Defects: collects all that OpenSSL's verification objects to in a chain, and says it in an operator's
// words. Used by Verifier for one verification; pure.
#pragma once

#include <string>

#include "tls_proxy/certificate/verdict.h"
#include "tls_proxy/openssl/pointers.h"

namespace limpid::certificate {

/// The class of one of OpenSSL's X509_V_ERR codes. Whatever is not known is kOther, never kTrusted.
Outcome classify(int error);

class Defects {
 public:
  /// `depth`: 0 for the server's own certificate; `certificate` may be null. One of each class is put into
  /// words.
  void add(int error, int depth, X509* certificate);
  /// One that the library does not look for. `depth` as above.
  void add(Outcome outcome, const std::string& sentence, int depth);
  /// A name that no certificate can be for.
  void add_impossible_name();

  bool none() const { return classes_.none(); }
  /// The gravest class; kTrusted where there is none.
  Outcome outcome() const;
  bool less_grave_than(const Defects& other) const;
  const Classes& classes() const { return classes_; }
  const std::string& detail() const { return detail_; }

 private:
  void say(const std::string& sentence);

  Classes classes_;
  std::string detail_;
};

}  // namespace limpid::certificate
