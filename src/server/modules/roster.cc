// RFC 6121 section 2 Roster: contacts, pushes, versions (2.6) and pre-approval (3.4) as features.
#include "xmpp/ext/roster.h"

#include "server/components/privileges.h"
#include "server/contacts.h"
#include "server/guards.h"
#include "server/module.h"

namespace herold::server {

class RosterModule {
 public:
  static constexpr About about{.version = "", .title = "Roster", .features = {}, .rfc = 6121};

  static constexpr auto handlers() {
    return std::tuple{on<Get<xmpp::RosterQuery>>(&RosterModule::get, at_own_account),
                      on<Set<xmpp::RosterQuery>>(&RosterModule::set, at_own_account),
                      on<Get<xmpp::RosterQuery>>(&RosterModule::get_for_other, at_other_account),
                      on<Set<xmpp::RosterQuery>>(&RosterModule::set_for_other, at_other_account),
                      on<StreamFeatures>(&RosterModule::announce),
                      on<SessionResumed>(&RosterModule::push_what_was_missed)};
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
    Account& account = *request.context().account;
    when_roster_is_stored(account, [this, address = account.address(), ver = query.ver,
                                    request = std::move(request)]() mutable {
      Account* now = host_.find_account(address);
      if (now == nullptr) return request.fail(Condition::item_not_found);
      const auto known = ver ? read_roster_version(*ver) : std::nullopt;
      Session* session = now->find_session(request.head().from.resource());
      const Roster& roster = now->roster();
      if (session != nullptr) session->show_roster(known.value_or(roster.version));
      if (known && *known == roster.version) return request.succeed();
      if (!known) return request.succeed(whole(roster));
      get_difference(*now, *known, std::move(request));
    });
  }

  void get_difference(const Account& account, std::uint64_t known, IqRequest request) {
    Session* session = account.find_session(request.head().from.resource());
    if (session == nullptr) return request.fail(Condition::item_not_found);
    session->miss_roster_changes();
    host_.stores().rosters().changes_since(
        account.address().text(), known,
        [this, request = std::move(request),
         key = session->key()](Result<std::optional<store::RosterDifference>> found) mutable {
          Session* now = host_.find_session(key);
          if (now == nullptr) return request.fail(Condition::item_not_found);
          if (found && *found) {
            request.succeed();
            return push_difference(*now, std::move(**found));
          }
          const Roster& roster = now->account().roster();
          now->make_up_for_roster_changes();
          now->show_roster(roster.version);
          request.succeed(whole(roster));
        });
  }

  // Pushes that were under way when the server died do not stand in the journal. What changed since
  // the version that the client has is pushed again (section 2.1.6), or it has to begin anew.
  void push_what_was_missed(SessionResumed& event) {
    Session& session = event.session;
    const bool shows_roster = session.has(SessionFlag::interested);
    if (!event.after_restart || !shows_roster) return;
    if (session.roster_version() == session.account().roster().version) return;
    session.miss_roster_changes();
    host_.stores().rosters().changes_since(
        session.account().address().text(), session.roster_version(),
        [this, key = session.key()](Result<std::optional<store::RosterDifference>> found) {
          Session* now = host_.find_session(key);
          if (now == nullptr) return;
          if (found && *found) return push_difference(*now, std::move(**found));
          now->end(SessionEnd::lost, xmpp::StreamCondition::reset);
        });
  }

  // Section 2.1.3, HOSTILE 86: a roster is its owner's. But some components may (XEP-0356 section
  // 4.3), if the configuration says so.
  void get_for_other(IqRequest request, const xmpp::RosterQuery&) {
    if (!is_privileged(host_, request.head().from, Privilege::read_roster))
      return request.fail(Condition::forbidden);
    get(std::move(request), {});
  }
  void set_for_other(IqRequest request, const xmpp::RosterQuery& query) {
    if (!is_privileged(host_, request.head().from, Privilege::change_roster))
      return request.fail(Condition::forbidden);
    set(std::move(request), query);
  }

  // Section 2.1.5: one item; what is not the client's to say (subscription, ask) is ignored.
  void set(IqRequest request, const xmpp::RosterQuery& query) {
    if (query.items.size() != 1) return request.fail(Condition::bad_request);
    const xmpp::RosterItem& wanted = query.items.front();
    Account& account = *request.context().account;
    if (wanted.jid.same_bare(account.address())) return request.fail(Condition::not_allowed);
    if (const auto& judge = host_.data<ContactGuard>().judge)
      if (const Answer<> may = judge(account, wanted); !may) return request.fail(may.error());
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

  // As each contact is now: a younger push of it may have left meanwhile. All that is stored was
  // pushed, or is here.
  void push_difference(const Session& to, store::RosterDifference difference) {
    when_roster_is_stored(to.account(), [this, key = to.key(), difference = std::move(difference)] {
      Session* session = host_.find_session(key);
      if (session == nullptr) return;
      std::vector<std::string> addresses = difference.removed;
      for (const store::RosterItem& item : difference.changed) addresses.push_back(item.address);
      session->make_up_for_roster_changes();
      const Roster& roster = session->account().roster();
      for (const std::string& address : addresses) {
        const ContactView contact = roster.find(address);
        xmpp::RosterItem gone{.jid = Jid::trusted(address)};
        gone.subscription = xmpp::Subscription::remove;
        push_roster_item(*session, roster.version, contact ? roster_item(contact.item()) : gone);
      }
    });
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(roster, RosterModule)
