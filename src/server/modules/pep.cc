// XEP-0163 Personal Eventing Protocol: every account publishes; contacts who want to hear of it do.
//
// Who is told is found out where he lives: the home of a contact knows his sessions and what their
// clients want (section 4.3.4), so nobody's presence is kept here. For the same reason it is the
// home of who comes online that asks his contacts' homes for their last items. Only of contacts on
// other servers it is kept here what their clients want, as their presence says.
#include "server/pubsub/pep.h"

#include <algorithm>
#include <set>

#include "server/client_caps.h"
#include "server/contacts.h"
#include "server/module.h"
#include "server/pubsub/interests.h"
#include "server/shard.h"
#include "xmpp/ext/disco.h"

namespace herold::server {

using pubsub::Node;
using pubsub::NodeNames;
using pubsub::Notice;
using pubsub::Place;
using pubsub::Viewer;

class Pep final : public pubsub::Pep {
 public:
  static constexpr About about{163, "1.2.2", "Personal Eventing Protocol", {}};

  static constexpr Targets accounts = at_own_account | at_other_account;
  static constexpr auto handlers() {
    return std::tuple{on<Get<xmpp::PubSub>>(&Pep::get, accounts),
                      on<Set<xmpp::PubSub>>(&Pep::set, accounts),
                      on<Get<xmpp::PubSubOwner>>(&Pep::get_as_owner, accounts),
                      on<Set<xmpp::PubSubOwner>>(&Pep::set_as_owner, accounts),
                      on<Set<xmpp::ArchiveQuery>>(&Pep::query_archive, at_other_account),
                      on<CapabilitiesKnown>(&Pep::note_interests),
                      on<SessionAvailable>(&Pep::greet_online),
                      on<SessionEnded>(&Pep::forget_session, Stage::observe),
                      on<PresenceSent>(&Pep::note_leaving, Stage::amend),
                      on<SessionEnded>(&Pep::note_end, Stage::screen),
                      on<PresenceReceived>(&Pep::greet_new_contact, Stage::screen),
                      on<PresenceReceived>(&Pep::note_sharer, Stage::amend),
                      on<PresenceReceived>(&Pep::note_distant, Stage::amend),
                      on<MessageReceived>(&Pep::take_approval, Stage::screen),
                      on<AccountDescribed>(&Pep::prepare),
                      on<DiscoInfoAsked>(&Pep::describe),
                      on<DiscoItemsAsked>(&Pep::list)};
  }

  explicit Pep(ModuleHost& host) : pubsub::Pep(host, find_desk) {
    host.data<pubsub::PepDoor>().pep = this;
    sweep_later();
  }
  void stop() {
    sweep_timer_.stop();
    host().data<pubsub::PepDoor>().pep = nullptr;
  }

  // The last items of `nodes` of the account `owner` for a client that has come online.
  void greet(const Jid& owner, const Jid& who, const NodeNames& nodes) override {
    host().with_account(owner, [this, owner, who, nodes](Account* account) {
      if (account == nullptr || is_hidden_from(*account, who)) return;
      open(owner, [this, who, nodes](pubsub::Service* service) {
        if (service != nullptr) send_last(*service, who, wanted(*service, nodes));
      });
    });
  }

 private:
  static pubsub::Desk* find_desk(ModuleHost& there) { return there.data<pubsub::PepDoor>().pep; }

  // Others are seen to when their accounts come into memory.
  void sweep_later() {
    host().after(sweep_timer_, pubsub::sweep_interval, [this] {
      std::set<pubsub::Service*> services;
      host().for_each_session([&](const Session& session) {
        const auto* place = session.account().find_data<Place>();
        if (place != nullptr && place->service) services.insert(place->service.get());
      });
      for (pubsub::Service* service : services) sweep(*service);
      sweep_later();
    });
  }

  // --- where the services are ---

  bool is_mine(const Jid& service) const override { return service.has_local(); }

  Place* find_place(const Jid& address) override {
    Account* account = host().find_account(address);
    if (account == nullptr || account->is_temporary()) return nullptr;
    return &account->data<Place>();
  }

  pubsub::Rules rules_of(const Jid& address) override {
    pubsub::NodeConfig defaults;  // section 5
    defaults.access_model = pubsub::AccessModel::presence;
    defaults.send_last = pubsub::SendLast::on_sub_and_presence;
    defaults.max_items = 1;
    return {.address = address,
            .personal = true,
            .domain = host().domain().name,
            .defaults = defaults,
            .defaults_of = [&host = host()](std::string_view node,
                                            pubsub::NodeConfig usual) -> pubsub::NodeConfig {
              const auto& known = host.data<pubsub::KnownNodes>().defaults;
              const auto found = known.find(node);
              return found == known.end() ? usual : found->second(std::move(usual));
            },
            .limits = host().limits(),
            .viewer = [this, address](const Jid& who) { return view(address, who); }};
  }

