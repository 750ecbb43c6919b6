// Requests, the store behind them, and notices on their way.
#include "server/pubsub/desk.h"

#include <algorithm>

#include "server/archive.h"
#include "server/pubsub/node_archive.h"
#include "server/pubsub/presence_watch.h"
#include "server/shard.h"
#include "xmpp/ext/delay.h"

namespace herold::server::pubsub {

using xmpp::PubSub;
using xmpp::PubSubOwner;

StanzaError store_error(const Error& error) {
  switch (error.fault) {
    case Fault::conflict:
      return pubsub_error(Condition::conflict, "node-full");
    case Fault::limit:
      return {Condition::resource_constraint, "There is no room for more items"};
    case Fault::refused:
      return Condition::forbidden;
    default:
      return error;
  }
}

// --- services ---

void Desk::open(const Jid& address, Then then) {
  Place* place = find_place(address);
  if (place == nullptr) return then(nullptr);
  if (place->service) return then(place->service.get());
  place->waiting.push_back(std::move(then));
  if (!place->loading) load(address, *place);
}

void Desk::load(const Jid& address, Place& place) {
  place.loading = true;
  host_.stores().nodes().load(address.text(),
                              [this, address](Result<std::vector<store::StoredNode>> nodes) {
                                if (!nodes || find_place(address) == nullptr)
                                  return loaded(address, nullptr);
                                auto service = std::make_unique<Service>(rules_of(address));
                                service->load(*nodes);
                                loaded(address, std::move(service));
                              });
}

void Desk::loaded(const Jid& address, std::unique_ptr<Service> service) {
  Place* place = find_place(address);
  if (place == nullptr) return;  // who waited is answered when it goes
  place->loading = false;
  if (!service) {
    for (Then& then : std::exchange(place->waiting, {})) then(nullptr);
    return;
  }
  place->service = std::move(service);
  for (Then& then : std::exchange(place->waiting, {})) {
    Place* still = find_place(address);
    then(still != nullptr ? still->service.get() : nullptr);
  }
  // A node that nobody has asked for meanwhile may have leases and items that have ended, and what
  // was to go with somebody's presence.
  open(address, [this](Service* fresh) {
    if (fresh == nullptr) return;
    opened(*fresh);
    watch_all(*fresh);
    sweep(*fresh);
  });
}

// Read again when it is needed: what is in memory is not what is stored.
void Desk::forget(const Jid& address) {
  if (Place* place = find_place(address)) place->service.reset();
}

// --- requests ---

void Desk::handle(IqRequest request, Handler handler) {
  const StanzaHead& head = request.head();
  const Jid address = head.to ? head.to.bare() : head.from.bare();
  if (find_place(address) == nullptr) return request.fail(Condition::service_unavailable);
  open(address, [this, handler, request = std::move(request)](Service* service) mutable {
    if (service == nullptr) return request.fail(Condition::internal_server_error);
    (this->*handler)(*service, std::move(request));
  });
}

void Desk::get(IqRequest request, const PubSub&) { handle(std::move(request), &Desk::handle_get); }
void Desk::set(IqRequest request, const PubSub&) { handle(std::move(request), &Desk::handle_set); }
void Desk::get_as_owner(IqRequest request, const PubSubOwner&) {
  handle(std::move(request), &Desk::handle_get_as_owner);
}
void Desk::set_as_owner(IqRequest request, const PubSubOwner&) {
  handle(std::move(request), &Desk::handle_set_as_owner);
}

void Desk::query_archive(IqRequest request, const xmpp::ArchiveQuery&) {
  handle(std::move(request), &Desk::handle_archive);
}
Answer<xmpp::ArchiveQuery> Desk::tell_archive_form(const IqContext&, const xmpp::ArchiveQuery&) {
  return node_archive_form();
}

namespace {

// What is not there looks to a stranger as if nobody was (HOSTILE 113).
void refuse(IqRequest request, const Viewer& viewer, const StanzaError& error) {
  const bool hides = viewer.is_stranger && error.condition == Condition::item_not_found;
  request.fail(hides ? StanzaError(Condition::service_unavailable) : error);
}

void answer(IqRequest request, const Viewer& viewer, const Answer<std::string>& payload) {
  if (!payload) return refuse(std::move(request), viewer, payload.error());
  request.succeed(*payload);
}

}  // namespace

void Desk::handle_get(Service& service, IqRequest request) {
  const auto asked = xmpp::read<PubSub>(request.payload());
  if (!asked) return request.fail(asked.error());
  const Viewer viewer = service.rules().viewer(request.head().from);
  if (asked->items) return read_items(service, std::move(request), *asked);
  if (asked->subscriptions)
    return answer(std::move(request), viewer,
                  service.tell_subscriptions(viewer, asked->subscriptions->node, now()));
  if (asked->affiliations)
    return answer(std::move(request), viewer,
                  service.tell_affiliations(viewer, asked->affiliations->node));
  if (asked->options)
    return answer(std::move(request), viewer, service.tell_options(viewer, *asked->options, now()));
  if (asked->defaults)
    return answer(std::move(request), viewer,
                  service.default_options(viewer, asked->defaults->node));
  request.fail(Condition::bad_request);
}

void Desk::read_items(Service& service, IqRequest request, const PubSub& asked) {
  const Viewer viewer = service.rules().viewer(request.head().from);
  auto wanted = service.read_items(viewer, *asked.items, asked.rsm ? &*asked.rsm : nullptr, now());
  if (!wanted) return refuse(std::move(request), viewer, wanted.error());
  host_.stores().nodes().items(
      service.rules().address.text(), wanted->query,
      [wanted = *wanted, request = std::move(request)](Result<store::ItemPage> page) mutable {
        if (!page) return request.fail(page.error());
        request.succeed(wanted.answer(*page));
      });
}

void Desk::handle_set(Service& service, IqRequest request) {
  const auto asked = xmpp::read<PubSub>(request.payload());
  if (!asked) return request.fail(asked.error());
  const Viewer viewer = service.rules().viewer(request.head().from);
  auto decision = decide(service, viewer, request.payload(), *asked);
  carry_out(service, std::move(decision), std::move(request));
}

Answer<Decision> Desk::decide(Service& service, const Viewer& viewer, xml::Element payload,
                              const PubSub& asked) {
  if (asked.publish) return decide_publication(service, viewer, payload, asked);
  if (asked.retract) return service.retract(viewer, *asked.retract, now());
  if (asked.subscribe) return service.subscribe(viewer, asked, now(), host_.random());
  if (asked.unsubscribe) return service.unsubscribe(viewer, *asked.unsubscribe, now());
  if (asked.options) return service.set_options(viewer, *asked.options, now());
  if (asked.create) return service.create(viewer, asked, now(), host_.random());
  return xmpp::fail(Condition::bad_request);
}

namespace {

// Section 7.1.3.5: exactly one, in a namespace that does not change with what is around it.
void count_payloads(xml::Element item, Service::Publication& publication) {
  if (!item) return;
  for (const xml::Element content : item.children()) {
    ++publication.payloads;
    if (content.ns().empty() || content.ns() == xmpp::ns::pubsub) publication.foreign = false;
  }
}

}  // namespace

Answer<Decision> Desk::decide_publication(Service& service, const Viewer& viewer,
                                          xml::Element payload, const PubSub& asked) {
  Service::Publication publication{.publisher = viewer, .publish = *asked.publish, .now = now()};
  count_payloads(xmpp::find<xmpp::PubSubPublish>(payload).child("item", xmpp::ns::pubsub),
                 publication);
  if (asked.publish_options && asked.publish_options->form)
    publication.options = &*asked.publish_options->form;
  return service.publish(publication, host_.random());
}

void Desk::handle_get_as_owner(Service& service, IqRequest request) {
  const auto asked = xmpp::read<PubSubOwner>(request.payload());
  if (!asked) return request.fail(asked.error());
  const Viewer viewer = service.rules().viewer(request.head().from);
  const ConfigOffer offered = offer(service.rules().address);
  if (asked->configure)
    return answer(std::move(request), viewer,
                  service.tell_config(viewer, asked->configure->node.value_or(""), offered));
  if (asked->defaults)
    return answer(std::move(request), viewer, service.default_config(*asked->defaults, offered));
  if (asked->subscriptions)
    return answer(std::move(request), viewer,
                  service.all_subscriptions(viewer, asked->subscriptions->node, now()));
  if (asked->affiliations)
    return answer(std::move(request), viewer,
                  service.all_affiliations(viewer, asked->affiliations->node));
  request.fail(Condition::bad_request);
}

void Desk::handle_set_as_owner(Service& service, IqRequest request) {
  const auto asked = xmpp::read<PubSubOwner>(request.payload());
  if (!asked) return request.fail(asked.error());
  const Viewer viewer = service.rules().viewer(request.head().from);
  const auto decision = [&]() -> Answer<Decision> {
    if (asked->configure && asked->configure->form)
      return service.configure(viewer, asked->configure->node.value_or(""), *asked->configure->form,
                               now());
    if (asked->remove) return service.remove(viewer, *asked->remove, now());
    if (asked->purge) return service.purge(viewer, asked->purge->node, now());
    if (asked->subscriptions)
      return service.set_subscriptions(viewer, *asked->subscriptions, now(), host_.random());
    if (asked->affiliations) return service.set_affiliations(viewer, *asked->affiliations);
    return xmpp::fail(Condition::bad_request);
  };
  carry_out(service, decision(), std::move(request));
}

// XEP-0442; the bounds are those of archives (HOSTILE 122).
void Desk::handle_archive(Service& service, IqRequest request) {
  const auto asked = xmpp::read<xmpp::ArchiveQuery>(request.payload());
  if (!asked) return request.fail(asked.error());
  const Viewer viewer = service.rules().viewer(request.head().from);
  const auto allowed = service.read_items(viewer, {.node = asked->node}, nullptr, now());
  if (!allowed) return refuse(std::move(request), viewer, allowed.error());
  const std::string asker(request.head().from.bare_text());
  const Session* session = request.context().session;
  if (host_.archive().is_busy_for(asker) || (session != nullptr && !session->has_room()))
    return request.fail(StanzaError(Condition::resource_constraint, "One question after the other")
                            .with_type(xmpp::ErrorType::wait));
  auto query = read_archive_query(allowed->query, *asked, host_.message_names(), host_.limits());
  if (!query) return request.fail(query.error());
  const Jid address = service.rules().address;
  const Node& meant = *service.find(asked->node);
  host_.stores().nodes().items(
      address.text(), *query,
      [this, address, query = *query, asked = *asked,
       node = Node{.name = meant.name, .config = meant.config}, reply = allowed->reply,
       under_way = Archive::Query(host_.archive(), asker),
       request = std::move(request)](Result<store::ItemPage> page) mutable {
        if (!page) return request.fail(page.error());
        const xmpp::ArchiveFin end = archive_end(*page, query, host_.message_names());
        if (asked.flip_page) std::ranges::reverse(page->items);
        StanzaHead head = StanzaHead::of(MessageType::normal);
        head.from = address;
        head.to = request.head().from;
        for (const store::NodeItem& item : page->items)
          host_.send(Stanza(
              head, archive_result(node, address, item, reply, asked, host_.message_names())));
        request.answer<xmpp::ArchiveFin>(end);
      });
}

// --- decisions ---

void Desk::carry_out(Service& service, Answer<Decision> decision, IqRequest request) {
  const Viewer viewer = service.rules().viewer(request.head().from);
  if (!decision) return refuse(std::move(request), viewer, decision.error());
  carry_out(service, *std::move(decision),
            [viewer, request = std::move(request)](Answer<std::string> payload) mutable {
              answer(std::move(request), viewer, payload);
            });
}

namespace {

// Items are not in memory.
bool changes_memory(const std::vector<store::NodeChange>& changes) {
  return std::ranges::any_of(changes, [](const store::NodeChange& change) {
    return !std::holds_alternative<store::PublishItem>(change) &&
           !std::holds_alternative<store::RetractItem>(change) &&
           !std::holds_alternative<store::ExpireItems>(change) &&
           !std::holds_alternative<store::PurgeItems>(change);
  });
}

}  // namespace

void Desk::carry_out(Service& service, Decision decision, Done done) {
  const Jid address = service.rules().address;
  std::vector<Letter> letters;
  for (Notice& notice : decision.notices) {
    Letter& letter = letters.emplace_back(Letter{std::move(notice), {}});
    const Node* node = service.find(letter.notice.node);
    if (letter.notice.to_interested && node != nullptr)
      letter.interested = interested(service, *node);
  }
  service.apply(decision.changes);
  for (Letter& letter : letters) {  // a new node was not there before
    const Node* node = service.find(letter.notice.node);
    if (letter.notice.to_interested && letter.interested.empty() && node != nullptr)
      letter.interested = interested(service, *node);
  }
  auto changes = decision.changes;
  host_.stores().nodes().change(
      address.text(), std::move(changes),
      [this, address, decision = std::move(decision), letters = std::move(letters),
       done = std::move(done)](Result<store::NodeOutcome> outcome) mutable {
        if (!outcome) {
          if (changes_memory(decision.changes)) forget(address);
          return done(std::unexpected(store_error(outcome.error())));
        }
        if (decision.error)
          done(std::unexpected(*decision.error));
        else
          done(std::move(decision.answer));
        finish(address, std::move(decision), std::move(letters), *outcome);
      });
}

void Desk::finish(const Jid& address, Decision decision, std::vector<Letter> letters,
                  const store::NodeOutcome& outcome) {
  open(address, [this, decision = std::move(decision), letters = std::move(letters),
                 dropped = outcome.dropped](Service* service) {
    if (service == nullptr) return;
    for (const Letter& letter : letters) deliver(*service, letter);
    const Node* node = service->find(decision.node);
    if (node != nullptr && decision.tell_dropped && !dropped.empty())
      deliver(*service,
              {service->retract_notice(*node, dropped, now()), interested(*service, *node)});
    if (node != nullptr && decision.new_subscriber)
      send_last(*service, *decision.new_subscriber, {decision.node});
    if (decision.watched) watch(service->rules().address, *decision.watched);
    stored(service->rules().address, decision.changes);
  });
}

void Desk::publish(const Jid& address, std::string node, std::string id, std::string payload,
                   const DataForm* options, Done done) {
  std::optional<DataForm> form;
  if (options != nullptr) form = *options;
  open(address, [this, node = std::move(node), id = std::move(id), payload = std::move(payload),
                 form = std::move(form), done = std::move(done)](Service* service) mutable {
    if (service == nullptr) return done(xmpp::fail(Condition::internal_server_error));
    xmpp::PubSubPublish publish{.node = std::move(node)};
    auto& item = publish.items.emplace_back();
    item.id = std::move(id);
    item.payload = std::move(payload);
    const Service::Publication publication{
        .publisher = {.jid = service->rules().address, .owns_service = true},
        .publish = publish,
        .payloads = 1,
        .options = form ? &*form : nullptr,
        .now = now()};
    auto decision = service->publish(publication, host_.random());
    if (!decision) return done(std::unexpected(decision.error()));
    carry_out(*service, *std::move(decision), std::move(done));
  });
}

void Desk::retract(const Jid& address, std::string node, std::string id, Done done) {
  open(address, [this, node = std::move(node), id = std::move(id),
                 done = std::move(done)](Service* service) mutable {
    if (service == nullptr) return done(xmpp::fail(Condition::internal_server_error));
    xmpp::PubSubRetract request{.node = std::move(node), .notify = true};
    request.items.emplace_back().id = std::move(id);
    auto decision =
        service->retract({.jid = service->rules().address, .owns_service = true}, request, now());
    if (!decision) return done(std::unexpected(decision.error()));
    carry_out(*service, *std::move(decision), std::move(done));
  });
}

// --- time and presence ---

void Desk::carry_out_all(Service& service, std::vector<Decision> decisions) {
  for (Decision& decision : decisions)
    carry_out(service, std::move(decision), [](const Answer<std::string>&) {});
}

void Desk::sweep(Service& service) { carry_out_all(service, service.expire(now())); }

void Desk::went_offline(const Jid& service, const Jid& who, Service::Left left) {
  if (find_place(service) == nullptr) return;
  open(service, [this, who, left](Service* open) {
    if (open != nullptr) carry_out_all(*open, open->went_offline(who, left));
  });
}

// Of accounts here each session is known; of others only what arrives.
void Desk::presence_ended(const Jid& service, const Jid& who) {
  const bool lives_here = who.domain() == host_.address().domain();
  went_offline(service, who, lives_here ? Service::Left::one_resource : Service::Left::everywhere);
}

// Whoever lives elsewhere tells it himself, as section 12.4 has it.
void Desk::watch(const Jid& service, const Jid& who) {
  if (who.domain() != host_.address().domain()) return;
  host_.ask_home(
      who.bare_text(),
      [who, service](ModuleHost& there) { return watch_presence(there, who, service); },
      [this, who, service](bool is_online) {
        if (!is_online)
          went_offline(service, who,
                       who.is_full() ? Service::Left::one_resource : Service::Left::everywhere);
      });
}

void Desk::watch_all(const Service& service) {
  const Jid& address = service.rules().address;
  for (const Jid& who : service.temporary_subscribers()) watch(address, who);
  for (const auto& [name, node] : service.nodes())
    if (node.config.purge_offline)
      host_.stores().nodes().publishers(
          address.text(), name, [this, address](const Result<std::vector<std::string>>& all) {
            if (!all) return;
            for (const std::string& publisher : *all)
              if (!publisher.empty()) watch(address, Jid::trusted(publisher));
          });
}

void Desk::note_leaving(PresenceSent& event) {
  const StanzaHead& head = event.stanza.head;
  if (head.is(PresenceType::unavailable) && !head.to) tell_departure(event.session);
}
void Desk::note_end(SessionEnded& event) { tell_departure(event.session); }

void Desk::tell_departure(Session& session) {
  const auto departure = departure_of(session, [this](const Jid& one) { return is_mine(one); });
  if (!departure) return;
  for (const Jid& service : departure->services)
    host_.at_home(service.bare_text(), [find = find_, service, who = departure->who,
                                        left = departure->left](ModuleHost& there) {
      if (Desk* desk = find(there)) desk->went_offline(service, who, left);
    });
}

// --- notices ---

namespace {

// Serialised once; whoever gets it has a head of his own.
Stanza message_of(const Jid& from, NotificationType type, std::string_view payload,
                  std::string id) {
  StanzaHead head = StanzaHead::of(type == NotificationType::headline ? MessageType::headline
                                                                      : MessageType::normal);
  head.from = from;
  head.id = std::move(id);
  return Stanza(std::move(head), payload);
}

}  // namespace

void Desk::deliver(Service& service, const Letter& letter) {
  send(service, letter.notice);
  if (!letter.interested.empty()) tell_interested(service, letter.notice, letter.interested);
}

void Desk::send(const Service& service, const Notice& notice) {
  if (notice.to.empty() && notice.particular.empty()) return;
  Stanza stanza = message_of(service.rules().address, notice.type, notice.payload,
                             notice.id.empty() ? host_.random().token(9) : notice.id);
  for (const Recipient& to : notice.particular) send_alone(stanza.copy(), to);
  if (notice.type == NotificationType::headline) return host_.send_to_all(stanza, notice.to);
  for (const Jid& to : notice.to) {  // one that has to wait for who is away
    Stanza single = stanza.copy();
    single.head.to = to;
    if (host_.commit_again(single)) host_.send(std::move(single));
  }
}

void Desk::send_alone(Stanza stanza, const Recipient& to) {
  if (!to.subids.empty()) {  // section 12.14: behind the event
    xmpp::ShimHeaders headers;
    for (const std::string& subid : to.subids) headers.headers.push_back({"SubID", subid});
    stanza = Stanza(std::move(stanza.head),
                    std::string(stanza.payload().view()) + xmpp::to_xml(headers, xmpp::ns::client));
  }
  stanza.head.to = to.jid;
  const auto deliver = [](ModuleHost& host, Stanza single) {
    if (single.head.is(MessageType::headline) || host.commit_again(single))
      host.send(std::move(single));
  };
  if (to.shows.all()) return deliver(host_, std::move(stanza));
  host_.at_home(to.jid.bare_text(),
                [single = std::move(stanza), shows = to.shows, deliver](ModuleHost& there) mutable {
                  if (is_shown(there, single.head.to, shows)) deliver(there, std::move(single));
                });
}

void Desk::send_last(Service& service, const Jid& who, const std::vector<std::string>& nodes) {
  const Viewer viewer = service.rules().viewer(who);
  std::vector<std::string> wanted;
  std::vector<NodeConfig> configs;
  std::vector<ReplyTo> replies;
  for (const std::string& name : nodes) {
    const Node* node = service.find(name);
    if (node == nullptr || !may_retrieve(*node, viewer, now())) continue;
    wanted.push_back(name);
    configs.push_back(node->config);
    replies.push_back(service.reply_to(*node));
  }
  if (wanted.empty()) return;
  host_.stores().nodes().last_items(
      service.rules().address.text(), wanted,
      [this, from = service.rules().address, who, wanted, configs = std::move(configs),
       replies = std::move(replies)](Result<std::vector<store::LastItem>> items) {
        if (!items) return;
        for (const store::LastItem& last : *items) {
          const auto place =
              static_cast<std::size_t>(std::ranges::find(wanted, last.node) - wanted.begin());
          const NodeConfig& config = configs[place];
          if (config.item_expire && last.item.time + Seconds(*config.item_expire) <= now())
            continue;
          std::string payload = item_event(config, last.node, last.item, replies[place]);
          payload += xmpp::to_xml(xmpp::Delay{.stamp = last.item.time}, xmpp::ns::client);
          Stanza stanza =
              message_of(from, NotificationType::headline, payload, host_.random().token(9));
          stanza.head.to = who;
          host_.send(std::move(stanza));
        }
      });
}

}  // namespace herold::server::pubsub
