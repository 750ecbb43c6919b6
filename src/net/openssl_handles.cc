// OpenSSL's error queue as text.
#include "net/openssl_handles.h"

namespace herold::net {

std::string take_openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  const char* reason = ERR_reason_error_string(code);
  if (reason) return reason;
  char text[120];
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

}  // namespace herold::net
