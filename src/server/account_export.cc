// One kind of data after the other is read from the stores and written in the order of XEP-0227
// section 4.
#include "server/account_export.h"

#include <memory>

#include "base/base64.h"
#include "base/limits.h"
#include "server/block_changes.h"
#include "server/contacts.h"
#include "server/own_xml.h"
#include "server/pubsub/node.h"
#include "server/stanza.h"
#include "xmpp/ext/archive.h"
#include "xmpp/ext/delay.h"
#include "xmpp/ext/privacy.h"
#include "xmpp/ext/private.h"
#include "xmpp/ext/pubsub.h"
#include "xmpp/ext/vcard.h"

namespace herold::server {
namespace {

constexpr std::string_view pie = "urn:xmpp:pie:0";
constexpr std::string_view pie_scram = "urn:xmpp:pie:0#scram";
constexpr std::string_view pie_archive = "urn:xmpp:pie:0#mam";
constexpr std::uint64_t page = 100;

// Shared by the reads under way, of which there is one at a time.
class Export : public std::enable_shared_from_this<Export> {
 public:
  Export(store::Stores& stores, const Jid& account, ExportScope scope, Bytes most,
         store::Completion<std::string> done)
      : stores_(stores), account_(account), scope_(scope), most_(most), done_(std::move(done)) {}

  void start();

 private:
  // Runs `use` with what was read, or ends with what went wrong.
  template <class T, class Use>
  store::Completion<T> then(Use use) {
    return [self = shared_from_this(), use = std::move(use)](Result<T> found) mutable {
      if (!found) return self->done_(std::unexpected(found.error()));
      if (self->ends_too_long()) return;
      use(*std::move(found));
    };
  }
  // Whether the document has outgrown its bound; then it was refused.
  bool ends_too_long() {
    if (out_.size() <= most_) return false;
    done_(fail(Fault::limit, "the account's data are more than fits into one document here"));
    return true;
  }

  void keys();
  void roster();
  void card();
  void private_storage();
  void blocked();
  void nodes();
  void items(std::vector<store::StoredNode> nodes, std::size_t at);
  void node_items(std::vector<store::StoredNode> nodes, std::size_t at,
                  std::optional<std::string> after);
  void waiting();
  void archive();
  using WriteMessage = void (Export::*)(const store::Message& message);
  using Next = void (Export::*)();
  // All of a box, then the end of the element that they stand in.
  void messages(store::BoxKind kind, std::uint64_t after, WriteMessage write_one, Next next);
  void after_waiting() { scope_ == ExportScope::whole ? archive() : finish(); }
  void finish();

  void write(const store::Credential& credential);
  void write(const store::Roster& roster);
  void write(const store::StoredNode& node);
  void write_archived(const store::Message& message);
  void write_waiting(const store::Message& message);

