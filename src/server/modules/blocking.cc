// XEP-0191 Blocking Command: the list, its pushes, and what it holds back on both ways.
#include "xmpp/ext/blocking.h"

#include "server/block_list.h"
#include "server/contacts.h"
#include "server/module.h"

namespace herold::server {

class Blocking {
 public:
  static constexpr About about{191, "1.3", "Blocking Command", {xmpp::ns::blocking}};

  static constexpr auto handlers() {
    return std::tuple{on<AccountLoading>(&Blocking::load),
                      on<Get<xmpp::Blocklist>>(&Blocking::tell, at_own_account),
                      on<Set<xmpp::Block>>(&Blocking::block, at_own_account),
                      on<Set<xmpp::Unblock>>(&Blocking::unblock, at_own_account),
                      on<MessageSent>(&Blocking::refuse_to_send<MessageSent>, Stage::screen),
                      on<PresenceSent>(&Blocking::refuse_to_send<PresenceSent>, Stage::screen),
                      on<IqSent>(&Blocking::refuse_to_send<IqSent>, Stage::screen),
                      on<MessageReceived>(&Blocking::refuse_message, Stage::screen),
                      on<PresenceReceived>(&Blocking::drop_presence, Stage::screen),
                      on<IqReceived>(&Blocking::refuse_iq, Stage::screen),
                      on<PresenceRecipients>(&Blocking::hide, Stage::screen)};
  }

  explicit Blocking(ModuleHost& host) : host_(host) {}

 private:
  // --- the list (sections 3.2 to 3.4) ---

  void load(AccountLoading& event) {
    event.loading.hold();
    host_.stores().records().get(key_of(event.account),
                                 [&account = event.account, &loading = event.loading](
                                     Result<std::optional<store::Record>> found) {
                                   if (!found) loading.fail();
                                   if (found && *found)
                                     account.data<BlockList>() = BlockList::parse((*found)->value);
                                   loading.release();
                                 });
  }

  Answer<xmpp::Blocklist> tell(const IqContext& context, const xmpp::Blocklist&) {
    if (context.session != nullptr) context.session->set(SessionFlag::blocklist);
    xmpp::Blocklist answer;
    if (const auto* list = context.account->find_data<BlockList>())
      for (const Jid& entry : list->entries()) answer.items.push_back({entry});
    return answer;
  }

  void block(IqRequest request, const xmpp::Block& block) {
    if (block.items.empty()) return request.fail(Condition::bad_request);
    Account& account = *request.context().account;
    BlockList& list = account.data<BlockList>();
    BlockList changed = list;
    for (const xmpp::BlockItem& item : block.items) changed.add(item.jid);
    if (changed.size() > host_.limits().block_items)
      return request.fail({Condition::resource_constraint, "The block list is full"});
    for (const Jid& contact : contacts_seeing(account))
      if (!list.blocks(contact) && changed.blocks(contact))
        send_unavailable_of_all(account, contact);
    std::swap(list, changed);
    for (const xmpp::BlockItem& item : block.items) report(account, item);
    store(account, std::move(changed), xmpp::to_xml(unreported(block), xmpp::ns::client),
          std::move(request));
  }

  void report(const Account& account, const xmpp::BlockItem& item) {
    if (!item.report) return;
    ContactReported event{account, item.jid, *item.report};
    std::ignore = host_.hooks().fire(event);
  }

  // The user's words are not for other clients.
  static xmpp::Block unreported(xmpp::Block block) {
    for (xmpp::BlockItem& item : block.items) item.report.reset();
    return block;
  }

  void unblock(IqRequest request, const xmpp::Unblock& unblock) {
    Account& account = *request.context().account;
    BlockList& list = account.data<BlockList>();
    BlockList before = list;
    for (const xmpp::BlockItem& item : unblock.items) list.remove(item.jid);
    if (unblock.items.empty()) list.clear();
    for (const Jid& contact : contacts_seeing(account))
      if (before.blocks(contact) && !list.blocks(contact)) send_presence_of_all(account, contact);
    store(account, std::move(before), xmpp::to_xml(unblock, xmpp::ns::client), std::move(request));
  }

  // In force already; the answer and the pushes say that it stays so.
  void store(const Account& account, BlockList before, std::string push, IqRequest request) {
    host_.stores().records().put(
        key_of(account), account.find_data<BlockList>()->text(),
        [&host = host_, address = account.address(), before = std::move(before),
         push = std::move(push), request = std::move(request)](Result<std::uint64_t> put) mutable {
          Account* now = host.find_account(address);
          if (!put && now != nullptr) now->data<BlockList>() = std::move(before);
          if (!put) return request.fail(put.error());
          request.succeed();
          if (now != nullptr) push_change(host, *now, push);
        });
  }

  static void push_change(ModuleHost& host, const Account& account, std::string_view payload) {
    for (const auto& session : account.sessions()) {
      if (!session->has(SessionFlag::blocklist)) continue;
      StanzaHead head = StanzaHead::of(IqType::set);
      head.from = account.address();
      head.to = session->address();
      head.id = host.random().token(9);
      session->send(Stanza(std::move(head), payload));
    }
  }

  // Those in the roster who may see the user, hence learn of a change.
  static std::vector<Jid> contacts_seeing(const Account& account) {
    std::vector<Jid> contacts;
    account.roster().for_each([&](const ContactView& contact) {
      if (seen_by_contact(contact.subscription))
        contacts.push_back(Jid::trusted(std::string(contact.address)));
    });
    return contacts;
  }

  static store::RecordKey key_of(const Account& account) {
    return {"blocking", account.address().text(), ""};
  }

  // --- traffic (section 3.3) ---

  // The user's own sessions and the server itself are always heard, whatever the list says.
  bool blocks(const Account& account, const Jid& other) const {
    const auto* list = account.find_data<BlockList>();
    if (list == nullptr || list->empty() || !other) return false;
    return list->blocks(other) && !other.same_bare(account.address()) && other != host_.address();
  }

  template <class Sent>
  Answer<> refuse_to_send(Sent& event) {
    if (!blocks(event.session.account(), event.stanza.head.to)) return {};
    return std::unexpected(StanzaError(Condition::not_acceptable, xmpp::blocked_condition)
                               .with_type(xmpp::ErrorType::cancel));
  }

  // An error to a room would end the occupant's stay there.
  Answer<Flow> refuse_message(MessageReceived& event) {
    if (!blocks(event.account, event.stanza.head.from)) return Flow::go_on;
    if (event.stanza.head.is(MessageType::groupchat)) return Flow::stop;
    return xmpp::fail(Condition::service_unavailable);
  }

  Flow drop_presence(PresenceReceived& event) {
    if (!blocks(event.account, event.stanza.head.from)) return Flow::go_on;
    host_.done(event.stanza);
    return Flow::stop;
  }

  // Results and errors get no error, so they vanish.
  Answer<> refuse_iq(IqReceived& event) {
    if (!blocks(event.account, event.stanza.head.from)) return {};
    return xmpp::fail(Condition::service_unavailable);
  }

  void hide(PresenceRecipients& event) {
    if (event.account.find_data<BlockList>() == nullptr) return;
    std::erase_if(event.contacts,
                  [&](const Jid& contact) { return blocks(event.account, contact); });
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(blocking, Blocking)