  Viewer view(const Jid& owner, const Jid& who) const {
    Viewer viewer{.jid = who, .owns_service = who.same_bare(owner)};
    const Account* account = host().find_account(owner);
    if (account == nullptr || viewer.owns_service) return viewer;
    const ContactView contact = account->roster().find(who.bare_text());
    viewer.sees_presence = seen_by_contact(contact.subscription);
    viewer.is_stranger = !viewer.sees_presence;
    for (const std::string& group : contact.item().groups) viewer.groups.push_back(group);
    return viewer;
  }

  pubsub::ConfigOffer offer(const Jid& address) override {
    pubsub::ConfigOffer offered{.personal = true};
    if (const Account* account = host().find_account(address))
      account->roster().for_each([&](const ContactView& contact) {
        for (const std::string& group : contact.item().groups)
          offered.roster_groups.push_back(group);
      });
    std::ranges::sort(offered.roster_groups);
    const auto repeated = std::ranges::unique(offered.roster_groups);
    offered.roster_groups.erase(repeated.begin(), repeated.end());
    return offered;
  }

  // --- who is told (section 4) ---

  // Contacts who see the account and may read the node, and the account itself.
  std::vector<Jid> interested(const pubsub::Service& service, const Node& node) override {
    const Jid& owner = service.rules().address;
    const Account* account = host().find_account(owner);
    if (account == nullptr) return {};
    std::vector<Jid> contacts;
    account->roster().for_each([&](const ContactView& contact) {
      if (!seen_by_contact(contact.subscription)) return;
      Jid jid = Jid::trusted(std::string(contact.address));
      if (node.delivers_to(jid, now())) return;  // is told as such
      if (may_retrieve(node, view(owner, jid), now())) contacts.push_back(std::move(jid));
    });
    if (const auto* sharers = account->find_data<Sharers>())
      for (const Jid& sharer : sharers->clients)
        if (node.config.access_model == pubsub::AccessModel::open &&
            may_retrieve(node, view(owner, sharer), now()))
          contacts.push_back(sharer);
    PresenceRecipients recipients{*account, contacts};
    std::ignore = host().hooks().fire(recipients);
    contacts.push_back(owner);
    return contacts;
  }

  // Section 4.3.2: each client that wants to hear of it, by its full address.
  void tell_interested(const pubsub::Service& service, const Notice& notice,
                       const std::vector<Jid>& contacts) override {
    StanzaHead head =
        StanzaHead::of(notice.type == pubsub::NotificationType::normal ? MessageType::normal
                                                                       : MessageType::headline);
    head.from = service.rules().address;
    head.id = host().random().token(9);
    const SharedBytes payload(notice.payload);
    if (const Account* account = host().find_account(head.from))
      for (const Jid& to : pubsub::distant_clients_wanting(*account, contacts, notice.node)) {
        Stanza stanza(head, payload);
        stanza.head.to = to;
        host().send(std::move(stanza));
      }
    host().at_homes(contacts, [head, node = notice.node, payload](ModuleHost& there,
                                                                  const std::vector<Jid>& who) {
      for (const Jid& to : clients_wanting(there, who, node)) {
        Stanza stanza(head, payload);
        stanza.head.to = to;
        there.send(std::move(stanza));
      }
    });
  }

  static std::vector<Jid> clients_wanting(const ModuleHost& there, const std::vector<Jid>& who,
                                          const std::string& node) {
    std::vector<Jid> clients;
    for (const Jid& contact : who) {
      const Account* account = there.find_account(contact);
      if (account == nullptr) continue;
      for (const auto& session : account->sessions())
        if (session->available() && (!contact.is_full() || contact == session->address()) &&
            pubsub::is_interested(*session, node))
          clients.push_back(session->address());
    }
    return clients;
  }

  // --- who comes online (section 4.3.3) ---

  void note_interests(CapabilitiesKnown& event) {
    const NodeNames fresh = pubsub::set_interests(event.session, event.capabilities);
    if (event.session.available()) greet_contacts(event.session, fresh);
    std::vector<Jid> others;  // with whom it shares its presence without their knowing it
    for (const Jid& to : event.session.directed())
      if (to.domain() == host().address().domain()) others.push_back(to.bare());
    ask_for_last(event.session, others, fresh);
  }

