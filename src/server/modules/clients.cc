// XEP-0494 Client Access Management: a user sees what has access to the account, and switches it
// off.
#include <algorithm>

#include "server/client_access.h"
#include "server/module.h"
#include "server/shard.h"
#include "xmpp/ext/client_access.h"

namespace herold::server {

class ClientAccess {
 public:
  static constexpr About about{494, "0.1.0", "Client Access Management", {xmpp::ns::client_access}};

  static constexpr auto handlers() {
    return std::tuple{on<Get<xmpp::AccessList>>(&ClientAccess::list, at_own_account),
                      on<Set<xmpp::AccessRevoke>>(&ClientAccess::revoke, at_own_account)};
  }

  explicit ClientAccess(ModuleHost& host) : host_(host) {}

 private:
  // Section 3.1.
  void list(IqRequest request, const xmpp::AccessList&) {
    const Jid account = request.context().from().bare();
    host_.stores().clients().list(
        account.text(), [&host = host_, account, request = std::move(request)](
                            Result<std::vector<store::Client>> rows) mutable {
          if (!rows) return request.fail(rows.error());
          request.answer<xmpp::AccessClients>(xmpp::AccessClients{
              accesses(host.find_account(account), *rows, host.clock().wall())});
        });
  }

  // Section 3.2. Whoever has no more than an app password must not throw the others out.
  void revoke(IqRequest request, const xmpp::AccessRevoke& wanted) {
    const IqContext context = request.context();
    if (context.session == nullptr) return request.fail(Condition::not_allowed);
    if (context.session->client().proof == xmpp::Proof::Kind::app_password)
      return request.fail({Condition::not_allowed, "Not with an app password"});
    const Jid account = context.from().bare();
    revoke_access(host_.shard(), account, wanted.id,
                  [request = std::move(request)](Result<Revoked> done) mutable {
                    if (!done) return request.fail(done.error());
                    if (*done == Revoked::wholly) return request.succeed();
                    request.fail({Condition::service_unavailable, xmpp::password_reset_required,
                                  "It is switched off, but it knows the password: change it"});
                  });
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(clients, ClientAccess)
