// XEP-0313 Message Archive Management: what users say and hear is kept, and given to them again.
#include "server/archive.h"

#include "server/archive_choice.h"
#include "server/archive_query.h"
#include "server/archive_retention.h"
#include "server/archive_worth.h"
#include "server/domain_archives.h"
#include "server/module.h"
#include "server/pubsub/pep.h"
#include "server/shard.h"
#include "xmpp/ext/disco.h"

namespace herold::server {
namespace {

// Section 6.1.1, XEP-0334. What the journal does not keep, as chat states and what must not be
// stored, has no id.
bool is_archivable(const Stanza& stanza) {
  const bool is_talk = stanza.head.is(MessageType::chat) || stanza.head.is(MessageType::normal);
  if (stanza.kind() != StanzaKind::message || !is_talk) return false;
  return is_worth_archiving(stanza.root());
}

bool wants(Account& account, const Jid& other) {
  if (account.is_temporary()) return false;
  if (const auto* choice = account.find_data<ArchiveChoice>()) return choice->wants(account, other);
  return ArchiveChoice{account.host().data<ArchiveDefaults>().by_default}.wants(account, other);
}

}  // namespace

class MessageArchive {
 public:
  static constexpr About about{313, "1.1.3", "Message Archive Management"};

  struct Config {
    Seconds keep{0};
    Bytes total = 0;
    static constexpr std::tuple options{
        option("keep", &Config::keep,
               "How long messages stay in archives; 0 keeps them for ever. Beside it the limit "
               "archive_bytes bounds each archive."),
        byte_option(
            "total", &Config::total,
            "How much all archives of the domain hold together, rooms' too, before the oldest "
            "messages go; 0: as much as there is.")};
  };

  static constexpr auto handlers() {
    return std::tuple{
        on<MessageSent>(&MessageArchive::judge_sent, Stage::observe),
        on<MessageAccepted>(&MessageArchive::keep_sent, Stage::observe),
        on<MessageDelivered>(&MessageArchive::keep_received<MessageDelivered>, Stage::observe),
        on<MessageKept>(&MessageArchive::keep_received<MessageKept>, Stage::observe),
        on<MessageUnarchived>(&MessageArchive::keep_again),
        on<IqSent>(&MessageArchive::protect_others, Stage::screen),
        on<Set<xmpp::ArchiveQuery>>(&MessageArchive::answer, at_own_account),
        on<Get<xmpp::ArchiveQuery>>(&MessageArchive::tell_form, at_own_account),
        on<Get<xmpp::ArchiveMetadata>>(&MessageArchive::tell_metadata, at_own_account),
        on<DiscoInfoAsked>(&MessageArchive::announce)};
  }

  MessageArchive(ModuleHost& host, const Config& config)
      : host_(host), archives_(host, config.total) {
    host.data<ArchiveLifetime>().keep = config.keep;
    if (config.total != 0 && host.shard().index() == 0) archives_.start();
  }

  void stop() { archives_.stop(); }

 private:
  // --- keeping: a message stands once in each archive, whoever gets copies of it ---

  // The journal learns with the message itself that the sender's archive is to have it. Who writes
  // to himself gets it as its recipient.
  void judge_sent(MessageSent& event) {
    Stanza& stanza = event.stanza;
    if (stanza.head.to.same_bare(event.session.address()) || !is_archivable(stanza)) return;
    if (wants(event.session.account(), stanza.head.to)) stanza.waits |= waiting_for::sent;
  }

  void keep_sent(MessageAccepted& event) {
    const Stanza& stanza = event.stanza;
    if (stanza.id == 0 || (stanza.waits & waiting_for::sent) == 0) return;
    host_.archive().keep(event.session.account().address(), stanza, stanza.head.to.bare_text(),
                         waiting_for::sent);
  }

  template <class Event>
  void keep_received(Event& event) {
    keep_received(event.account, event.stanza);
  }

  bool keep_received(Account& account, const Stanza& stanza) {
    const Jid& from = stanza.head.from;
    if (stanza.id == 0 || !is_archivable(stanza) || !wants(account, from)) return false;
    host_.archive().keep(account.address(), stanza, from.bare_text(), waiting_for::received);
    return true;
  }

  void keep_again(MessageUnarchived& event) {
    event.is_kept = true;
    if (event.part != waiting_for::sent)
      event.is_kept = keep_received(event.account, event.stanza);
    else
      host_.archive().keep(event.account.address(), event.stanza, event.stanza.head.to.bare_text(),
                           waiting_for::sent);
  }

  // --- reading ---

  // HOSTILE 120, section 8.1. It says nothing of whether there is such an account.
  Answer<> protect_others(IqSent& event) {
    const StanzaHead& head = event.stanza.head;
    const bool is_account =
        head.to.has_local() && head.to.is_bare() && head.to.domain() == host_.address().domain();
    // A node's archive is for its service to show or not (XEP-0442).
    const xml::Element question = event.stanza.root().first_child();
    const bool asks = head.is_request() && is_account && question.ns() == xmpp::ns::archive &&
                      question.attribute("node").empty();
    if (asks) return xmpp::fail(Condition::forbidden, "This archive is somebody else's");
    return {};
  }

  void answer(IqRequest request, const xmpp::ArchiveQuery& query) {
    pubsub::Pep* pep = host_.data<pubsub::PepDoor>().pep;
    if (!query.node.empty() && pep != nullptr) return pep->query_archive(std::move(request), query);
    const Jid owner = request.head().from.bare();
    answer_archive_query(std::move(request), owner, query, {});
  }
  Answer<xmpp::ArchiveQuery> tell_form(const IqContext&, const xmpp::ArchiveQuery&) {
    return archive_query_form();
  }
  void tell_metadata(IqRequest request, const xmpp::ArchiveMetadata&) {
    const Jid owner = request.head().from.bare();
    answer_archive_metadata(std::move(request), owner);
  }

  // Section 7: the archive's address announces it.
  void announce(DiscoInfoAsked& event) {
    if (event.account == nullptr || !event.info.node.empty()) return;
    for (const std::string_view feature : {xmpp::ns::archive, xmpp::ns::archive_extended,
                                           xmpp::ns::archive_groupchat_field, xmpp::ns::fulltext})
      event.info.features.push_back({.var = std::string(feature)});
  }

  ModuleHost& host_;
  DomainArchives archives_;
};

}  // namespace herold::server

HEROLD_MODULE(archive, MessageArchive)
