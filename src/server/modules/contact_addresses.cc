// XEP-0157 Contact Addresses: whom to write to about the server, as a form in its disco#info.
#include "server/module.h"
#include "xmpp/ext/disco.h"

namespace herold::server {

class ContactAddresses {
 public:
  static constexpr About about{157, "1.1.1", "Contact Addresses for XMPP Services"};

  static constexpr auto handlers() {
    return std::tuple{on<DiscoInfoAsked>(&ContactAddresses::add_form)};
  }

  explicit ContactAddresses(ModuleHost& host) : host_(host) {}

 private:
  void add_form(DiscoInfoAsked& asked) {
    if (asked.account != nullptr || !asked.info.node.empty()) return;
    using xmpp::FieldType;
    auto form = xmpp::DataForm::of(xmpp::FormType::result, "http://jabber.org/network/serverinfo");
    const auto add = [&](std::string_view var, const std::vector<std::string>& addresses) {
      if (!addresses.empty()) form.add(FieldType::list_multi, var).values = addresses;
    };
    const ContactConfig& contact = host_.domain().contact;
    add("abuse-addresses", contact.abuse);
    add("admin-addresses", contact.admin);
    add("feedback-addresses", contact.feedback);
    add("sales-addresses", contact.sales);
    add("security-addresses", contact.security);
    add("status-addresses", contact.status);
    add("support-addresses", contact.support);
    if (form.questions.size() > 1) asked.info.forms.push_back(std::move(form));
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(contact_addresses, ContactAddresses)
