// XEP-0012 Last Activity: since when the server runs, and when an account was last available.
#include "xmpp/ext/last.h"

#include <charconv>

#include "server/module.h"

namespace herold::server {
namespace {

// The record: seconds since 1970, a line feed, the status text.
std::string write_record(WallTime time, std::string_view status) {
  const auto seconds = std::chrono::floor<Seconds>(time).time_since_epoch().count();
  return std::to_string(seconds) + '\n' + std::string(status);
}

std::uint64_t seconds_since(WallTime then, WallTime now) {
  const auto gone = std::chrono::floor<Seconds>(now - then);
  return gone.count() < 0 ? 0 : static_cast<std::uint64_t>(gone.count());
}

xmpp::LastActivity read_record(std::string_view record, WallTime now) {
  std::int64_t seconds = 0;
  std::from_chars(record.data(), record.data() + record.size(), seconds);
  const std::size_t line = std::min(record.find('\n'), record.size() - 1);
  return {.seconds = seconds_since(WallTime(Seconds(seconds)), now),
          .status = std::string(record.substr(line + 1))};
}

}  // namespace

class Last {
 public:
  static constexpr About about{12, "2.0", "Last Activity", {xmpp::LastActivity::element.ns}};

  static constexpr auto handlers() {
    return std::tuple{
        on<Get<xmpp::LastActivity>>(&Last::tell_uptime, at_server),
        on<Get<xmpp::LastActivity>>(&Last::tell_activity, at_own_account | at_other_account),
        on<PresenceSent>(&Last::note_leaving, Stage::amend),
        on<SessionEnded>(&Last::note_end, Stage::screen)};
  }

  explicit Last(ModuleHost& host) : host_(host) {}

 private:
  // Section 5.
  Answer<xmpp::LastActivity> tell_uptime(const IqContext&, const xmpp::LastActivity&) {
    const auto up = std::chrono::floor<Seconds>(host_.clock().now() - host_.started());
    return xmpp::LastActivity{.seconds = static_cast<std::uint64_t>(up.count())};
  }

  // Section 3; section 8 for who may know.
  void tell_activity(IqRequest request, const xmpp::LastActivity&) {
    const IqContext context = request.context();
    const Account& account = *context.account;
    const ContactView contact = account.roster().find(context.from().bare_text());
    if (!context.from().same_bare(account.address()) && !seen_by_contact(contact.subscription))
      return request.fail(Condition::forbidden);
    if (account.has_available_sessions())
      return request.answer<xmpp::LastActivity>(xmpp::LastActivity{.seconds = 0});
    host_.stores().records().get(
        {"last", account.address().text(), ""},
        [&host = host_, address = account.address().text(),
         request = std::move(request)](Result<std::optional<store::Record>> found) mutable {
          if (!found) return request.fail(found.error());
          if (!*found) return tell_creation(host, address, std::move(request));
          request.answer<xmpp::LastActivity>(read_record((*found)->value, host.clock().wall()));
        });
  }

  // Never available so far: inactive since there is the account.
  static void tell_creation(ModuleHost& host, const std::string& address, IqRequest request) {
    host.stores().accounts().find(
        address, [&host, request = std::move(request)](Result<store::Account> account) mutable {
          if (!account) return request.fail(account.error());
          request.answer<xmpp::LastActivity>(
              xmpp::LastActivity{.seconds = seconds_since(account->created, host.clock().wall())});
        });
  }

  void note_leaving(PresenceSent& event) {
    const Stanza& stanza = event.stanza;
    if (!stanza.head.is(PresenceType::unavailable) || stanza.head.to) return;
    const std::string status = stanza.child({"status", xmpp::ns::client}).text();
    note(event.session, status.size() > bounds::last_status ? std::string_view() : status);
  }

  void note_end(SessionEnded& event) {
    if (event.why != SessionEnd::removed) note(event.session, {});
  }

  // When the last available session goes.
  void note(const Session& session, std::string_view status) {
    if (!session.available() || session.account().is_temporary()) return;
    for (const auto& other : session.account().sessions())
      if (other.get() != &session && other->available()) return;
    host_.stores().records().put({"last", session.account().address().text(), ""},
                                 write_record(host_.clock().wall(), status),
                                 [&log = host_.log()](Result<std::uint64_t> stored) {
                                   if (!stored)
                                     log.warning("last-activity-not-stored",
                                                 {{"reason", stored.error().text}});
                                 });
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(last, Last)
