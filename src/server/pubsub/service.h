// A publish-subscribe service in memory (XEP-0060): its nodes, and what it answers to a request.
//
// Nothing here waits, reads or sends. A request leads to a Decision: what is to be stored, what is
// answered once that is done, and who is to be told. Whoever asked applies the changes at once, so
// that the next request is judged by them, and stores them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/random.h"
#include "server/pubsub/node.h"

namespace herold::server::pubsub {

inline constexpr std::string_view authorization_form =
    "http://jabber.org/protocol/pubsub#subscribe_authorization";

// A subscriber whose notice is not as everybody's.
struct Recipient {
  Jid jid;
  std::vector<std::string> subids;  // where there are several: which it is for (section 12.14)
  Shows shows;                      // in which states of his presence he wants it
};

// An event, or another message of the service, and who gets it.
struct Notice {
  std::string node;
  std::string payload;  // canonical XML in the scope of jabber:client
  NotificationType type = NotificationType::headline;
  std::vector<Jid> to;  // subscribers, by the address that they subscribed
  std::vector<Recipient> particular;
  bool to_interested = false;  // also who asks for the node by +notify (section 9.2)
  std::string id;              // of the message; empty: one is made up
};

struct Decision {
  std::vector<store::NodeChange> changes;
  std::string answer;  // payload of the result
  std::vector<Notice> notices;
  std::optional<StanzaError> error;  // in place of the answer, after the changes (section 8.8.2.4)
  // A new subscriber, who gets the last item of the node (section 6.1.7).
  std::optional<Jid> new_subscriber;
  std::optional<Jid> watched;  // whose going offline is to be told to went_offline()
  std::string node;
  bool tell_dropped = false;  // of items that had to make room; which, is known afterwards
};

// What a service is, beyond its nodes.
struct Rules {
  Jid address;
  bool personal = false;         // XEP-0163: an account's own
  bool multi_subscribe = false;  // section 6.1.6
  std::string domain{};          // whose accounts' presence is known
  NodeConfig defaults;
  // What a node begins with when it is made by publishing to it; nullptr: `defaults`.
  std::function<NodeConfig(std::string_view node, NodeConfig defaults)> defaults_of;
  std::function<bool(const Viewer&)> may_create;  // of one that is not personal
  Limits limits;
  // What it knows of somebody; asked when subscribers are notified.
  std::function<Viewer(const Jid&)> viewer;
};

// Whose address stands beside items (section 12.16): nobody's, their publisher's or an owner's.
struct ReplyTo {
  ItemReply kind = ItemReply::none;
  std::string owner{};
  std::string of(const store::NodeItem& item) const;
};

// Items that somebody may read, and how they are shown.
struct ItemRequest {
  store::ItemQuery query;
  ReplyTo reply;
  bool wants_set = false;  // was asked for in pages (XEP-0059)

  std::string answer(const store::ItemPage& page) const;
};

// An item as subscribers of a node with that configuration see it: <event/>.
std::string item_event(const NodeConfig& config, std::string_view node, const store::NodeItem& item,
                       const ReplyTo& reply);

// What makes a new node.
std::vector<store::NodeChange> node_changes(const Node& node);

class Service {
 public:
  explicit Service(Rules rules) : rules_(std::move(rules)) {}

  void load(const std::vector<store::StoredNode>& nodes);
  // In memory, what is being stored.
  void apply(const std::vector<store::NodeChange>& changes);
  // An account that is no more: what it was to nodes, which goes from the store by itself. Yields
  // how the nodes go that nobody else owns.
  std::vector<Decision> forget(const Jid& account, WallTime now);
  // --- what time and presence bring ---
  // Leases that have ended (section 12.18), and items that are too old.
  std::vector<Decision> expire(WallTime now) const;
  // Somebody's resource has gone offline, or all of him (section 12.4): temporary subscriptions,
  // and what he published where that goes with him.
  enum class Left : std::uint8_t { one_resource, everywhere };
  std::vector<Decision> went_offline(const Jid& who, Left left) const;
  // An address that is no more (section 12.2): it is subscribed to nothing.
  std::vector<Decision> bounced(const Jid& subscriber) const;
  // The nodes that somebody is subscribed to and gets the last item of when he comes online.
  std::vector<std::string> last_for(const Jid& who, WallTime now) const;
  // Whose going offline changes something, beyond publishers.
  std::vector<Jid> temporary_subscribers() const;

  const Rules& rules() const { return rules_; }
  const std::map<std::string, Node, std::less<>>& nodes() const { return nodes_; }
  // nullptr when there is none; gone nodes are not there.
  const Node* find(std::string_view name) const;
  // item-not-found; gone with its new address; bad-request without a name.
  Answer<const Node*> get(std::string_view name) const;

  // --- publishers (section 7) ---
  struct Publication {
    Viewer publisher;
    const xmpp::PubSubPublish& publish;
    std::size_t payloads = 0;  // elements inside of the item
    bool foreign = true;       // their namespace can stand anywhere
    const DataForm* options = nullptr;
    WallTime now;
  };
  Answer<Decision> publish(const Publication& publication, Random& random) const;
  Answer<Decision> retract(const Viewer& viewer, const xmpp::PubSubRetract& retract,
                           WallTime now) const;

