// XEP-0077 In-Band Registration: making an account, changing its password, removing it.
#include "server/registration.h"

#include <algorithm>

#include "server/module.h"
#include "server/shard.h"
#include "xmpp/ext/register.h"
#include "xmpp/look_alike.h"
#include "xmpp/sasl/credentials.h"

namespace herold::server {

class InBandRegistration {
 public:
  static constexpr About about{
      77, "2.4", "In-Band Registration", {xmpp::RegisterQuery::element.ns}};

  static constexpr auto handlers() {
    return std::tuple{on<StreamFeatures>(&InBandRegistration::announce),
                      on<PreauthRequest>(&InBandRegistration::serve_stranger),
                      on<Get<xmpp::RegisterQuery>>(&InBandRegistration::tell),
                      on<Set<xmpp::RegisterQuery>>(&InBandRegistration::change)};
  }

  explicit InBandRegistration(ModuleHost& host) : host_(host) {}

 private:
  bool is_open() const { return host_.domain().registration == Registration::open; }

  // Section 8.
  void announce(StreamFeatures& features) {
    if (features.moment != StreamFeatures::Moment::before_login || !is_open()) return;
    features.xml += xmpp::to_xml(xmpp::RegisterFeature{}, xmpp::ns::client);
  }

  // --- before the login (section 3.1) ---

  void serve_stranger(PreauthRequest& event) {
    IqRequest request = std::move(event.request);
    if (!is_open()) return request.fail(Condition::service_unavailable);
    const auto query = xmpp::read<xmpp::RegisterQuery>(request.payload());
    if (!query) return request.fail(query.error());
    if (request.head().is(IqType::get))
      return request.answer<xmpp::RegisterQuery>(xmpp::RegisterQuery{
          .instructions = "Choose a username and a password.", .username = "", .password = ""});
    if (query->remove) return request.fail(Condition::unexpected_request);
    auto account = account_name(host_.domain().name, query->username.value_or(""));
    if (!account) return request.fail(account.error());
    auto password = prepare(query->password.value_or(""));
    if (!password) return request.fail(password.error());
    make(std::move(*account), std::move(*password), std::string(event.peer_prefix),
         std::move(request));
  }

  // A name that cannot be had costs nothing; only what needs arithmetic is counted.
  void make(Jid account, crypto::SecretString password, std::string prefix, IqRequest request) {
    if (is_reserved(account))
      return request.fail({Condition::conflict, "The name is an administrator's"});
    host_.stores().accounts().name_state(
        account.text(), [&host = host_, account, password = std::move(password), prefix,
                         request = std::move(request)](Result<store::NameState> state) mutable {
          if (!state) return request.fail(state.error());
          if (*state == store::NameState::taken)
            return request.fail({Condition::conflict, "The name is taken"});
          if (*state == store::NameState::look_alike) return request.fail(look_alike());
          const auto count = [prefix](ModuleHost& there) {
            return there.shard().registrations().take(prefix, there.clock().now(), there.limits());
          };
          host.ask_home(prefix, count,
                        [&host, account, password = std::move(password),
                         request = std::move(request)](bool may) mutable {
                          if (may)
                            return create(host, account, std::move(password), std::move(request));
                          request.fail({Condition::resource_constraint, "Too many registrations"});
                        });
        });
  }

  // Whoever has an administrator's address is one, also where the account is not made yet.
  bool is_reserved(const Jid& account) const {
    const std::string key = xmpp::look_alike_key(account.local());
    return std::ranges::any_of(host_.domain().admins, [&](const std::string& admin) {
      const Jid jid = Jid::trusted(admin);
      return jid.domain() == account.domain() && xmpp::look_alike_key(jid.local()) == key;
    });
  }

  static StanzaError look_alike() {
    return {Condition::not_acceptable, "The name looks like that of another account"};
  }

  static void create(ModuleHost& host, const Jid& account, crypto::SecretString password,
                     IqRequest request) {
    host.account_actions().create(
        host.shard(), account, std::move(password), store::LookAlikes::refused,
        [&log = host.log(), account, request = std::move(request)](Result<> created) mutable {
          if (!created && created.error().fault == Fault::refused)
            return request.fail(look_alike());
          if (!created) return request.fail(created.error());
          log.info("account-registered", {{"account", account.text()}});
          request.succeed();
        });
  }

  // --- after it ---

  // Somebody else's account, or another server's, has nothing registered here, nor has who came
  // without one.
  static bool is_registered(const IqContext& context) {
    return context.session != nullptr && !context.session->account().is_temporary();
  }

  Answer<xmpp::RegisterQuery> tell(const IqContext& context, const xmpp::RegisterQuery&) {
    if (!is_registered(context)) return xmpp::fail(Condition::registration_required);
    return xmpp::RegisterQuery{
        .registered = true, .username = std::string(context.from().local()), .password = ""};
  }

  void change(IqRequest request, const xmpp::RegisterQuery& query) {
    const IqContext context = request.context();
    if (!is_registered(context)) return request.fail(Condition::registration_required);
    const Jid account = context.from().bare();
    if (query.remove) return remove(account, query, std::move(request));
    if (!query.username || !query.password)
      return request.fail({Condition::bad_request, "Username and password are needed"});
    const auto named = Jid::make(*query.username, account.domain());
    if (!named || *named != account)
      return request.fail({Condition::not_allowed, "That is another account"});
    // Whoever has no more than an app password must not get at everything (XEP-0494 section 3.1).
    if (context.session == nullptr) return request.fail(Condition::not_allowed);
    if (context.session->client().proof == xmpp::Proof::Kind::app_password)
      return request.fail({Condition::not_allowed, "Not with an app password"});
    auto password = prepare(*query.password);
    if (!password) return request.fail(password.error());
    host_.account_actions().set_password(
        host_.shard(), account, std::move(*password),
        [request = std::move(request)](Result<> set) mutable {
          if (!set) return request.fail(set.error());
          request.succeed();
        },
        context.session->key());
  }

  // Section 3.2: the result comes before the end of the stream, so the rest waits for a turn.
  void remove(const Jid& account, const xmpp::RegisterQuery& query, IqRequest request) {
    if (query.username || query.password || query.form)
      return request.fail({Condition::bad_request, "Nothing may stand beside <remove/>"});
    request.succeed();
    host_.loop().post([&host = host_, account] {
      host.account_actions().remove(host.shard(), account, [&host, account](Result<> removed) {
        if (removed)
          host.log().info("account-removed", {{"account", account.text()}});
        else
          host.log().warning("account-not-removed",
                             {{"account", account.text()}, {"reason", removed.error().text}});
      });
    });
  }

  // Section 3.1, note 2: an empty password is none.
  Answer<crypto::SecretString> prepare(std::string_view password) const {
    if (password.size() > host_.limits().password_bytes)
      return xmpp::fail(Condition::not_acceptable, "The password is too long");
    auto prepared = xmpp::prepare_password(password);
    if (!prepared) return xmpp::fail(Condition::not_acceptable, "No such password can be used");
    return std::move(*prepared);
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(registration, InBandRegistration)
