// XEP-0402 PEP Native Bookmarks, and the list of XEP-0048 that they replace.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view bookmarks = "urn:xmpp:bookmarks:1";
inline constexpr std::string_view old_bookmarks = "storage:bookmarks";
}  // namespace ns

// What other programs keep with a bookmark, and must not lose.
struct BookmarkExtensions {
  std::string xml;
  static constexpr ElementName element{"extensions", ns::bookmarks};
  static constexpr std::tuple fields{raw(&BookmarkExtensions::xml)};
};

// The item's id is the room's address.
struct Bookmark {
  bool autojoin = false;
  std::string name;
  std::string nick;
  std::string password;
  std::optional<BookmarkExtensions> extensions;
  static constexpr ElementName element{"conference", ns::bookmarks};
  static constexpr std::tuple fields{
      attribute("autojoin", &Bookmark::autojoin), attribute("name", &Bookmark::name),
      child_text("nick", &Bookmark::nick), child_text("password", &Bookmark::password),
      child(&Bookmark::extensions)};
};

struct OldBookmark {
  Jid jid;
  bool autojoin = false;
  std::string name;
  std::string nick;
  std::string password;
  static constexpr ElementName element{"conference", ns::old_bookmarks};
  static constexpr std::tuple fields{
      attribute("jid", &OldBookmark::jid, required), attribute("autojoin", &OldBookmark::autojoin),
      attribute("name", &OldBookmark::name), child_text("nick", &OldBookmark::nick),
      child_text("password", &OldBookmark::password)};
};

// `others`: bookmarks of pages, as they came.
struct OldBookmarks {
  std::vector<OldBookmark> rooms;
  std::string others;
  static constexpr ElementName element{"storage", ns::old_bookmarks};
  static constexpr std::tuple fields{child(&OldBookmarks::rooms), raw(&OldBookmarks::others)};
};

}  // namespace herold::xmpp