  void greet_online(SessionAvailable& event) {
    if (event.is_initial) greet_contacts(event.session, pubsub::interests_of(event.session));
  }

  void forget_session(SessionEnded& event) { pubsub::forget_interests(event.session); }

  // Those who share their presence with the user publish for him.
  void greet_contacts(Session& session, const NodeNames& nodes) {
    if (nodes.empty()) return;
    std::vector<Jid> owners{session.account().address()};
    session.account().roster().for_each([&](const ContactView& contact) {
      if (sees_contact(contact.subscription))
        owners.push_back(Jid::trusted(std::string(contact.address)));
    });
    ask_for_last(session, owners, nodes);
  }

  // A contact has let the user see his presence.
  void greet_new_contact(PresenceReceived& event) {
    if (!event.stanza.head.is(PresenceType::subscribed)) return;
    for (const auto& session : event.account.sessions())
      if (session->available())
        ask_for_last(*session, {event.stanza.head.from.bare()}, pubsub::interests_of(*session));
  }

  // XEP-0060 section 9.1.3: a client that directs presence to the user without a subscription is
  // told of his open nodes, until it takes that back. Of those elsewhere nobody knows what they
  // want.
  struct Sharers {
    std::vector<Jid> clients;
  };
  void note_sharer(PresenceReceived& event) {
    const StanzaHead& head = event.stanza.head;
    if (head.is(PresenceType::unavailable)) {
      if (auto* sharers = event.account.find_data<Sharers>())
        std::erase(sharers->clients, head.from);
      return;
    }
    const ContactView contact = event.account.roster().find(head.from.bare_text());
    if (!head.is(PresenceType::available) || !head.from.is_full() ||
        head.from.domain() != host().address().domain() ||
        head.from.same_bare(event.account.address()) || seen_by_contact(contact.subscription) ||
        event.account.is_temporary())
      return;
    auto& clients = event.account.data<Sharers>().clients;
    const bool is_known = std::ranges::find(clients, head.from) != clients.end();
    if (is_known || clients.size() >= most_sharers) return;
    clients.push_back(head.from);
    host().at_homes({head.from}, [owner = event.account.address()](ModuleHost& there,
                                                                   const std::vector<Jid>& who) {
      const Account* account = there.find_account(who.front().bare());
      const Session* session =
          account == nullptr ? nullptr : account->find_session(who.front().resource());
      pubsub::Pep* pep = there.data<pubsub::PepDoor>().pep;
      if (session != nullptr && pep != nullptr) pep->ask(*session, owner);
    });
  }
  static constexpr std::size_t most_sharers = 1000;

  // A client of a contact elsewhere came online, changed what it wants, or left (section 4.3.3).
  void note_distant(PresenceReceived& event) {
    const StanzaHead& head = event.stanza.head;
    if (!head.from.is_full() || host().shard().serves(head.from.domain())) return;
    if (head.is(PresenceType::unavailable)) return pubsub::forget_distant(event.account, head.from);
    const ContactView contact = event.account.roster().find(head.from.bare_text());
    // Who does not see the user yet may be let in later.
    const bool is_contact =
        seen_by_contact(contact.subscription) || sees_contact(contact.subscription);
    if (!head.is(PresenceType::available) || !is_contact) return;
    const Jid owner = event.account.address();
    learn_caps_of(host(), owner, head.from, event.stanza.root(),
                  [this, owner, who = head.from](const Capabilities& capabilities) {
                    Account* account = host().find_account(owner);
                    if (account == nullptr) return;
                    const NodeNames fresh =
                        pubsub::set_distant_interests(*account, who, capabilities);
                    const ContactView seen = account->roster().find(who.bare_text());
                    if (!fresh.empty() && seen_by_contact(seen.subscription))
                      greet(owner, who, fresh);
                  });
  }

  void ask(const Session& session, const Jid& owner) override {
    ask_for_last(session, {owner}, pubsub::interests_of(session));
  }

  void ask_for_last(const Session& session, const std::vector<Jid>& owners,
                    const NodeNames& nodes) {
    if (nodes.empty()) return;
    host().at_homes(
        owners, [who = session.address(), nodes](ModuleHost& there, const std::vector<Jid>& list) {
          pubsub::Pep* pep = there.data<pubsub::PepDoor>().pep;
          if (pep == nullptr) return;
          for (const Jid& owner : list) pep->greet(owner, who, nodes);
        });
  }

  static NodeNames wanted(const pubsub::Service& service, const NodeNames& nodes) {
    NodeNames found;
    for (const std::string& name : nodes) {
      const Node* node = service.find(name);
      if (node != nullptr && node->config.send_last == pubsub::SendLast::on_sub_and_presence)
        found.push_back(name);
    }
    return found;
  }

