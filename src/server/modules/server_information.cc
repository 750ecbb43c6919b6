// XEP-0485 PubSub Server Information: which domain this is, published for those who draw the map.
//
// To switch it on is what section 7 calls opting in: others may then name this domain in theirs.
#include <algorithm>

#include "server/module.h"
#include "xmpp/ext/disco.h"
#include "xmpp/ext/pubsub.h"

namespace herold::server {
namespace {

constexpr std::string_view ns = "urn:xmpp:serverinfo:0";
constexpr std::string_view node = "serverinfo";

// Connections to other domains stand in <federation/> once there are any.
struct Federation {
  static constexpr ElementName element{"federation", ns};
};
struct DomainInfo {
  std::string name;
  Federation federation;
  static constexpr ElementName element{"domain", ns};
  static constexpr std::tuple fields{xmpp::attribute("name", &DomainInfo::name),
                                     xmpp::child(&DomainInfo::federation)};
};
struct ServerInfo {
  DomainInfo domain;
  static constexpr ElementName element{"serverinfo", ns};
  static constexpr std::tuple fields{xmpp::child(&ServerInfo::domain)};
};

}  // namespace

class ServerInformation {
 public:
  static constexpr About about{485, "1.0.0", "PubSub Server Information", {ns}};
  static constexpr bool enabled_by_default = false;

  static constexpr auto handlers() {
    return std::tuple{on<DiscoInfoAsked>(&ServerInformation::announce, Stage::observe)};
  }

  explicit ServerInformation(ModuleHost& host) : host_(host) {
    host.after(timer_, first_delay, [this] { publish(); });
  }

  void stop() { timer_.stop(); }

 private:
  static constexpr Seconds first_delay{2}, patience{60};

  std::string service() const {
    for (const ServiceDomain& service : host_.domain().services)
      if (service.module == "pubsub") return service.name;
    return {};
  }

  // Section 3; one form with XEP-0157's, as the registrar's note asks.
  void announce(DiscoInfoAsked& asked) {
    if (asked.account != nullptr || !asked.info.node.empty() || service().empty()) return;
    constexpr std::string_view type = "http://jabber.org/network/serverinfo";
    auto form = std::ranges::find(asked.info.forms, type, &xmpp::DataForm::form_type);
    if (form == asked.info.forms.end())
      form = asked.info.forms.insert(form, xmpp::DataForm::of(xmpp::FormType::result, type));
    form->add(xmpp::FieldType::text_single, "serverinfo-pubsub-node", "",
              "xmpp:" + service() + "?;node=" + std::string(node));
  }

  // Section 5; one shard does it.
  void publish() {
    if (service().empty() || !host_.is_home_of(host_.domain().name)) return;
    xmpp::PubSub request;
    request.publish = xmpp::PubSubPublish{.node = std::string(node)};
    auto& item = request.publish->items.emplace_back();
    item.id = "current";
    item.payload =
        xmpp::to_xml(ServerInfo{.domain = {.name = host_.domain().name}}, xmpp::ns::pubsub);
    auto form = xmpp::DataForm::of(xmpp::FormType::submit,
                                   "http://jabber.org/protocol/pubsub#publish-options");
    form.add(xmpp::FieldType::list_single, "pubsub#access_model", "", "open");
    form.add(xmpp::FieldType::text_single, "pubsub#max_items", "", "1");
    request.publish_options = xmpp::PubSubPublishOptions{.form = std::move(form)};
    StanzaHead head = StanzaHead::of(IqType::set);
    head.from = host_.address();
    head.to = Jid::trusted(service());
    host_.ask(Stanza(std::move(head), xmpp::to_xml(request, xmpp::ns::client)), patience,
              [&log = host_.log()](const Stanza* answer) {
                if (answer == nullptr || !answer->head.is(IqType::result))
                  log.warning("server-information-not-published", {});
              });
  }

  ModuleHost& host_;
  Timer timer_;
};

}  // namespace herold::server

HEROLD_MODULE(server_information, ServerInformation)
