// XEP-0077 In-Band Registration.
#pragma once

#include "xmpp/form.h"
#include "xmpp/payload.h"

namespace herold::xmpp {

// In an answer to `get` an empty element asks for a value, hence the optionals; other legacy
// elements of the specification are ignored.
struct RegisterQuery {
  std::optional<std::string> instructions;
  bool registered = false;
  bool remove = false;
  std::optional<std::string> username;
  std::optional<std::string> password;
  std::optional<std::string> nick;
  std::optional<std::string> name;
  std::optional<std::string> email;
  std::optional<DataForm> form;
  static constexpr ElementName element{"query", "jabber:iq:register"};
  static constexpr std::tuple fields{child_text("instructions", &RegisterQuery::instructions),
                                     flag("registered", &RegisterQuery::registered),
                                     flag("remove", &RegisterQuery::remove),
                                     child_text("username", &RegisterQuery::username),
                                     child_text("password", &RegisterQuery::password),
                                     child_text("nick", &RegisterQuery::nick),
                                     child_text("name", &RegisterQuery::name),
                                     child_text("email", &RegisterQuery::email),
                                     child(&RegisterQuery::form)};
};

// Stream feature.
struct RegisterFeature {
  static constexpr ElementName element{"register", "http://jabber.org/features/iq-register"};
};

}  // namespace herold::xmpp
