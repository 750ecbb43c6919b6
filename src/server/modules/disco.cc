// XEP-0030 Service Discovery: what the server and its accounts are, and what they speak.
#include "server/disco.h"

#include "server/components/components.h"
#include "server/module.h"
#include "server/shard.h"

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
  void tell_info(IqRequest request, const xmpp::DiscoInfo& question) {
    prepare(std::move(request), [this, node = question.node](const IqContext& context) {
      return disco_info(host_, context.account, context.from(), node);
    });
  }

  void tell_items(IqRequest request, const xmpp::DiscoItems& question) {
    prepare(std::move(request), [this, node = question.node](const IqContext& context) {
      return disco_items(host_, context.account, context.from(), node);
    });
  }

  // Answers once those modules that have to read something of an account have done so.
  template <class Tell>
  void prepare(IqRequest request, Tell tell) {
    const IqContext context = request.context();
    if (const auto may = check_asker(context); !may) return request.fail(may.error());
    if (context.account == nullptr) return request.answer(tell(context));
    AccountDescribed described{*context.account};
    std::ignore = host_.hooks().fire(described);
    go_on(std::move(described.preparations), std::move(request), std::move(tell));
  }

  template <class Tell>
  void go_on(std::vector<AccountDescribed::Preparation> left, IqRequest request, Tell tell) {
    if (left.empty()) return request.answer(tell(request.context()));
    auto first = std::move(left.back());
    left.pop_back();
    first([this, address = request.context().account->address(), left = std::move(left),
           request = std::move(request), tell = std::move(tell)]() mutable {
      if (host_.find_account(address) == nullptr) return;  // which fails the request
      go_on(std::move(left), std::move(request), std::move(tell));
    });
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
    for (const auto& [name, component] : host_.shard().components().configured())
      if (component.parent.empty() || component.parent == host_.domain().name)
        asked.items.items.push_back({.jid = Jid::trusted(name), .name = component.title});
  }

  static void add(xmpp::DiscoInfo& info, std::string_view feature) {
    if (!feature.empty()) info.features.push_back({std::string(feature)});
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(disco, Disco)
