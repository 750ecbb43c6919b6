// XEP-0054 vcard-temp: one card an account, written by its owner and read by everybody.
#include "xmpp/ext/vcard.h"

#include "server/module.h"
#include "server/vcard_listener.h"

namespace herold::server {

class VCard {
 public:
  static constexpr About about{54, "1.3.0", "vcard-temp", {xmpp::VCard::element.ns}};

  static constexpr auto handlers() {
    return std::tuple{on<Get<xmpp::VCard>>(&VCard::tell, at_own_account | at_other_account),
                      on<Set<xmpp::VCard>>(&VCard::keep, at_own_account)};
  }

  explicit VCard(ModuleHost& host) : host_(host) {}

 private:
  // Sections 3.1 and 3.3: a missing card of somebody else looks like a missing account.
  void tell(IqRequest request, const xmpp::VCard&) {
    const IqContext context = request.context();
    const Jid owner = context.account->address();
    const Condition missing = context.from().same_bare(owner) ? Condition::item_not_found
                                                              : Condition::service_unavailable;
    host_.stores().records().get(
        {"vcard", owner.text(), ""}, [missing, request = std::move(request)](
                                         Result<std::optional<store::Record>> found) mutable {
          if (!found) return request.fail(found.error());
          if (!*found) return request.fail(missing);
          request.answer<xmpp::VCard>(xmpp::VCard{.xml = std::move((*found)->value)});
        });
  }

  // Section 3.2.
  void keep(IqRequest request, const xmpp::VCard& card) {
    if (card.xml.size() > host_.limits().vcard_bytes)
      return request.fail({Condition::not_acceptable, "The card is too large"});
    const Jid owner = request.context().account->address();
    host_.stores().records().put({"vcard", owner.text(), ""}, card.xml,
                                 [&host = host_, owner, card = card.xml,
                                  request = std::move(request)](Result<std::uint64_t> put) mutable {
                                   if (!put) return request.fail(put.error());
                                   request.succeed();
                                   const auto& stored = host.data<VCardListener>().stored;
                                   if (stored) stored(owner, card);
                                 });
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(vcard, VCard)
