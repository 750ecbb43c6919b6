// RFC 6121 section 2 Roster: contacts, pushes, versions (2.6) and pre-approval (3.4) as features.
#include "xmpp/ext/roster.h"

#include "server/contacts.h"
#include "server/module.h"

namespace herold::server {

class RosterModule {
 public:
  static constexpr About about{.version = "", .title = "Roster", .features = {}, .rfc = 6121};

  static constexpr auto handlers() {
    return std::tuple{on<Get<xmpp::RosterQuery>>(&RosterModule::get, at_own_account),
                      on<Set<xmpp::RosterQuery>>(&RosterModule::set, at_own_account),
                      on<Get<xmpp::RosterQuery>>(&RosterModule::refuse, at_other_account),
                      on<Set<xmpp::RosterQuery>>(&RosterModule::refuse, at_other_account),
                      on<StreamFeatures>(&RosterModule::announce)};
  }

  explicit RosterModule(ModuleHost& host) : host_(host) {}

 private:
  void announce(StreamFeatures& event) {
    if (event.moment != StreamFeatures::Moment::after_login) return;
    event.xml += xmpp::to_xml(xmpp::RosterVersioning{}, xmpp::ns::client);
    event.xml += xmpp::to_xml(xmpp::PreApproval{}, xmpp::ns::client);
  }

  // Section 2.1.3; with a version (2.6.3) an empty result, and what changed as pushes.
  void get(IqRequest request, const xmpp::RosterQuery& query) {
    const IqContext context = request.context();
    context.session->set(SessionFlag::interested);
    const Roster& roster = context.account->roster();
    const auto known = query.ver ? read_roster_version(*query.ver) : std::nullopt;
    if (known && *known == roster.version) return request.succeed();
    if (!known) return request.succeed(whole(roster));
    host_.stores().rosters().changes_since(
        context.account->address().text(), *known,
        [this, request = std::move(request), account = context.account->address()](
            Result<std::optional<store::RosterDifference>> found) mutable {
          Account* now = host_.find_account(account);
          if (now == nullptr) return request.fail(Condition::item_not_found);
          if (!found || !*found) return request.succeed(whole(now->roster()));
          const Jid to = request.head().from;
          request.succeed();
          push_difference(*now, to, **found);
        });
  }

  // Section 2.1.3, HOSTILE 86: a roster is its owner's.
  Answer<Nothing> refuse(const IqContext&, const xmpp::RosterQuery&) {
    return xmpp::fail(Condition::forbidden);
  }

  // Section 2.1.5: one item; what is not the client's to say (subscription, ask) is ignored.
  void set(IqRequest request, const xmpp::RosterQuery& query) {
    if (query.items.size() != 1) return request.fail(Condition::bad_request);
    const xmpp::RosterItem& wanted = query.items.front();
    Account& account = *request.context().account;
    if (wanted.jid.same_bare(account.address())) return request.fail(Condition::not_allowed);
    if (wanted.subscription == xmpp::Subscription::remove)
      return remove(account, wanted.jid, std::move(request));
    if (auto allowed = check(account, wanted); !allowed) return request.fail(allowed.error());

    const ContactView known = account.roster().find(wanted.jid.bare_text());
    store::RosterItem item = known ? known.item() : store::RosterItem{};
    item.address = std::string(wanted.jid.bare_text());
    item.name = wanted.name;
    item.groups = wanted.groups;
    store_contact(account, std::move(item), answer(std::move(request)));
  }

  void remove(Account& account, const Jid& contact, IqRequest request) {
    if (!account.roster().find(contact.bare_text())) return request.fail(Condition::item_not_found);
    remove_contact(account, contact, answer(std::move(request)));
  }

  static Stored answer(IqRequest request) {
    return [request = std::move(request)](Result<> stored) mutable {
      if (stored) return request.succeed();
      request.fail(StanzaError(stored.error()));
    };
  }

  // HOSTILE 87, and section 2.3.3: groups must have names, each once.
  Answer<> check(const Account& account, const xmpp::RosterItem& wanted) const {
    const Limits& limits = host_.limits();
    const bool is_new = !account.roster().find(wanted.jid.bare_text());
    if (is_new && account.roster().size() >= limits.roster_items)
      return xmpp::fail(Condition::resource_constraint, "The roster is full");
    if (wanted.name.size() > limits.roster_name_bytes ||
        wanted.groups.size() > limits.roster_groups)
      return xmpp::fail(Condition::not_acceptable);
    for (std::size_t i = 0; i < wanted.groups.size(); ++i) {
      const std::string& group = wanted.groups[i];
      if (group.empty() || group.size() > limits.roster_name_bytes)
        return xmpp::fail(Condition::not_acceptable);
      for (std::size_t j = 0; j < i; ++j)
        if (wanted.groups[j] == group) return xmpp::fail(Condition::bad_request);
    }
    return {};
  }

  static std::string whole(const Roster& roster) {
    xmpp::RosterQuery answer{.ver = roster_version_text(roster.version), .items = {}};
    roster.for_each(
        [&](const ContactView& contact) { answer.items.push_back(roster_item(contact.item())); });
    return xmpp::to_xml(answer, xmpp::ns::client);
  }

  void push_difference(Account& account, const Jid& to, const store::RosterDifference& difference) {
    Session* session = account.find_session(to.resource());
    if (session == nullptr) return;
    const auto push = [&](const xmpp::RosterItem& item) {
      push_roster_item(*session, difference.version, item);
    };
    for (const store::RosterItem& item : difference.changed) push(roster_item(item));
    for (const std::string& gone : difference.removed)
      push({.jid = Jid::trusted(gone), .name = {}, .subscription = xmpp::Subscription::remove});
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(roster, RosterModule)