  store::Stores& stores_;
  Jid account_;
  ExportScope scope_;
  Bytes most_;
  store::Completion<std::string> done_;
  std::string out_;
  xml::Writer writer_{out_, {}};
};

void Export::start() {
  stores_.accounts().find(
      std::string(account_.text()), then<store::Account>([this](auto) {
        writer_.open("server-data", pie).open("host").attribute("jid", account_.domain());
        writer_.open("user").attribute("name", account_.local());
        scope_ == ExportScope::whole ? keys() : roster();
      }));
}

// --- keys and contacts ---

void Export::keys() {
  stores_.accounts().credentials(std::string(account_.text()),
                                 then<std::vector<store::Credential>>([this](const auto& all) {
                                   for (const store::Credential& one : all) write(one);
                                   roster();
                                 }));
}

void Export::write(const store::Credential& credential) {
  writer_.open("scram-credentials", pie_scram).attribute("mechanism", "SCRAM-" + credential.hash);
  writer_.leaf("iter-count", std::to_string(credential.iterations));
  writer_.leaf("salt", base64_encode(credential.salt));
  writer_.leaf("server-key", base64_encode(credential.server_key));
  writer_.leaf("stored-key", base64_encode(credential.stored_key)).close();
}

void Export::roster() {
  stores_.rosters().load(std::string(account_.text()),
                         then<store::Roster>([this](const store::Roster& stored) {
                           write(stored);
                           card();
                         }));
}

void Export::write(const store::Roster& roster) {
  xmpp::RosterQuery query;
  for (const store::RosterItem& item : roster.items) query.items.push_back(roster_item(item));
  xmpp::write(writer_, query);
  for (const store::SubscriptionRequest& request : roster.requests)
    if (const xml::Document stanza = parse_own(request.stanza, xmpp::ns::client))
      writer_.element(stanza.root());
}

// --- small data ---

void Export::card() {
  stores_.records().get({"vcard", std::string(account_.text()), ""},
                        then<std::optional<store::Record>>([this](const auto& found) {
                          if (found) xmpp::write(writer_, xmpp::VCard{.xml = found->value});
                          private_storage();
                        }));
}

void Export::private_storage() {
  stores_.records().list("private", std::string(account_.text()), "",
                         then<std::vector<store::Record>>([this](const auto& all) {
                           xmpp::PrivateQuery query;
                           for (const store::Record& one : all) query.xml += one.value;
                           if (!all.empty()) xmpp::write(writer_, query);
                           blocked();
                         }));
}

void Export::blocked() {
  stores_.records().get(
      block_list_key(account_), then<std::optional<store::Record>>([this](const auto& found) {
        const BlockList blocked = found ? BlockList::parse(found->value) : BlockList();
        if (!blocked.empty())
          xmpp::write(writer_, xmpp::PrivacyQuery{
                                   .by_default =
                                       xmpp::PrivacyDefault{.name = std::string(privacy_list_name)},
                                   .lists = {privacy_list_of(blocked)}});
        nodes();
      }));
}

// --- what it publishes (section 4.8) ---

void Export::nodes() {
  stores_.nodes().load(std::string(account_.text()),
                       then<std::vector<store::StoredNode>>([this](auto all) {
                         if (all.empty()) return waiting();
                         writer_.open("pubsub", xmpp::ns::pubsub_owner);
                         for (const store::StoredNode& node : all) write(node);
                         writer_.close().open("pubsub", xmpp::ns::pubsub);
                         items(std::move(all), 0);
                       }));
}

void Export::write(const store::StoredNode& stored) {
  using xmpp::ns::pubsub_owner;
  const pubsub::Node node = pubsub::Node::of(stored);
  xmpp::write(writer_,
              xmpp::PubSubConfigure<pubsub_owner>{
                  .node = node.name, .form = config_form(node.config, xmpp::FormType::result, {})});
  xmpp::PubSubAffiliations<pubsub_owner> affiliations{.node = node.name};
  for (const auto& [jid, affiliation] : node.affiliations)
    affiliations.affiliations.push_back({.jid = Jid::trusted(jid), .affiliation = affiliation});
  if (!affiliations.affiliations.empty()) xmpp::write(writer_, affiliations);
  xmpp::PubSubSubscriptions<pubsub_owner> subscriptions{.node = node.name};
  for (const auto& [jid, subscription] : node.subscriptions)
    subscriptions.subscriptions.push_back(
        {.jid = subscription.jid, .subscription = subscription.state});
  if (!subscriptions.subscriptions.empty()) xmpp::write(writer_, subscriptions);
}

void Export::items(std::vector<store::StoredNode> nodes, std::size_t at) {
  if (at == nodes.size()) {
    writer_.close();
    return waiting();
  }
  writer_.open("items").attribute("node", nodes[at].name);
  node_items(std::move(nodes), at, {});
}

void Export::node_items(std::vector<store::StoredNode> nodes, std::size_t at,
                        std::optional<std::string> after) {
  store::ItemQuery query{.node = nodes[at].name, .after = std::move(after), .most = page};
  stores_.nodes().items(
      std::string(account_.text()), std::move(query),
      then<store::ItemPage>([this, nodes = std::move(nodes), at](const store::ItemPage& found) {
        for (const store::NodeItem& item : found.items)
          xmpp::write(writer_,
                      xmpp::PubSubItem<xmpp::ns::pubsub>{
                          .id = item.id, .publisher = item.publisher, .payload = item.payload});
        if (!found.complete && !found.items.empty())
          return node_items(nodes, at, found.items.back().id);
        writer_.close();
        items(nodes, at + 1);
      }));
}

// --- messages ---

void Export::messages(store::BoxKind kind, std::uint64_t after, WriteMessage write_one, Next next) {
  stores_.messages().fetch({std::string(account_.text()), kind, {}}, after, page,
                           then<std::vector<store::StoredMessage>>([=, this](const auto& found) {
                             for (const store::StoredMessage& one : found)
                               (this->*write_one)(one.message);
                             if (found.size() == page)
                               return messages(kind, found.back().id, write_one, next);
                             writer_.close();
                             (this->*next)();
                           }));
}

void Export::waiting() {
  writer_.open("offline-messages");
  messages(store::BoxKind::offline, 0, &Export::write_waiting, &Export::after_waiting);
}

void Export::write_waiting(const store::Message& message) {
  const Stanza stanza = parse_stored(message.stanza.view());
  const xmpp::Delay delay{.from = account_.domain_only(), .stamp = message.time};
  const std::string xml = stanza.to_xml(xmpp::to_xml(delay, xmpp::ns::client));
  writer_.element(parse_own(xml, xmpp::ns::client).root());
}

void Export::archive() {
  writer_.open("archive", pie_archive);
  messages(store::BoxKind::archive, 0, &Export::write_archived, &Export::finish);
}

void Export::write_archived(const store::Message& message) {
  const Stanza stanza = parse_stored(message.stanza.view());
  xmpp::write(
      writer_,
      xmpp::ArchiveResult{.id = std::to_string(message.stanza_id),
                          .forwarded = {.delay = xmpp::Delay{.stamp = message.time},
                                        .stanza = xmpp::to_xml(stanza.head, stanza.payload().view(),
                                                               xmpp::ns::client)}});
}

void Export::finish() {
  writer_.close_all();
  if (!ends_too_long()) done_(std::move(out_));
}

}  // namespace

void export_account(store::Stores& stores, const xmpp::Jid& account, ExportScope scope, Bytes most,
                    store::Completion<std::string> done) {
  std::make_shared<Export>(stores, account, scope, most, std::move(done))->start();
}

}  // namespace herold::server
