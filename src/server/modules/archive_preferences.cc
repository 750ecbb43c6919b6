// XEP-0441 Message Archive Management Preferences: what of a user's conversations is archived.
#include "server/archive_choice.h"
#include "server/module.h"
#include "server/own_xml.h"

namespace herold::server {
namespace {

std::vector<Jid> list_of(const auto& listed) { return listed ? listed->jids : std::vector<Jid>(); }

xmpp::ArchivePreferences payload_of(const ArchiveChoice& choice) {
  return {choice.by_default, xmpp::ArchiveAlways{choice.always}, xmpp::ArchiveNever{choice.never}};
}

ArchiveChoice choice_of(const xmpp::ArchivePreferences& payload) {
  return {payload.by_default, list_of(payload.always), list_of(payload.never)};
}

}  // namespace

class ArchivePreferencesModule {
 public:
  static constexpr About about{441, "0.2.0", "Archive preferences"};

  struct Config {
    xmpp::ArchiveDefault by_default = xmpp::ArchiveDefault::always;
    static constexpr std::tuple options{
        option("default", &Config::by_default,
               {{"always", xmpp::ArchiveDefault::always},
                {"roster", xmpp::ArchiveDefault::roster},
                {"never", xmpp::ArchiveDefault::never}},
               "What is archived for users who have not chosen: every message, messages of "
               "contacts, or none.")};
  };

  static constexpr auto handlers() {
    return std::tuple{
        on<AccountLoading>(&ArchivePreferencesModule::load),
        on<Get<xmpp::ArchivePreferencesQuery>>(&ArchivePreferencesModule::tell, at_own_account),
        on<Set<xmpp::ArchivePreferences>>(&ArchivePreferencesModule::choose, at_own_account)};
  }

  ArchivePreferencesModule(ModuleHost& host, const Config& config)
      : host_(host), by_default_(config.by_default) {
    host.data<ArchiveDefaults>().by_default = config.by_default;
  }

 private:
  static store::RecordKey key_of(const Jid& owner) { return {"archive", owner.text(), "choice"}; }

  void load(AccountLoading& event) {
    event.loading.hold();
    host_.stores().records().get(key_of(event.account.address()),
                                 [&account = event.account, &loading = event.loading](
                                     Result<std::optional<store::Record>> found) {
                                   if (!found) loading.fail();
                                   if (found && *found) take(account, (*found)->value);
                                   loading.release();
                                 });
  }

  // What cannot be read was not written by us: then all is archived that the domain archives.
  static void take(Account& account, std::string_view stored) {
    if (const auto payload = read_own<xmpp::ArchivePreferences>(stored, xmpp::ns::client))
      account.data<ArchiveChoice>() = choice_of(*payload);
  }

  Answer<xmpp::ArchivePreferences> tell(const IqContext& context,
                                        const xmpp::ArchivePreferencesQuery&) {
    const auto* choice = context.account->find_data<ArchiveChoice>();
    return payload_of(choice != nullptr ? *choice : ArchiveChoice{by_default_, {}, {}});
  }

  // In force once it is stored.
  void choose(IqRequest request, const xmpp::ArchivePreferences& wanted) {
    ArchiveChoice choice = choice_of(wanted);
    if (choice.always.size() + choice.never.size() > bounds::archive_preferences)
      return request.fail({Condition::resource_constraint, "The lists are too long"});
    xmpp::ArchivePreferences applied = payload_of(choice);
    const Jid owner = request.head().from.bare();
    host_.stores().records().put(key_of(owner), xmpp::to_xml(applied, xmpp::ns::client),
                                 [&host = host_, owner, choice = std::move(choice), applied,
                                  request = std::move(request)](Result<std::uint64_t> put) mutable {
                                   if (!put) return request.fail(put.error());
                                   if (Account* account = host.find_account(owner))
                                     account->data<ArchiveChoice>() = std::move(choice);
                                   request.answer<xmpp::ArchivePreferences>(std::move(applied));
                                 });
  }

  ModuleHost& host_;
  xmpp::ArchiveDefault by_default_;
};

}  // namespace herold::server

HEROLD_MODULE(archive_preferences, ArchivePreferencesModule)
