// XEP-0016 Privacy Lists, for clients that know nothing younger: the block list (XEP-0191) as one
// list, "blocked", which is always in force.
//
// Deviation: rules by group or subscription, for single kinds of stanzas and that allow are not
// there (feature-not-implemented); changes are pushed to clients that asked for the block list.
#include <set>

#include "server/block_changes.h"
#include "server/module.h"
#include "xmpp/ext/blocking.h"
#include "xmpp/ext/privacy.h"

namespace herold::server {
namespace {

using xmpp::PrivacyAction;
using xmpp::PrivacyItem;
using xmpp::PrivacyList;
using xmpp::PrivacyQuery;

// Section 2.2: every kind of stanza is blocked where none is named, or each.
bool is_for_all(const PrivacyItem& item) {
  const int kinds = item.message + item.iq + item.presence_in + item.presence_out;
  return kinds == 0 || kinds == 4;
}

Answer<BlockList> block_list_of(const PrivacyList& list) {
  BlockList blocked;
  std::set<std::uint64_t> orders;
  for (const PrivacyItem& item : list.items) {
    if (!orders.insert(item.order).second) return xmpp::fail(Condition::bad_request);
    const bool allows_the_rest = !item.type && item.action == PrivacyAction::allow;
    if (allows_the_rest) continue;
    if (item.type != "jid" || item.action != PrivacyAction::deny || !is_for_all(item))
      return xmpp::fail(Condition::feature_not_implemented, "Only addresses can be denied here");
    const auto jid = Jid::parse(item.value);
    if (!jid) return xmpp::fail(Condition::bad_request);
    blocked.add(*jid);
  }
  return blocked;
}

// What clients of XEP-0191 are told of a change.
std::vector<std::string> pushes(const BlockList& before, const BlockList& after) {
  xmpp::Block block;
  xmpp::Unblock unblock;
  for (const Jid& jid : after.entries())
    if (!before.contains(jid)) block.items.push_back({jid});
  for (const Jid& jid : before.entries())
    if (!after.contains(jid)) unblock.items.push_back({jid});
  std::vector<std::string> out;
  if (!block.items.empty()) out.push_back(xmpp::to_xml(block, xmpp::ns::client));
  if (!unblock.items.empty()) out.push_back(xmpp::to_xml(unblock, xmpp::ns::client));
  return out;
}

}  // namespace

class PrivacyLists {
 public:
  static constexpr About about{16, "1.7", "Privacy Lists", {xmpp::ns::privacy}};

  static constexpr auto handlers() {
    return std::tuple{on<Get<PrivacyQuery>>(&PrivacyLists::tell, at_own_account),
                      on<Set<PrivacyQuery>>(&PrivacyLists::change, at_own_account)};
  }

  explicit PrivacyLists(ModuleHost& host) : host_(host) {}

 private:
  // Sections 2.3 and 2.4.
  Answer<PrivacyQuery> tell(const IqContext& context, const PrivacyQuery& query) {
    const auto* known = context.account->find_data<BlockList>();
    const bool is_empty = known == nullptr || known->empty();
    PrivacyQuery answer;
    if (query.lists.size() > 1) return xmpp::fail(Condition::bad_request);
    if (!query.lists.empty()) {
      if (query.lists[0].name != privacy_list_name || is_empty)
        return xmpp::fail(Condition::item_not_found);
      answer.lists.push_back(privacy_list_of(*known));
    } else if (!is_empty) {
      answer.by_default = {.name = std::string(privacy_list_name)};
      answer.lists.push_back({.name = std::string(privacy_list_name)});
    }
    return answer;
  }

  // Section 2.1: one thing at once.
  void change(IqRequest request, const PrivacyQuery& query) {
    if ((query.active ? 1u : 0u) + (query.by_default ? 1u : 0u) + query.lists.size() != 1)
      return request.fail(Condition::bad_request);
    if (!query.lists.empty()) return set_list(std::move(request), query.lists[0]);
    const std::optional<std::string>& name =
        query.active ? query.active->name : query.by_default->name;
    if (name && *name != privacy_list_name) return request.fail(Condition::item_not_found);
    // Without an active list the default one is in force, which is what happens anyway.
    if (!name && query.by_default && !request.context().account->data<BlockList>().empty())
      return request.fail({Condition::not_allowed, "Who is blocked stays so; change the list"});
    request.succeed();
  }

  // Sections 2.7 to 2.9; without items it is removed.
  void set_list(IqRequest request, const PrivacyList& list) {
    Account& account = *request.context().account;
    const BlockList before = account.data<BlockList>();
    if (list.name != privacy_list_name)
      return list.items.empty() ? request.fail(Condition::item_not_found)
                                : request.fail({Condition::feature_not_implemented,
                                                "There is one list here, \"blocked\" (XEP-0191)"});
    if (list.items.empty() && before.empty()) return request.fail(Condition::item_not_found);
    auto changed = block_list_of(list);
    if (!changed) return request.fail(changed.error());
    if (const auto fits = check_size(host_, *changed); !fits) return request.fail(fits.error());
    auto told = pushes(before, *changed);
    change_block_list(host_, account, *std::move(changed), std::move(told), std::move(request));
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(privacy_lists, PrivacyLists)