  // Section 4.3.3, third rule.
  bool is_hidden_from(const Account& account, const Jid& who) const {
    if (who.same_bare(account.address())) return false;
    std::vector<Jid> contacts{who};
    PresenceRecipients recipients{account, contacts};
    std::ignore = host().hooks().fire(recipients);
    return contacts.empty();
  }

  // --- approvals (XEP-0060 section 8.6) ---

  Flow take_approval(MessageReceived& event) {
    const Jid& from = event.stanza.head.from;
    if (!from.same_bare(event.account.address()) || event.stanza.head.to.is_full())
      return Flow::go_on;
    const xml::Element element = xmpp::find<xmpp::DataForm>(event.stanza.root());
    if (!element) return Flow::go_on;
    const auto form = xmpp::read<xmpp::DataForm>(element);
    if (!form || form->form_type() != pubsub::authorization_form) return Flow::go_on;
    open(event.account.address(), [this, from, form = *form](pubsub::Service* service) {
      if (service == nullptr) return;
      auto decision = service->answer_approval(service->rules().viewer(from), form);
      if (decision) carry_out(*service, *std::move(decision), [](Answer<std::string>) {});
    });
    return Flow::stop;
  }

  // --- what follows from a publication ---

  void stored(const Jid& address, const std::vector<store::NodeChange>& changes) override {
    for (const store::NodeChange& change : changes) {
      Account* account = host().find_account(address);
      if (account == nullptr) return;
      if (const auto* put = std::get_if<store::PublishItem>(&change)) {
        ItemPublished event{*account, put->node, put->item.id, put->item.payload};
        std::ignore = host().hooks().fire(event);
      } else if (const auto* gone = std::get_if<store::RetractItem>(&change)) {
        ItemRetracted event{*account, gone->node, gone->id};
        std::ignore = host().hooks().fire(event);
      } else if (const auto* purged = std::get_if<store::PurgeItems>(&change)) {
        ItemRetracted event{*account, purged->node, {}};
        std::ignore = host().hooks().fire(event);
      } else if (const auto* removed = std::get_if<store::RemoveNode>(&change)) {
        ItemRetracted event{*account, removed->node, {}};
        std::ignore = host().hooks().fire(event);
      }
    }
  }

  // --- service discovery (section 6) ---

  void prepare(AccountDescribed& event) {
    event.preparations.emplace_back(
        [this, address = event.account.address()](std::move_only_function<void()> then) {
          open(address, [then = std::move(then)](pubsub::Service*) mutable { then(); });
        });
  }

  static const pubsub::Service* service_of(const Account* account) {
    const auto* place = account == nullptr ? nullptr : account->find_data<Place>();
    return place == nullptr ? nullptr : place->service.get();
  }

  void describe(DiscoInfoAsked& asked) {
    const pubsub::Service* service = service_of(asked.account);
    if (service == nullptr) return;
    if (asked.info.node.empty()) {
      asked.info.identities.push_back({.category = "pubsub", .type = "pep"});
      asked.info.features.push_back({std::string(xmpp::ns::pubsub)});
      for (const std::string_view feature : service->features())
        asked.info.features.push_back({std::string(xmpp::ns::pubsub) + '#' + std::string(feature)});
      for (const std::string& feature : host().data<pubsub::KnownNodes>().features)
        asked.info.features.push_back({feature});
      return;
    }
    const Node* node = service->find(asked.info.node);
    if (node == nullptr || !may_retrieve(*node, service->rules().viewer(asked.asker), now()))
      return;
    asked.node_known = true;
    asked.info.identities.push_back(
        {.category = "pubsub", .type = "leaf", .name = node->config.title});
    asked.info.features.push_back({std::string(xmpp::ns::pubsub)});
    asked.info.forms.push_back(service->meta_data(*node, now()));
  }

  // Section 6.2: those that the asker may read.
  void list(DiscoItemsAsked& asked) {
    const pubsub::Service* service = service_of(asked.account);
    if (service == nullptr) return;
    const Viewer viewer = service->rules().viewer(asked.asker);
    for (const Node* node : service->visible(viewer, now())) {
      if (asked.items.node == node->name) asked.node_known = true;
      if (asked.items.node.empty())
        asked.items.items.push_back(
            {.jid = service->rules().address, .name = node->config.title, .node = node->name});
    }
  }

  Timer sweep_timer_;
};

}  // namespace herold::server

HEROLD_MODULE(pep, Pep)
