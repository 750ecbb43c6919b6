// XEP-0030 Service Discovery: what the server and its accounts are, and what they speak.
#include "server/disco.h"

#include "server/module.h"

namespace herold::server {

class Disco {
 public:
  static constexpr About about{
      30, "2.5.0", "Service Discovery", {xmpp::ns::disco_info, xmpp::ns::disco_items}};

  static constexpr Targets everywhere = at_server | at_own_account | at_other_account;
  static constexpr auto handlers() {
    return std::tuple{on<Get<xmpp::DiscoInfo>>(&Disco::tell_info, everywhere),
                      on<Get<xmpp::DiscoItems>>(&Disco::tell_items, everywhere),
                      on<DiscoInfoAsked>(&Disco::describe),
                      on<DiscoItemsAsked>(&Disco::list_services)};
  }

  explicit Disco(ModuleHost& host) : host_(host) {}

 private:
  Answer<xmpp::DiscoInfo> tell_info(const IqContext& context, const xmpp::DiscoInfo& question) {
    TRY(check_asker(context));
    return disco_info(host_, context.account, context.from(), question.node);
  }

  Answer<xmpp::DiscoItems> tell_items(const IqContext& context, const xmpp::DiscoItems& question) {
    TRY(check_asker(context));
    return disco_items(host_, context.account, context.from(), question.node);
  }

  // Section 8: an account says to those who do not see it what an address without one says.
  static Answer<> check_asker(const IqContext& context) {
    if (context.account == nullptr || context.from().same_bare(context.account->address()))
      return {};
    if (context.account->is_temporary()) return {};  // XEP-0175 section 5: everybody may know
    const ContactView contact = context.account->roster().find(context.from().bare_text());
    if (seen_by_contact(contact.subscription)) return {};
    return xmpp::fail(Condition::service_unavailable);
  }

  void describe(DiscoInfoAsked& asked) {
    xmpp::DiscoInfo& info = asked.info;
    if (!info.node.empty()) return;
    if (asked.account != nullptr) {
      const bool is_temporary = asked.account->is_temporary();
      info.identities.push_back(
          {.category = "account", .type = is_temporary ? "anonymous" : "registered"});
      for (const std::string_view feature : about.features) add(info, feature);
      return;
    }
    info.identities.push_back({.category = "server", .type = "im", .name = "Herold"});
    for (const Module* module : host_.running())
      for (const std::string_view feature : module->features) add(info, feature);
  }

  void list_services(DiscoItemsAsked& asked) {
    if (asked.account != nullptr || !asked.items.node.empty()) return;
    for (const auto& service : host_.services())
      asked.items.items.push_back(
          {.jid = service->address(), .name = std::string(service->title())});
  }

  static void add(xmpp::DiscoInfo& info, std::string_view feature) {
    if (!feature.empty()) info.features.push_back({std::string(feature)});
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(disco, Disco)
