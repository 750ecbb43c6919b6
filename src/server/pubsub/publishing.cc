// What publishers ask for: XEP-0060 section 7.
#include <algorithm>

#include "server/pubsub/service.h"

namespace herold::server::pubsub {
namespace {

std::unexpected<StanzaError> bad(std::string_view name) {
  return std::unexpected(pubsub_error(Condition::bad_request, name));
}

WallTime oldest_of(const NodeConfig& config, WallTime now) {
  return config.item_expire ? now - Seconds(*config.item_expire) : WallTime{};
}

// Section 7.1.3.6: what kind of event the node is for.
Answer<> check_event_type(const NodeConfig& config, const Service::Publication& publication) {
  const bool has_item = !publication.publish.items.empty();
  if (!config.persist_items && !config.deliver_payloads) {
    if (has_item) return bad("item-forbidden");
    return {};
  }
  if (!has_item) return bad("item-required");
  if (publication.payloads > 1 || !publication.foreign) return bad("invalid-payload");
  if (config.deliver_payloads && publication.payloads == 0) return bad("payload-required");
  return {};
}

// Section 7.1.5: preconditions of a node that is there.
Answer<> check_preconditions(const NodeConfig& config, const DataForm& options,
                             const Limits& limits) {
  if (TRY(read_options(config, options, limits)) == config) return {};
  return std::unexpected(pubsub_error(Condition::conflict, "precondition-not-met"));
}

}  // namespace

// Yields the item's id.
Answer<std::string> Service::check_item(const Node& node, const Publication& publication,
                                        Random& random) const {
  if (publication.publish.items.size() > 1)  // batches went with version 1.13
    return xmpp::fail(Condition::bad_request, "One item at a time");
  TRY(check_event_type(node.config, publication));
  if (publication.publish.items.empty()) return std::string();
  const auto& item = publication.publish.items.front();
  if (item.payload.size() > node.config.most_payload(rules_.limits))
    return std::unexpected(pubsub_error(Condition::not_acceptable, "payload-too-big"));
  if (!item.id || item.id->empty()) return random.token();
  if (item.id->size() > rules_.limits.pubsub_id_bytes)
    return xmpp::fail(Condition::not_acceptable, "The id of the item is too long");
  return *item.id;
}

Answer<Decision> Service::publish(const Publication& publication, Random& random) const {
  const std::string& name = publication.publish.node;
  const WallTime now = publication.now;
  Decision decision{.node = name};
  auto found = get(name);
  Node node;
  if (found) {
    node = **found;
    TRY(may_publish(node, publication.publisher, now));
    if (publication.options != nullptr)
      TRY(check_preconditions(node.config, *publication.options, rules_.limits));
  } else if (found.error().condition != Condition::item_not_found) {
    return std::unexpected(found.error());
  } else {  // section 7.1.4
    NodeConfig config = defaults_of(name);
    if (publication.options != nullptr)
      config = TRY(read_options(std::move(config), *publication.options, rules_.limits));
    node = TRY(new_node(publication.publisher, name, std::move(config), now));
    decision.changes = node_changes(node);
  }
  store::NodeItem item{.id = TRY(check_item(node, publication, random)),
                       .publisher = publication.publisher.jid.bare().text(),
                       .time = now};
  const bool has_item = !publication.publish.items.empty();
  if (has_item) item.payload = publication.publish.items.front().payload;
  if (has_item && node.config.persist_items)
    decision.changes.push_back(
        store::PublishItem{.node = name,
                           .item = item,
                           .most = node.config.most_items(rules_.limits),
                           .most_bytes = rules_.limits.pubsub_bytes,
                           .expired_before = oldest_of(node.config, now),
                           .reject = node.config.node_full == NodeFull::reject});
  xmpp::PubSubPublish answer{.node = name};
  if (has_item) answer.items.emplace_back().id = item.id;
  decision.answer = xmpp::to_xml(xmpp::PubSub{.publish = std::move(answer)}, xmpp::ns::client);
  if (node.config.purge_offline) decision.watched = publication.publisher.jid.bare();
  if (node.config.deliver_notifications) decision.notices.push_back(item_notice(node, item, now));
  // What replaces the only item says enough.
  decision.tell_dropped = node.config.notify_retract &&
                          node.config.node_full == NodeFull::retract_oldest &&
                          node.config.most_items(rules_.limits) > 1;
  return decision;
}

Answer<Decision> Service::retract(const Viewer& viewer, const xmpp::PubSubRetract& retract,
                                  WallTime now) const {
  const Node& node = *TRY(get(retract.node));
  if (retract.items.size() != 1 || retract.items[0].id.value_or("").empty())
    return bad("item-required");
  if (!node.config.persist_items) return std::unexpected(unsupported("persistent-items"));
  TRY(may_publish(node, viewer, now));
  const std::string& id = *retract.items[0].id;
  // Section 4.1: who publishes by leave of the model takes back what is his own.
  const Affiliation affiliation = affiliation_of(node, viewer);
  const bool any = affiliation == Affiliation::owner || affiliation == Affiliation::publisher;
  Decision decision{.node = node.name};
  decision.changes.push_back(
      store::RetractItem{node.name, id, any ? std::string() : viewer.jid.bare().text()});
  if ((retract.notify || node.config.notify_retract) && node.config.deliver_notifications)
    decision.notices.push_back(retract_notice(node, {id}, now));
  return decision;
}

}  // namespace herold::server::pubsub
