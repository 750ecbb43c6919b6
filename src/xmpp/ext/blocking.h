// XEP-0191 Blocking Command.
#pragma once

#include "xmpp/ext/reporting.h"
#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view blocking = "urn:xmpp:blocking";
}

struct BlockItem {
  Jid jid;
  std::optional<Report> report = {};  // XEP-0377, in a request only
  static constexpr ElementName element{"item", ns::blocking};
  static constexpr std::tuple fields{attribute("jid", &BlockItem::jid, required),
                                     child(&BlockItem::report)};
};

struct Blocklist {
  std::vector<BlockItem> items;
  static constexpr ElementName element{"blocklist", ns::blocking};
  static constexpr std::tuple fields{child(&Blocklist::items)};
};

// Without an item it is bad-request (section 3.3), which the handler says.
struct Block {
  std::vector<BlockItem> items;
  static constexpr ElementName element{"block", ns::blocking};
  static constexpr std::tuple fields{child(&Block::items)};
};

// Without an item: unblock everybody.
struct Unblock {
  std::vector<BlockItem> items;
  static constexpr ElementName element{"unblock", ns::blocking};
  static constexpr std::tuple fields{child(&Unblock::items)};
};

// Application condition of errors to those who write to whom they block themselves.
inline constexpr ElementName blocked_condition{"blocked", "urn:xmpp:blocking:errors"};

}  // namespace herold::xmpp
