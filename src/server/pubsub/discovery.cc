// What a service says of itself and of its nodes: XEP-0060 sections 5 and 10.
#include <algorithm>

#include "base/datetime.h"
#include "server/pubsub/service.h"

namespace herold::server::pubsub {
namespace {

constexpr std::string_view common_features[] = {"auto-create",
                                                "config-node",
                                                "config-node-max",
                                                "create-and-configure",
                                                "create-nodes",
                                                "delete-items",
                                                "delete-nodes",
                                                "instant-nodes",
                                                "item-ids",
                                                "leased-subscription",
                                                "manage-subscriptions",
                                                "member-affiliation",
                                                "meta-data",
                                                "modify-affiliations",
                                                "multi-items",
                                                "outcast-affiliation",
                                                "persistent-items",
                                                "presence-notifications",
                                                "publish",
                                                "publish-node-full",
                                                "publish-only-affiliation",
                                                "publish-options",
                                                "publisher-affiliation",
                                                "purge-nodes",
                                                "retract-items",
                                                "retrieve-affiliations",
                                                "retrieve-default",
                                                "retrieve-default-sub",
                                                "retrieve-items",
                                                "retrieve-subscriptions",
                                                "rsm",
                                                "subscribe",
                                                "subscription-notifications",
                                                "subscription-options"};
constexpr std::string_view personal_features[] = {"access-presence",        "auto-subscribe",
                                                  "filtered-notifications", "last-published",
                                                  "presence-subscribe",     "pubsub-on-a-jid"};
constexpr std::string_view service_features[] = {"access-open", "get-pending"};

}  // namespace

std::vector<std::string_view> Service::features() const {
  std::vector<std::string_view> found(std::begin(common_features), std::end(common_features));
  const auto add = [&](const auto& more) {
    found.insert(found.end(), std::begin(more), std::end(more));
  };
  if (rules_.personal)
    add(personal_features);
  else
    add(service_features);
  if (rules_.multi_subscribe) found.emplace_back("multi-subscribe");
  return found;
}

std::vector<const Node*> Service::visible(const Viewer& viewer, WallTime now) const {
  std::vector<const Node*> found;
  for (const auto& [name, node] : nodes_)
    if (is_visible(node, viewer, now)) found.push_back(&node);
  return found;
}

bool Service::is_visible(const Node& node, const Viewer& viewer, WallTime now) const {
  if (!node.config.redirect.empty()) return false;
  return may_retrieve(node, viewer, now) || may_subscribe(node, viewer);
}

DataForm Service::meta_data(const Node& node, WallTime now) const {
  DataForm form = DataForm::of(FormType::result, meta_data_form);
  using xmpp::FieldType;
  const auto add = [&](FieldType type, std::string_view name, std::string value) {
    if (!value.empty()) form.add(type, "pubsub#" + std::string(name), {}, value);
  };
  const NodeConfig& config = node.config;
  add(FieldType::text_single, "type", config.type);
  add(FieldType::jid_single, "creator", node.creator.text());
  add(FieldType::text_single, "creation_date", format_datetime(node.created));
  add(FieldType::text_single, "title", config.title);
  add(FieldType::text_single, "description", config.description);
  add(FieldType::list_single, "language", config.language);
  add(FieldType::list_single, "access_model", std::string(xmpp::name_of(config.access_model)));
  add(FieldType::list_single, "publish_model", std::string(xmpp::name_of(config.publish_model)));
  add(FieldType::text_single, "max_items",
      config.max_items ? std::to_string(*config.max_items) : "max");
  if (!config.contacts.empty()) {
    auto& field = form.add(FieldType::jid_multi, "pubsub#contact");
    for (const Jid& jid : config.contacts) field.values.push_back(jid.text());
  }
  auto& owners = form.add(FieldType::jid_multi, "pubsub#owner");
  if (rules_.personal) owners.values.push_back(rules_.address.text());
  for (const Jid& jid : node.owners()) owners.values.push_back(jid.text());
  auto& publishers = form.add(FieldType::jid_multi, "pubsub#publisher");
  for (const auto& [jid, affiliation] : node.affiliations)
    if (affiliation == Affiliation::publisher || affiliation == Affiliation::publish_only)
      publishers.values.push_back(jid);
  const auto subscribers = std::ranges::count_if(
      node.subscriptions, [&](const auto& entry) { return entry.second.delivers(now); });
  add(FieldType::text_single, "num_subscribers", std::to_string(subscribers));
  return form;
}

}  // namespace herold::server::pubsub
