// The forms of Service Administration (XEP-0133).
#pragma once

#include <string_view>

#include "xmpp/form.h"

namespace herold::server {

inline constexpr std::string_view admin_ns = "http://jabber.org/protocol/admin";

// To be filled in; its fields are the caller's.
inline xmpp::DataForm admin_form(std::string_view title) {
  xmpp::DataForm form = xmpp::DataForm::of(xmpp::FormType::form, admin_ns);
  form.title = title;
  return form;
}

}  // namespace herold::server
