// Queries of archives: the form becomes a selection, its page becomes messages and an answer.
#include "server/archive_query.h"

#include <algorithm>
#include <map>
#include <ranges>

#include "base/datetime.h"
#include "base/limits.h"
#include "server/archive.h"
#include "server/own_xml.h"
#include "server/server.h"
#include "server/shard.h"

namespace herold::server {
namespace {

using xmpp::FieldType;
using xmpp::FormField;

struct Search {
  Archive::Query under_way;
  Jid owner;
  store::Selection what;
  store::PageBounds bounds;
  std::optional<std::string> query_id;
  bool is_flipped = false;
  ArchiveView view;
};

// What a client may name: a message of which it was told.
class Names {
 public:
  explicit Names(const MessageNames& names) : names_(names) {}
  // item-not-found for what was never a name of ours, as for a name that is not in the archive.
  Answer<MessageId> read(std::string_view text) const {
    const MessageId id = names_.parse(text);
    if (id == 0) return xmpp::fail(Condition::item_not_found, "There is no such message");
    return id;
  }

 private:
  const MessageNames& names_;
};

Answer<WallTime> read_time(std::string_view text) {
  const auto time = parse_datetime(text);
  if (!time) return xmpp::fail(Condition::bad_request, "A time is not as XEP-0082 writes it");
  return *time;
}

// Section 4.1.1. With the own address only what somebody sent to himself is meant.
Answer<> read_with(std::string_view text, Search& search) {
  const auto with = Jid::parse(text);
  if (!with) return xmpp::fail(Condition::bad_request, "'with' is no address");
  if (search.view.kind == ArchiveView::Kind::room) {
    search.what.contact = with->text();  // the occupant
    return {};
  }
  if (with->is_full()) search.what.address = with->text();
  if (with->is_bare() || !with->same_bare(search.owner))
    search.what.contact = std::string(with->bare_text());
  return {};
}

// XEP-0431 section 3.1.
constexpr std::string_view fulltext = "{urn:xmpp:fulltext:0}fulltext";

Answer<> read_field(const FormField& field, const Names& names, Search& search) {
  if (field.var == "FORM_TYPE") return {};
  if (field.var == "with") return read_with(field.value(), search);
  if (field.var == "start") {
    search.what.start = TRY(read_time(field.value()));
  } else if (field.var == "end") {
    search.what.end = TRY(read_time(field.value()));
  } else if (field.var == "after-id") {
    search.what.after.push_back(TRY(names.read(field.value())));
  } else if (field.var == "before-id") {
    search.what.before.push_back(TRY(names.read(field.value())));
  } else if (field.var == "ids") {
    if (field.values.empty() || field.values.size() > bounds::archive_ids)
      return xmpp::fail(Condition::not_acceptable, "Too many messages are named");
    for (const std::string& value : field.values)
      search.what.stanza_ids.push_back(TRY(names.read(value)));
  } else if (field.var == fulltext) {
    search.what.text = std::string(field.value());
  } else if (field.var != "include-groupchat") {  // there is none either way
    return xmpp::fail(Condition::feature_not_implemented, "A field is unknown");  // section 4.1.5
  }
  return {};
}

// Section 4.1.
Answer<> read_form(const xmpp::DataForm& form, const Names& names, Search& search) {
  if (form.type != xmpp::FormType::submit || form.form_type() != xmpp::ns::archive)
    return xmpp::fail(Condition::bad_request, "The form is of another kind");
  std::vector<std::string_view> seen;
  for (const FormField& field : form.questions) {
    if (std::ranges::find(seen, field.var) != seen.end())
      return xmpp::fail(Condition::bad_request, "A field is there twice");
    seen.push_back(field.var);
    if (field.var != "ids" && field.values.size() > 1)
      return xmpp::fail(Condition::bad_request, "A field has several values");
    TRY(read_field(field, names, search));
  }
  return {};
}

// Section 4.3, XEP-0059. What `after` and `before` mean together is not defined: both hold here.
Answer<> read_page(const xmpp::ResultSet& page, const Names& names, Search& search) {
  if (page.index)
    return xmpp::fail(Condition::feature_not_implemented, "Pages have no numbers here");
  if (page.max && *page.max < search.bounds.messages)
    search.bounds.messages = static_cast<std::uint32_t>(*page.max);
  if (page.after) search.what.after.push_back(TRY(names.read(*page.after)));
  if (page.before && !page.before->empty())
    search.what.before.push_back(TRY(names.read(*page.before)));
  if (page.before && !page.after) search.bounds.at = store::PageAt::end;
  return {};
}

Answer<Search> read_query(Shard& shard, Search search, const xmpp::ArchiveQuery& query) {
  const Names names(shard.server().message_names());
  const Limits& limits = shard.limits();
  search.bounds = {store::PageAt::start, static_cast<std::uint32_t>(limits.archive_page),
                   limits.sm_queue_bytes / 4};
  search.query_id = query.query_id;
  search.is_flipped = query.flip_page;
  if (!query.node.empty())
    return xmpp::fail(Condition::feature_not_implemented, "There are no nodes here");
  if (query.form) TRY(read_form(*query.form, names, search));
  if (query.page) TRY(read_page(*query.page, names, search));
  return search;
}

StanzaError error_of(const Error& error) {
  if (error.fault == Fault::not_found)
    return {Condition::item_not_found, "The archive has no such message"};
  return StanzaError(error);
}

// The message as it was sent, in a scope that is not the stream's. Nothing: it is not shown.
std::string shown(const store::Message& message, const ArchiveView& view) {
  constexpr std::string_view start = "<message";
  const std::string_view stored = message.stanza.view();
  if (view.kind == ArchiveView::Kind::account && !view.show && stored.starts_with(start))
    return std::string(start) + " xmlns=\"jabber:client\"" +
           std::string(stored.substr(start.size()));
  Stanza stanza = parse_stored(stored);
  if (view.kind == ArchiveView::Kind::room) stanza.head.to = Jid();
  if (view.show && !view.show(stanza)) return {};
  return xmpp::to_xml(stanza.head, stanza.payload().view(), xmpp::ns::client);
}

void send_result(Shard& shard, const Jid& asker, const Search& search,
                 const store::StoredMessage& found) {
  std::string stanza = shown(found.message, search.view);
  if (stanza.empty()) return;
  xmpp::ArchiveResult result{.query_id = search.query_id,
                             .id = shard.server().message_names().text(found.message.stanza_id),
                             .forwarded = {.delay = xmpp::Delay{.stamp = found.message.time},
                                           .stanza = std::move(stanza)}};
  StanzaHead head = StanzaHead::of(MessageType::normal);
  head.from = search.owner;
  head.to = asker;
  shard.route(Stanza(std::move(head), xmpp::to_xml(result, xmpp::ns::client)));
}

// So that what it waits for does not come twice.
void tell_account(Shard& shard, const Jid& asker, const Search& search, const store::Page& page) {
  Account* account = shard.find_account(search.owner.text());
  if (account == nullptr || !asker.same_bare(search.owner) || page.messages.empty()) return;
  std::vector<MessageId> ids;
  for (const auto& found : page.messages) ids.push_back(found.message.stanza_id);
  ArchiveRead event{*account, ids};
  std::ignore = account->host().hooks().fire(event);
}

void send_page(IqRequest request, const Search& search, const store::Page& page) {
  Shard& shard = request.shard();
  const Jid asker = request.head().from;
  xmpp::ArchiveFin fin{.complete = page.complete};
  if (!page.messages.empty()) {
    const MessageNames& names = shard.server().message_names();
    fin.page.first = {.id = names.text(page.messages.front().message.stanza_id)};
    fin.page.last = names.text(page.messages.back().message.stanza_id);
  }
  tell_account(shard, asker, search, page);
  if (search.is_flipped) {  // section 4.3.4
    for (const auto& found : page.messages | std::views::reverse)
      send_result(shard, asker, search, found);
  } else {
    for (const auto& found : page.messages) send_result(shard, asker, search, found);
  }
  request.answer<xmpp::ArchiveFin>(std::move(fin));
}

// XEP-0059 section 2.7: somebody wants to know how many there are, and none of them.
void answer_count(IqRequest request, Search search) {
  Shard& shard = request.shard();
  shard.stores().messages().count(
      Archive::box_of(search.owner), std::move(search.what),
      [request = std::move(request)](Result<std::uint64_t> count) mutable {
        if (!count) return request.fail(error_of(count.error()));
        xmpp::ArchiveFin fin{.complete = *count == 0};
        fin.page.count = *count;
        request.answer<xmpp::ArchiveFin>(std::move(fin));
      });
}

void run(IqRequest request, Search search) {
  if (search.bounds.messages == 0) return answer_count(std::move(request), std::move(search));
  Shard& shard = request.shard();
  const store::PageBounds bounds = search.bounds;
  store::Selection what = std::move(search.what);
  shard.stores().messages().select(
      Archive::box_of(search.owner), std::move(what), bounds,
      [search = std::move(search), request = std::move(request)](Result<store::Page> page) mutable {
        if (!page) return request.fail(error_of(page.error()));
        send_page(std::move(request), search, *page);
      });
}

// Piece by piece, so that nobody waits for all of a long archive; then the search itself.
void index_and_run(IqRequest request, Search search) {
  Shard& shard = request.shard();
  store::Box box = Archive::box_of(search.owner);
  shard.stores().messages().index_text(
      std::move(box), bounds::archive_piece,
      [search = std::move(search), request = std::move(request)](Result<bool> more) mutable {
        if (!more) return request.fail(more.error());
        if (*more) return index_and_run(std::move(request), std::move(search));
        run(std::move(request), std::move(search));
      });
}

}  // namespace

void answer_archive_query(IqRequest request, const Jid& owner, const xmpp::ArchiveQuery& query,
                          ArchiveView view) {
  Shard& shard = request.shard();
  Archive& archive = shard.archive();
  const std::string asker(request.head().from.bare_text());
  const Session* session = request.context().session;
  if (archive.is_busy_for(asker) || (session != nullptr && !session->has_room()))
    return request.fail(StanzaError(Condition::resource_constraint, "One question after the other")
                            .with_type(xmpp::ErrorType::wait));
  auto search = read_query(
      shard, {.under_way = {archive, asker}, .owner = owner, .view = std::move(view)}, query);
  if (!search) return request.fail(search.error());
  archive.when_stored([request = std::move(request), search = std::move(*search)]() mutable {
    if (!search.what.text.empty()) return index_and_run(std::move(request), std::move(search));
    run(std::move(request), std::move(search));
  });
}

void answer_archive_metadata(IqRequest request, const Jid& owner) {
  Shard& shard = request.shard();
  shard.archive().when_stored([&shard, owner, request = std::move(request)]() mutable {
    shard.stores().messages().select(
        Archive::box_of(owner), {}, {store::PageAt::start, 1, 0},
        [&shard, owner, request = std::move(request)](Result<store::Page> oldest) mutable {
          if (!oldest) return request.fail(error_of(oldest.error()));
          shard.stores().messages().select(
              Archive::box_of(owner), {}, {store::PageAt::end, 1, 0},
              [&shard, oldest = std::move(*oldest),
               request = std::move(request)](Result<store::Page> newest) mutable {
                if (!newest) return request.fail(error_of(newest.error()));
                xmpp::ArchiveMetadata answer;
                const MessageNames& names = shard.server().message_names();
                if (!oldest.messages.empty() && !newest->messages.empty()) {
                  const store::Message& a = oldest.messages[0].message;
                  const store::Message& b = newest->messages[0].message;
                  answer.start = {names.text(a.stanza_id), a.time};
                  answer.end = {names.text(b.stanza_id), b.time};
                }
                request.answer<xmpp::ArchiveMetadata>(std::move(answer));
              });
        });
  });
}

xmpp::ArchiveQuery archive_query_form() {
  xmpp::DataForm form = xmpp::DataForm::of(xmpp::FormType::form, xmpp::ns::archive);
  form.add(FieldType::jid_single, "with");
  for (const std::string_view name : {"start", "end", "before-id", "after-id"})
    form.add(FieldType::text_single, name);
  form.add(FieldType::list_multi, "ids").validate = {.datatype = "xs:string", .open = true};
  form.add(FieldType::boolean, "include-groupchat");
  form.add(FieldType::text_single, fulltext);
  return {.form = std::move(form)};
}

std::string words_of(std::string_view stanza) {
  std::string words;
  const xml::Document parsed = parse_own(stanza, xmpp::ns::client);
  if (!parsed) return words;
  const xml::Element root = parsed.root();
  // The body of an encrypted message (XEP-0380) only says that it is one.
  if (root.child("encryption", "urn:xmpp:eme:0")) return words;
  for (const xml::Element child : root.children())
    if (child.is("body", root.ns())) words += child.text() + ' ';
  return words;
}

}  // namespace herold::server
