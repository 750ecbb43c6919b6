// Collecting, choosing and cutting lists of rooms.
#include "server/rooms/room_directory.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "server/server.h"
#include "xmpp/unicode.h"

namespace herold::server {
namespace {

using xmpp::ChannelSearch;
using xmpp::DataForm;
using xmpp::FieldType;
using Row = RoomDirectory::Row;

constexpr std::size_t most_rows = 100;  // in one answer
constexpr std::string_view by_users = "{urn:xmpp:channel-search:0:order}nusers";
constexpr std::string_view by_address = "{urn:xmpp:channel-search:0:order}address";

// Of XEP-0433 section 4.2.
std::unexpected<StanzaError> search_error(Condition condition, std::string_view why,
                                          std::string text) {
  return std::unexpected(
      StanzaError(condition, ElementName{why, xmpp::ns::channel_search_error}, std::move(text))
          .with_type(xmpp::ErrorType::modify));
}

struct Cut {
  std::vector<Row> rows;
  std::optional<xmpp::ResultSet> page;
};

// The place behind the row with that address, or where it would stand by it.
std::size_t behind(const std::vector<Row>& rows, std::string_view address) {
  const auto found =
      std::ranges::find(rows, address, [](const Row& row) { return row.address.text(); });
  if (found != rows.end()) return static_cast<std::size_t>(found - rows.begin()) + 1;
  const auto place =
      std::ranges::find_if(rows, [&](const Row& row) { return row.address.text() > address; });
  return static_cast<std::size_t>(place - rows.begin());
}

Cut cut(std::vector<Row> rows, const std::optional<xmpp::ResultSet>& page) {
  const std::size_t count = rows.size();
  const auto wanted =
      page && page->max ? std::min<std::uint64_t>(*page->max, most_rows) : most_rows;
  std::size_t first = 0, end = count;
  if (page && page->after) first = behind(rows, *page->after);
  if (page && page->before) {
    if (!page->before->empty()) {
      end = behind(rows, *page->before);
      if (end > 0 && rows[end - 1].address.text() == *page->before) --end;
    }
    first = end > wanted ? end - wanted : 0;
  }
  Cut result;
  for (std::size_t i = first; i < end && result.rows.size() < wanted; ++i)
    result.rows.push_back(std::move(rows[i]));
  if (!page && result.rows.size() == count) return result;
  result.page = xmpp::ResultSet{.count = count};
  if (result.rows.empty()) return result;
  result.page->first = xmpp::RsmFirst{first, result.rows.front().address.text()};
  result.page->last = result.rows.back().address.text();
  return result;
}

DataForm search_form() {
  DataForm form = DataForm::of(xmpp::FormType::form, xmpp::ns::channel_search_params);
  form.add(FieldType::text_single, "q", "Search for");
  form.add(FieldType::boolean, "all", "Return all entries (ignore search terms)", "0");
  form.add(FieldType::boolean, "sinname", "Search in name", "1");
  form.add(FieldType::boolean, "sindescription", "Search in description", "1");
  form.add(FieldType::boolean, "sinaddress", "Search in address", "1");
  form.add(FieldType::text_single, "min_users", "Minimum number of users", "0");
  form.add(FieldType::list_multi, "types", "Service types", "xep-0045").options = {
      {"XEP-0045 Multi User Chats", "xep-0045"}, {"XEP-0369 MIX channels", "xep-0369"}};
  form.add(FieldType::list_single, "key", "Sort results by", by_users).options = {
      {"Number of online users", std::string(by_users)}, {"Address", std::string(by_address)}};
  return form;
}

struct Wanted {
  std::vector<std::string> terms;  // in lower case; all of them
  bool in_name = false, in_description = false, in_address = false;
  std::uint64_t least_users = 0;
  bool has_rooms = true;  // not only other kinds of channels
  bool is_by_address = false;
};

std::vector<std::string> terms_of(std::string_view text) {
  std::vector<std::string> terms;
  const std::string lower = xmpp::unicode::to_lower(text);
  for (std::size_t at = 0; at < lower.size();) {
    const std::size_t end = std::min(lower.find(' ', at), lower.size());
    if (end > at) terms.push_back(lower.substr(at, end - at));
    at = end + 1;
  }
  return terms;
}

// Section 4.2: what the form asks for, or what is wrong with it.
Answer<Wanted> read_search(DataForm submitted) {
  for (xmpp::FormField& field : submitted.questions)
    if (field.var == "sinaddr") field.var = "sinaddress";  // the specification has both
  const std::string_view key = submitted.value("key");
  if (!key.empty() && key != by_users && key != by_address)
    return search_error(Condition::feature_not_implemented, "invalid-sort-key", {});
  const DataForm form = TRY(check_submission(submitted, search_form()));
  const bool is_all = xmpp::is_true(form.value("all"));
  const bool has_text = submitted.find("q") != nullptr && !submitted.value("q").empty();
  if (is_all && has_text)
    return search_error(Condition::bad_request, "conflicting-fields",
                        "Cannot both return all results and search by keywords.");
  if (!is_all && !has_text) return search_error(Condition::bad_request, "no-search-conditions", {});
  Wanted wanted{.terms = terms_of(form.value("q"))};
  if (has_text && wanted.terms.empty())
    return search_error(Condition::bad_request, "invalid-search-terms",
                        "There is no word to find.");
  wanted.in_name = xmpp::is_true(form.value("sinname"));
  wanted.in_description = xmpp::is_true(form.value("sindescription"));
  wanted.in_address = xmpp::is_true(form.value("sinaddress"));
  const std::string_view least = form.value("min_users");
  std::from_chars(least.data(), least.data() + least.size(), wanted.least_users);
  const auto& types = form.find("types")->values;
  wanted.has_rooms = std::ranges::find(types, "xep-0045") != types.end();
  wanted.is_by_address = form.value("key") == by_address;
  return wanted;
}

bool matches(const Row& row, const Wanted& wanted) {
  if (!row.listing.is_public || !wanted.has_rooms || row.occupants < wanted.least_users)
    return false;
  std::string text;
  if (wanted.in_name) text += row.listing.name + '\n';
  if (wanted.in_description) text += row.listing.description + '\n';
  if (wanted.in_address) text += row.address.text();
  const std::string lower = xmpp::unicode::to_lower(text);
  return std::ranges::all_of(wanted.terms,
                             [&](const std::string& term) { return lower.contains(term); });
}

std::string name_of(const Row& row) {
  return row.listing.name.empty() ? std::string(row.address.local()) : row.listing.name;
}

}  // namespace

xmpp::DiscoInfo RoomDirectory::describe() {
  xmpp::DiscoInfo info;
  info.identities.push_back({.category = "conference", .type = "text", .name = "Chatrooms"});
  for (const std::string_view feature :
       {xmpp::ns::disco_info, xmpp::ns::disco_items, xmpp::ns::muc, xmpp::ns::muc_stable_id,
        xmpp::ns::occupant_id, xmpp::ns::channel_search, xmpp::ns::rsm,
        std::string_view("urn:xmpp:ping"), std::string_view("vcard-temp")})
    info.features.push_back({std::string(feature)});
  return info;
}

void RoomDirectory::collect(std::function<void(std::vector<Row>)> then) {
  // Shared by the shards, each of which fills its own.
  auto found =
      std::make_shared<std::vector<std::vector<Row>>>(host_.shard().server().shard_count());
  host_.on_all_shards(
      [found, service = service_.text()](ModuleHost& there) {
        const Rooms* rooms = find_rooms(there, service);
        if (rooms == nullptr) return;
        for (const auto& [address, listing] : rooms->listings())
          (*found)[there.shard().index()].push_back(
              {Jid::trusted(address), listing, rooms->occupants(address)});
      },
      [found, then = std::move(then)] {
        std::vector<Row> rows;
        for (auto& part : *found) std::ranges::move(part, std::back_inserter(rows));
        std::ranges::sort(rows, {}, &Row::address);
        then(std::move(rows));
      });
}

void RoomDirectory::list(IqRequest request, const RoomItems& question) {
  if (!question.node.empty()) return request.fail(Condition::item_not_found);
  auto asked = std::make_shared<IqRequest>(std::move(request));  // shared with the end alone
  collect([asked, page = question.page](std::vector<Row> rows) {
    std::erase_if(rows, [](const Row& row) { return !row.listing.is_public; });
    Cut result = cut(std::move(rows), page);
    RoomItems answer{.page = std::move(result.page)};
    for (const Row& row : result.rows)
      answer.items.push_back({.jid = row.address, .name = name_of(row)});
    asked->answer<RoomItems>(std::move(answer));
  });
}

void RoomDirectory::search(IqRequest request, const ChannelSearch& question) {
  if (!question.form) return request.answer<ChannelSearch>(ChannelSearch{.form = search_form()});
  const auto wanted = read_search(*question.form);
  if (!wanted) return request.fail(wanted.error());
  auto asked = std::make_shared<IqRequest>(std::move(request));  // shared with the end alone
  collect([asked, wanted = *wanted, page = question.page](std::vector<Row> rows) {
    std::erase_if(rows, [&](const Row& row) { return !matches(row, wanted); });
    if (!wanted.is_by_address) std::ranges::stable_sort(rows, std::greater(), &Row::occupants);
    Cut result = cut(std::move(rows), page);
    xmpp::FoundChannels answer{.page = std::move(result.page)};
    for (const Row& row : result.rows)
      answer.items.push_back({.address = row.address,
                              .name = name_of(row),
                              .description = row.listing.description,
                              .language = row.listing.language,
                              .users = row.occupants,
                              .service_type = "xep-0045",
                              .is_open = row.listing.is_open,
                              .anonymity = row.listing.is_anonymous
                                               ? "muc_semianonymous"
                                               : "{urn:xmpp:channel-search:0:anonymity}none"});
    asked->answer<xmpp::FoundChannels>(std::move(answer));
  });
}

}  // namespace herold::server
