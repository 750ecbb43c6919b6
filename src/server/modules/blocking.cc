// XEP-0191 Blocking Command: the list, its pushes, and what it holds back on both ways.
#include "xmpp/ext/blocking.h"

#include "server/block_changes.h"
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
    host_.stores().records().get(block_list_key(event.account.address()),
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
    BlockList changed = account.data<BlockList>();
    for (const xmpp::BlockItem& item : block.items) changed.add(item.jid);
    if (const auto fits = check_size(host_, changed); !fits) return request.fail(fits.error());
    for (const xmpp::BlockItem& item : block.items) report(account, item);
    change_block_list(host_, account, std::move(changed),
                      {xmpp::to_xml(unreported(block), xmpp::ns::client)}, std::move(request));
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
    BlockList changed = account.data<BlockList>();
    for (const xmpp::BlockItem& item : unblock.items) changed.remove(item.jid);
    if (unblock.items.empty()) changed.clear();
    change_block_list(host_, account, std::move(changed), {xmpp::to_xml(unblock, xmpp::ns::client)},
                      std::move(request));
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
