// The one way in which a block list changes, whichever protocol asks for it.
#include "server/block_changes.h"

#include "server/contacts.h"
#include "xmpp/ext/privacy.h"

namespace herold::server {
namespace {

// Those in the roster who may see the user, hence learn of a change.
std::vector<Jid> contacts_seeing(const Account& account) {
  std::vector<Jid> contacts;
  account.roster().for_each([&](const ContactView& contact) {
    if (seen_by_contact(contact.subscription))
      contacts.push_back(Jid::trusted(std::string(contact.address)));
  });
  return contacts;
}

void push_change(ModuleHost& host, const Account& account, std::string_view payload) {
  for (const auto& session : account.sessions()) {
    if (!session->has(SessionFlag::blocklist)) continue;
    StanzaHead head = StanzaHead::of(IqType::set);
    head.from = account.address();
    head.to = session->address();
    head.id = host.random().token(9);
    session->send(Stanza(std::move(head), payload));
  }
}

}  // namespace

store::RecordKey block_list_key(const Jid& account) { return {"blocking", account.text(), ""}; }

xmpp::PrivacyList privacy_list_of(const BlockList& blocked) {
  xmpp::PrivacyList list{.name = std::string(privacy_list_name)};
  for (const Jid& jid : blocked.entries())
    list.items.push_back({.type = "jid",
                          .value = std::string(jid.text()),
                          .action = xmpp::PrivacyAction::deny,
                          .order = list.items.size() + 1});
  return list;
}

Answer<> check_size(const ModuleHost& host, const BlockList& list) {
  if (list.size() > host.limits().block_items)
    return xmpp::fail(Condition::resource_constraint, "The block list is full");
  return {};
}

void change_block_list(ModuleHost& host, Account& account, BlockList changed,
                       std::vector<std::string> pushes, IqRequest request) {
  BlockList& list = account.data<BlockList>();
  BlockList before = std::exchange(list, changed);
  for (const Jid& contact : contacts_seeing(account)) {
    const bool was = before.blocks(contact), is = changed.blocks(contact);
    if (!was && is) send_unavailable_of_all(account, contact);
    if (was && !is) send_presence_of_all(account, contact);
  }
  host.stores().records().put(
      block_list_key(account.address()), changed.text(),
      [&host, address = account.address(), before = std::move(before), pushes = std::move(pushes),
       request = std::move(request)](Result<std::uint64_t> put) mutable {
        Account* now = host.find_account(address);
        if (!put && now != nullptr) now->data<BlockList>() = std::move(before);
        if (!put) return request.fail(put.error());
        request.succeed();
        if (now == nullptr) return;
        for (const std::string& payload : pushes) push_change(host, *now, payload);
      });
}

}  // namespace herold::server
