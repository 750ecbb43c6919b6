// XEP-0313 Message Archive Management, with the preferences of XEP-0441.
#pragma once

#include "xmpp/ext/forward.h"
#include "xmpp/ext/rsm.h"
#include "xmpp/form.h"
#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view archive = "urn:xmpp:mam:2";
inline constexpr std::string_view archive_extended = "urn:xmpp:mam:2#extended";
inline constexpr std::string_view fulltext = "urn:xmpp:fulltext:0";  // XEP-0431
inline constexpr std::string_view archive_groupchat_field = "urn:xmpp:mam:2#groupchat-field";
}  // namespace ns

// Section 4: type set asks for messages, type get for the form.
struct ArchiveQuery {
  std::optional<std::string> query_id;
  std::string node;
  std::optional<DataForm> form;
  std::optional<ResultSet> page;
  bool flip_page = false;
  static constexpr ElementName element{"query", ns::archive};
  static constexpr std::tuple fields{attribute("queryid", &ArchiveQuery::query_id),
                                     attribute("node", &ArchiveQuery::node),
                                     child(&ArchiveQuery::form), child(&ArchiveQuery::page),
                                     flag("flip-page", &ArchiveQuery::flip_page)};
};

// Section 4.2: in a message of its own.
struct ArchiveResult {
  std::optional<std::string> query_id;
  std::string id;
  Forwarded forwarded;
  static constexpr ElementName element{"result", ns::archive};
  static constexpr std::tuple fields{attribute("queryid", &ArchiveResult::query_id),
                                     attribute("id", &ArchiveResult::id, required),
                                     child(&ArchiveResult::forwarded)};
};

// Section 4.3: the answer, behind all results.
struct ArchiveFin {
  bool complete = false;
  ResultSet page;
  static constexpr ElementName element{"fin", ns::archive};
  static constexpr std::tuple fields{attribute("complete", &ArchiveFin::complete),
                                     child(&ArchiveFin::page)};
};

// Section 5.
struct ArchiveStart {
  std::string id;
  WallTime time{};
  static constexpr ElementName element{"start", ns::archive};
  static constexpr std::tuple fields{attribute("id", &ArchiveStart::id, required),
                                     attribute("timestamp", &ArchiveStart::time, required)};
};
struct ArchiveEnd {
  std::string id;
  WallTime time{};
  static constexpr ElementName element{"end", ns::archive};
  static constexpr std::tuple fields{attribute("id", &ArchiveEnd::id, required),
                                     attribute("timestamp", &ArchiveEnd::time, required)};
};
struct ArchiveMetadata {
  std::optional<ArchiveStart> start;
  std::optional<ArchiveEnd> end;
  static constexpr ElementName element{"metadata", ns::archive};
  static constexpr std::tuple fields{child(&ArchiveMetadata::start), child(&ArchiveMetadata::end)};
};

// XEP-0441 section 2.1.
enum class ArchiveDefault : std::uint8_t { always, never, roster };
inline constexpr std::string_view archive_default_names[] = {"always", "never", "roster"};
constexpr EnumNames names_of(ArchiveDefault) { return archive_default_names; }

struct ArchiveAlways {
  std::vector<Jid> jids;
  static constexpr ElementName element{"always", ns::archive};
  static constexpr std::tuple fields{child_text("jid", &ArchiveAlways::jids)};
};
struct ArchiveNever {
  std::vector<Jid> jids;
  static constexpr ElementName element{"never", ns::archive};
  static constexpr std::tuple fields{child_text("jid", &ArchiveNever::jids)};
};
// The question, which says nothing.
struct ArchivePreferencesQuery {
  static constexpr ElementName element{"prefs", ns::archive};
};
struct ArchivePreferences {
  ArchiveDefault by_default = ArchiveDefault::always;
  std::optional<ArchiveAlways> always;
  std::optional<ArchiveNever> never;
  static constexpr ElementName element{"prefs", ns::archive};
  static constexpr std::tuple fields{
      attribute("default", &ArchivePreferences::by_default, required),
      child(&ArchivePreferences::always), child(&ArchivePreferences::never)};
};

}  // namespace herold::xmpp