  // --- subscribers (section 6) ---
  Answer<Decision> subscribe(const Viewer& viewer, const xmpp::PubSub& request, WallTime now,
                             Random& random) const;
  Answer<Decision> unsubscribe(const Viewer& viewer, const xmpp::PubSubUnsubscribe& request,
                               WallTime now) const;
  Answer<std::string> tell_options(const Viewer& viewer, const xmpp::PubSubOptions& request,
                                   WallTime now) const;
  Answer<Decision> set_options(const Viewer& viewer, const xmpp::PubSubOptions& request,
                               WallTime now) const;
  Answer<std::string> default_options(const Viewer& viewer, std::string_view node) const;
  Answer<std::string> tell_subscriptions(const Viewer& viewer, std::string_view node,
                                         WallTime now) const;
  Answer<std::string> tell_affiliations(const Viewer& viewer, std::string_view node) const;
  // Whether the items that are asked for may be read, and which they are.
  Answer<ItemRequest> read_items(const Viewer& viewer, const xmpp::PubSubItems& items,
                                 const xmpp::ResultSet* rsm, WallTime now) const;

  // --- owners (section 8) ---
  Answer<Decision> create(const Viewer& viewer, const xmpp::PubSub& request, WallTime now,
                          Random& random) const;
  Answer<std::string> tell_config(const Viewer& viewer, std::string_view node,
                                  const ConfigOffer& offer) const;
  Answer<Decision> configure(const Viewer& viewer, std::string_view node, const DataForm& form,
                             WallTime now) const;
  Answer<std::string> default_config(const xmpp::PubSubDefault<xmpp::ns::pubsub_owner>& request,
                                     const ConfigOffer& offer) const;
  Answer<Decision> remove(const Viewer& viewer,
                          const xmpp::PubSubDelete<xmpp::ns::pubsub_owner>& request,
                          WallTime now) const;
  Answer<Decision> purge(const Viewer& viewer, std::string_view node, WallTime now) const;
  Answer<std::string> all_subscriptions(const Viewer& viewer, std::string_view node,
                                        WallTime now) const;
  using OwnerSubscriptions = xmpp::PubSubSubscriptions<xmpp::ns::pubsub_owner>;
  Answer<Decision> set_subscriptions(const Viewer& viewer, const OwnerSubscriptions& request,
                                     WallTime now, Random& random) const;
  Answer<std::string> all_affiliations(const Viewer& viewer, std::string_view node) const;
  using OwnerAffiliations = xmpp::PubSubAffiliations<xmpp::ns::pubsub_owner>;
  Answer<Decision> set_affiliations(const Viewer& viewer, const OwnerAffiliations& request) const;
  // An owner's answer to a request for his approval (section 8.6); nothing where it is none.
  std::optional<Decision> answer_approval(const Viewer& viewer, const DataForm& form) const;
  // The requests of a node that wait for approval (section 8.7).
  Answer<std::vector<Notice>> pending(const Viewer& viewer, std::string_view node) const;

  // --- service discovery (section 5) ---
  // What the service says of itself: names of features after "http://jabber.org/protocol/pubsub#".
  std::vector<std::string_view> features() const;
  // Nodes that the viewer may read, or subscribe to.
  bool is_visible(const Node& node, const Viewer& viewer, WallTime now) const;
  std::vector<const Node*> visible(const Viewer& viewer, WallTime now) const;
  // Section 5.4.
  DataForm meta_data(const Node& node, WallTime now) const;

  // What subscribers are told.
  Notice item_notice(const Node& node, const store::NodeItem& item, WallTime now) const;
  Notice retract_notice(const Node& node, const std::vector<std::string>& ids, WallTime now) const;
  ReplyTo reply_to(const Node& node) const;

 private:
  // Whether it differs by subscription (section 12.14).
  enum class Marked : std::uint8_t { no, by_subid };
  Notice notice(const Node& node, std::string payload, WallTime now,
                Marked marked = Marked::no) const;
  Notice subscription_notice(const Node& node, const Subscription& subscription) const;
  Notice approval_notice(const Node& node, const Subscription& subscription) const;
  void tell_owners(Decision& decision, const Node& node, const Subscription& subscription) const;
  enum class Told : std::uint8_t { owners, everybody };  // owners where they want to
  void end(Decision& decision, const Node& node, Subscription subscription, Told told) const;
  void settle_pending(Decision& decision, const Node& node, const std::string& jid,
                      Affiliation affiliation) const;
  Answer<Subscription> new_subscription(const Node& node, const Viewer& viewer, const Jid& jid,
                                        WallTime now, Random& random) const;
  Answer<> check_options(const Subscription& subscription) const;
  Answer<Jid> subscriber_of(const Viewer& viewer, const Jid& jid) const;
  Answer<> check_name(std::string_view node) const;
  Answer<Node> new_node(const Viewer& viewer, std::string_view name, NodeConfig config,
                        WallTime now) const;
  Answer<std::string> check_item(const Node& node, const Publication& publication,
                                 Random& random) const;
  Answer<> check_config(const NodeConfig& config) const;
  NodeConfig defaults_of(std::string_view node) const;

  Rules rules_;
  std::map<std::string, Node, std::less<>> nodes_;
};

}  // namespace herold::server::pubsub
