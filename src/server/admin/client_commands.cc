// Clients as JSON, and the commands on a running server.
#include "server/admin/client_commands.h"

#include "base/datetime.h"
#include "server/shard.h"

namespace herold::server {

using Json = nlohmann::json;

bool is_client_command(std::string_view name) {
  return name == "user clients" || name == "user revoke" || name == "user factor-off";
}

Json clients_json(const std::vector<xmpp::AccessClient>& clients) {
  Json list = Json::array();
  for (const xmpp::AccessClient& one : clients) {
    Json ways = Json::array();
    if (one.auth.password) ways.push_back("password");
    if (one.auth.fast) ways.push_back("token");
    if (one.auth.app_password) ways.push_back("app password");
    if (one.auth.certificate) ways.push_back("certificate");
    Json object = {{"id", one.id},
                   {"software", one.agent.software},
                   {"device", one.agent.device},
                   {"connected", one.connected},
                   {"sign_in", std::move(ways)}};
    if (one.first_seen) object["first_seen"] = format_datetime(*one.first_seen);
    if (one.last_seen) object["last_seen"] = format_datetime(*one.last_seen);
    list.push_back(std::move(object));
  }
  return list;
}

Json revoked_json(const xmpp::Jid& account, const std::string& client, Revoked outcome) {
  return {{"address", account.text()},
          {"client", client},
          {"knows_password", outcome == Revoked::but_knows_password}};
}

void perform_client_command(Shard& home, const AdminCommand& command, const xmpp::Jid& account,
                            std::function<void(AdminReply)> done) {
  if (command.name == "user clients")
    return home.stores().clients().list(
        account.text(), [&home, account, done](Result<std::vector<store::Client>> rows) {
          if (!rows) return done(std::unexpected(rows.error()));
          done(clients_json(
              accesses(home.find_account(account.text()), *rows, home.loop().clock().wall())));
        });
  if (command.name == "user revoke")
    return revoke_access(home, account, command.text("client"),
                         [account, client = command.text("client"), done](Result<Revoked> outcome) {
                           if (!outcome) return done(std::unexpected(outcome.error()));
                           done(revoked_json(account, client, *outcome));
                         });
  home.stores().clients().set_second_factor(account.text(), {}, [account, done](Result<> changed) {
    done(changed ? AdminReply(Json({{"address", account.text()}}))
                 : std::unexpected(changed.error()));
  });
}

}  // namespace herold::server
