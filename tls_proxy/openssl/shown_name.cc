#include "tls_proxy/openssl/shown_name.h"

#include <algorithm>

#include "dataplane/base/ascii.h"

namespace limpid::openssl {

std::string shown_text(std::string_view text) { return limpid::shown_text(text, kShownNameMax); }

std::string shown_name(const X509_NAME* name) {
  if (name == nullptr || X509_NAME_entry_count(name) == 0) return "a name that says nothing";
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0)
    return "a name that cannot be read";
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return shown_text({data, size > 0 ? static_cast<std::size_t>(size) : 0});
}

Authorities shown_authorities(const STACK_OF(X509_NAME) * names) {
  Authorities authorities;
  if (names == nullptr) return authorities;
  authorities.count = static_cast<std::size_t>(std::max(0, sk_X509_NAME_num(names)));
  const std::size_t shown = std::min(authorities.count, Authorities::kShownMax);
  for (std::size_t i = 0; i < shown; ++i)
    authorities.shown.push_back(shown_name(sk_X509_NAME_value(names, static_cast<int>(i))));
  return authorities;
}

}  // namespace limpid::openssl
