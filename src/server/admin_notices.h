// What the administrators of a domain are told as it happens: at once, or together with others of
// that minute.
#pragma once

#include <string>
#include <string_view>

#include "server/module_host.h"

namespace herold::server {

class AdminNotices {
 public:
  // `more` goes behind a number: "3 more reports".
  AdminNotices(ModuleHost& host, std::string_view subject, std::string_view more)
      : host_(host), subject_(subject), more_(more) {}

  void tell(std::string_view text);
  void stop() { pause_.stop(); }

 private:
  void send(std::string_view text);

  static constexpr Seconds pause{60};

  ModuleHost& host_;
  std::string_view subject_, more_;
  Timer pause_;
  std::uint64_t untold_ = 0;
};

}  // namespace herold::server
