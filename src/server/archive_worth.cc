// What is missed on another device, or by who comes later.
#include "server/archive_worth.h"

#include <algorithm>
#include <iterator>

#include "xmpp/ext/hints.h"

namespace herold::server {
namespace {

// Beside bodies and subjects, what belongs to a conversation and is missed on another device:
// receipts (0184), markers (0333), reactions (0444), retractions (0424), encrypted content (0380),
// invitations (0249, 0045), calls (0353, 0482).
constexpr std::string_view worth_keeping[] = {
    "urn:xmpp:receipts",
    "urn:xmpp:chat-markers:0",
    "urn:xmpp:reactions:0",
    "urn:xmpp:message-retract:1",
    "urn:xmpp:eme:0",
    "jabber:x:conference",
    "http://jabber.org/protocol/muc#user",
    "urn:xmpp:jingle-message:0",
    "urn:xmpp:call-invites:0",
};

}  // namespace

bool is_worth_archiving(xml::Element message) {
  if (xmpp::find<xmpp::HintNoPermanentStore>(message) || xmpp::find<xmpp::HintNoStore>(message))
    return false;
  if (message.child("body", message.ns()) || message.child("subject", message.ns()) ||
      xmpp::find<xmpp::HintStore>(message))
    return true;
  return std::ranges::any_of(message.children(), [](xml::Element child) {
    return std::ranges::find(worth_keeping, child.ns()) != std::end(worth_keeping);
  });
}

}  // namespace herold::server
