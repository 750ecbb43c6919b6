// Queries of node archives: form and page become a query of items, items become messages.
#include "server/pubsub/node_archive.h"

#include <algorithm>

#include "base/datetime.h"

namespace herold::server::pubsub {
namespace {

Answer<> read_field(const xmpp::FormField& field, store::ItemQuery& items) {
  if (field.var == "FORM_TYPE") return {};
  if (field.values.size() > 1) return xmpp::fail(Condition::bad_request, "A field is there twice");
  if (field.var == "with") {  // who published
    const auto with = Jid::parse(field.value());
    if (!with) return xmpp::fail(Condition::bad_request, "'with' is no address");
    items.publisher = with->bare_text();
    return {};
  }
  if (field.var != "start" && field.var != "end")
    return xmpp::fail(Condition::feature_not_implemented, "A field is unknown");
  const auto time = parse_datetime(field.value());
  if (!time) return xmpp::fail(Condition::bad_request, "A time is not as XEP-0082 writes it");
  if (field.var == "start")
    items.expired_before = std::max(items.expired_before, *time);
  else
    items.until = *time;
  return {};
}

Answer<> read_form(const DataForm& form, store::ItemQuery& items) {
  if (form.type != FormType::submit || form.form_type() != xmpp::ns::archive)
    return xmpp::fail(Condition::bad_request, "The form is of another kind");
  std::vector<std::string_view> seen;
  for (const xmpp::FormField& field : form.questions) {
    if (std::ranges::find(seen, field.var) != seen.end())
      return xmpp::fail(Condition::bad_request, "A field is there twice");
    seen.push_back(field.var);
    TRY(read_field(field, items));
  }
  return {};
}

Answer<std::uint64_t> read_place(std::string_view text, const MessageNames& names) {
  const MessageId place = names.parse(text);
  if (place == 0 || place >= INT64_MAX)
    return xmpp::fail(Condition::item_not_found, "There is no such message");
  return place;
}

Answer<> read_page(const xmpp::ResultSet& page, const MessageNames& names,
                   store::ItemQuery& items) {
  if (page.index)
    return xmpp::fail(Condition::feature_not_implemented, "Pages have no numbers here");
  if (page.max) items.most = std::min(items.most, *page.max);
  if (page.after && !page.after->empty()) items.after_place = TRY(read_place(*page.after, names));
  if (page.before && !page.before->empty())
    items.before_place = TRY(read_place(*page.before, names));
  items.from_end = page.before && !page.after;
  return {};
}

}  // namespace

Answer<store::ItemQuery> read_archive_query(store::ItemQuery items, const xmpp::ArchiveQuery& query,
                                            const MessageNames& names, const Limits& limits) {
  items.most = limits.archive_page;
  if (query.form) TRY(read_form(*query.form, items));
  if (query.page) TRY(read_page(*query.page, names, items));
  return items;
}

xmpp::ArchiveQuery node_archive_form() {
  DataForm form = DataForm::of(FormType::form, xmpp::ns::archive);
  form.add(xmpp::FieldType::jid_single, "with");
  form.add(xmpp::FieldType::text_single, "start");
  form.add(xmpp::FieldType::text_single, "end");
  return {.form = std::move(form)};
}

std::string archive_result(const Node& node, const Jid& service, const store::NodeItem& item,
                           const ReplyTo& reply, const xmpp::ArchiveQuery& query,
                           const MessageNames& names) {
  xmpp::StanzaHead head = xmpp::StanzaHead::of(
      node.config.notification_type == NotificationType::normal ? xmpp::MessageType::normal
                                                                : xmpp::MessageType::headline);
  head.from = service;
  const xmpp::ArchiveResult result{
      .query_id = query.query_id,
      .id = names.text(item.place),
      .forwarded = {.delay = xmpp::Delay{.stamp = item.time},
                    .stanza = xmpp::to_xml(head, item_event(node.config, node.name, item, reply),
                                           xmpp::ns::client)}};
  return xmpp::to_xml(result, xmpp::ns::client);
}

xmpp::ArchiveFin archive_end(const store::ItemPage& page, const store::ItemQuery& asked,
                             const MessageNames& names) {
  xmpp::ArchiveFin end{.complete = asked.most == 0 ? page.count == 0 : page.complete};
  end.page.count = page.count;
  if (page.items.empty()) return end;
  end.page.first = {.index = {}, .id = names.text(page.items.front().place)};
  end.page.last = names.text(page.items.back().place);
  return end;
}

}  // namespace herold::server::pubsub
