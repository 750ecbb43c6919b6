// XEP-0400 Multi-factor Authentication with SASL2: codes of RFC 6238 as second factor, and app
// passwords for clients that cannot be asked for one.
#include "xmpp/ext/second_factor.h"

#include <unordered_map>

#include "server/app_passwords.h"
#include "server/commands.h"
#include "server/module.h"
#include "server/shard.h"
#include "xmpp/sasl/totp.h"

namespace herold::server {
namespace {

using xmpp::DataForm;
using xmpp::FieldType;

constexpr std::string_view command_ns = "urn:xmpp:herold:sign-in:0";

// Whoever has no more than an app password must not get at everything.
bool is_unrestricted(const Account* account, const Jid& user) {
  const Session* session = account ? account->find_session(user.resource()) : nullptr;
  return session && session->client().proof != xmpp::Proof::Kind::app_password;
}

// Runs `act` on the user's home shard, for sessions that may do everything.
template <class Act>
void as_owner(CommandRun run, Act act) {
  ModuleHost& host = run.host();
  const Jid user = run.user();
  host.at_home(user.bare_text(), [user, act, run = std::move(run)](ModuleHost& home) mutable {
    if (!is_unrestricted(home.find_account(user.bare()), user))
      return run.fail({Condition::not_allowed, "Not with an app password"});
    act(home, user.bare(), std::move(run));
  });
}

// --- app passwords ---

DataForm app_password_form(ModuleHost&) {
  DataForm form = DataForm::of(xmpp::FormType::form, command_ns);
  form.title = "A password for one client";
  form.add(FieldType::text_single, "name", "What the client is called").required = true;
  return form;
}

void give_app_password(CommandRun run) {
  as_owner(std::move(run), [](ModuleHost& home, const Jid& account, CommandRun asked) {
    std::string name(asked.form().value("name"));
    make_app_password(home.shard(), account, std::move(name),
                      [asked = std::move(asked)](Result<std::string> made) mutable {
                        if (!made) return asked.fail(made.error());
                        DataForm form = DataForm::of(xmpp::FormType::result, command_ns);
                        form.title = "A password for one client";
                        form.add(FieldType::text_single, "password",
                                 "The password, which is shown only now", *made);
                        asked.complete(std::move(form));
                      });
  });
}

// --- turning the second factor off ---

DataForm code_form(ModuleHost&) {
  DataForm form = DataForm::of(xmpp::FormType::form, command_ns);
  form.title = "Turn the second factor off";
  form.add(FieldType::text_single, "code", "The code of now").required = true;
  return form;
}

bool is_code(ModuleHost& host, const store::SecondFactor& factor, std::string_view code) {
  return xmpp::find_code(host.crypto(), factor.secret, code, host.clock().wall(), factor.last_step)
      .has_value();
}

void turn_off(CommandRun run) {
  as_owner(std::move(run), [](ModuleHost& home, const Jid& account, CommandRun asked) {
    FailureCount& failures = home.shard().failures();
    if (failures.is_over(account, second_factor_place, home.clock().now(), home.limits()))
      return asked.fail({Condition::resource_constraint, "Too many wrong codes"});
    home.stores().clients().second_factor(
        account.text(), [&home, account, asked = std::move(asked)](auto found) mutable {
          if (!found || !*found) return asked.fail({Condition::item_not_found, "There is none"});
          if (!is_code(home, **found, asked.form().value("code"))) {
            home.shard().failures().note(account, second_factor_place, home.clock().now(),
                                         home.limits());
            return asked.fail({Condition::not_acceptable, "That is not the code of now"});
          }
          home.stores().clients().set_second_factor(
              account.text(), {},
              [&home, account, asked = std::move(asked)](Result<> done) mutable {
                if (!done) return asked.fail(done.error());
                home.log().info("second-factor-off", {{"account", account.text()}});
                asked.complete("The second factor is off");
              });
        });
  });
}

constexpr AdhocCommand commands[] = {
    {"urn:xmpp:herold:app-password", "Make a password for one client", CommandUser::anybody,
     app_password_form, give_app_password},
    {"urn:xmpp:herold:second-factor-off", "Turn the second factor off", CommandUser::anybody,
     code_form, turn_off},
};

}  // namespace

class SecondFactor {
 public:
  static constexpr About about{
      400, "0.1.0", "Multi-Factor Authentication with SASL2", {xmpp::ns::second_factor}};

  static constexpr auto handlers() {
    return std::tuple{on<Set<xmpp::FactorSetup>>(&SecondFactor::set_up),
                      on<SessionEnded>(&SecondFactor::forget),
                      on<CommandsAsked>(&SecondFactor::offer)};
  }

  explicit SecondFactor(ModuleHost& host) : host_(host) {}

 private:
  // Section 5.1: first the secret, then a code that proves that it arrived; both on one session.
  void set_up(IqRequest request, const xmpp::FactorSetup& asked) {
    const IqContext context = request.context();
    if (context.session == nullptr) return request.fail(Condition::not_allowed);
    if (context.session->client().proof == xmpp::Proof::Kind::app_password)
      return request.fail({Condition::not_allowed, "Not with an app password"});
    const Jid account = context.from().bare();
    const SessionKey key = context.session->key();
    if (!asked.text.empty()) return prove(account, key, asked.text, std::move(request));
    host_.stores().clients().second_factor(
        account.text(), [this, account, key, request = std::move(request)](auto found) mutable {
          if (!found) return request.fail(found.error());
          if (*found) return request.fail({Condition::conflict, "There is one already"});
          std::string secret(xmpp::totp_secret_bytes, '\0');
          host_.random().fill({reinterpret_cast<std::uint8_t*>(secret.data()), secret.size()});
          offered_[key] = secret;
          request.answer<xmpp::FactorSetup>(
              xmpp::FactorSetup{.text = xmpp::totp_uri(account, secret)});
        });
  }

  void prove(const Jid& account, SessionKey key, const std::string& code, IqRequest request) {
    const auto offered = offered_.find(key);
    if (offered == offered_.end())
      return request.fail({Condition::unexpected_request, "Ask for a secret first"});
    const auto step =
        xmpp::find_code(host_.crypto(), offered->second, code, host_.clock().wall(), 0);
    if (!step) return request.fail({Condition::not_acceptable, "That is not the code of now"});
    store::SecondFactor factor{std::move(offered->second), *step};
    offered_.erase(offered);
    host_.stores().clients().set_second_factor(
        account.text(), std::move(factor),
        [&host = host_, account, request = std::move(request)](Result<> set) mutable {
          if (!set) return request.fail(set.error());
          host.log().info("second-factor-on", {{"account", account.text()}});
          request.succeed();
        });
  }

  void forget(SessionEnded& event) { offered_.erase(event.session.key()); }

  void offer(CommandsAsked& asked) {
    for (const AdhocCommand& command : commands) asked.commands.push_back(&command);
  }

  ModuleHost& host_;
  std::unordered_map<SessionKey, std::string> offered_;  // secrets that wait for their first code
};

}  // namespace herold::server

HEROLD_MODULE(second_factor, SecondFactor)
