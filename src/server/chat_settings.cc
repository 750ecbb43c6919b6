// What a message to a room says of whom it means.
#include "server/chat_settings.h"

#include <algorithm>

#include "base/ascii.h"

namespace herold::server {
namespace {

bool is_letter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= 'a' && byte <= 'z');
}

// Without regard to case, as far as ASCII has it; not within another word.
bool has_word(std::string_view text, std::string_view word) {
  if (word.empty()) return false;
  const auto equal = [](char a, char b) { return lower_ascii(a) == lower_ascii(b); };
  for (auto from = text.begin();; ++from) {
    from = std::search(from, text.end(), word.begin(), word.end(), equal);
    if (from == text.end()) return false;
    const auto end = from + static_cast<std::ptrdiff_t>(word.size());
    const bool begins = from == text.begin() || !is_letter(*(from - 1)) || !is_letter(word.front());
    const bool ends = end == text.end() || !is_letter(*end) || !is_letter(word.back());
    if (begins && ends) return true;
  }
}

// XEP-0372, XEP-0461, XEP-0513.
bool names_user(xml::Element element, const Jid& room, const Jid& user, std::string_view nick) {
  const std::string occupant = room.bare().text() + '/' + std::string(nick);
  const std::string own(user.bare_text());
  if (element.is("reply", "urn:xmpp:reply:0")) return element.attribute("to") == occupant;
  if (element.is("reference", "urn:xmpp:reference:0"))
    return element.attribute("type") == "mention" &&
           (element.attribute("uri") == "xmpp:" + own ||
            element.attribute("uri") == "xmpp:" + occupant);
  return element.is("mention", "urn:xmpp:mentions:0") &&
         (!element.attribute("mentions").empty() || element.attribute("jid") == own);
}

// As which the user is in a room: what his clients do, then what he has noted.
std::string nick_in(const Account& account, const Jid& room, const std::string& noted) {
  for (const auto& session : account.sessions())
    for (const Jid& place : session->directed())
      if (place.same_bare(room) && place.is_full()) return std::string(place.resource());
  return noted.empty() ? std::string(account.address().local()) : noted;
}

}  // namespace

bool is_mentioned(const Stanza& message, const Jid& user, std::string_view nick) {
  const xml::Element root = message.root();
  if (root.child("encryption", "urn:xmpp:eme:0") ||
      root.child("encrypted", "eu.siacs.conversations.axolotl"))
    return true;
  const auto children = root.children();
  return has_word(root.child("body", root.ns()).text(), nick) ||
         std::ranges::any_of(children, [&](xml::Element child) {
           return names_user(child, message.head.from, user, nick);
         });
}

bool ChatSettings::wants(const Account& account, const Stanza& message) const {
  const auto found = chats.find(message.head.from.bare_text());
  if (found == chats.end()) return true;
  switch (found->second.when) {
    case xmpp::NotifyWhen::always:
      return true;
    case xmpp::NotifyWhen::never:
      return false;
    case xmpp::NotifyWhen::on_mention:
      break;
  }
  // Whatever is said to nobody else means him.
  return !message.head.is(MessageType::groupchat) ||
         is_mentioned(message, account.address(),
                      nick_in(account, message.head.from, found->second.nick));
}

}  // namespace herold::server
