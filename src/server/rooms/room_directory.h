// Which rooms a service has, for who looks for one: its list (XEP-0045 section 6.3) and a search
// in it (XEP-0433).
#pragma once

#include <functional>
#include <vector>

#include "server/iq.h"
#include "server/rooms/rooms.h"
#include "xmpp/ext/channel_search.h"
#include "xmpp/ext/disco.h"
#include "xmpp/ext/rsm.h"

namespace herold::server {

// disco#items, a page of them (XEP-0059).
struct RoomItems {
  std::string node;
  std::vector<xmpp::DiscoItem> items;
  std::optional<xmpp::ResultSet> page;
  static constexpr ElementName element = xmpp::DiscoItems::element;
  static constexpr std::tuple fields{xmpp::attribute("node", &RoomItems::node),
                                     xmpp::child(&RoomItems::items), xmpp::child(&RoomItems::page)};
};

class RoomDirectory {
 public:
  RoomDirectory(ModuleHost& host, Jid service) : host_(host), service_(std::move(service)) {}

  // disco#info of the service (section 6.2).
  static xmpp::DiscoInfo describe();

  struct Row {
    Jid address;
    Rooms::Listing listing;
    std::uint64_t occupants = 0;
  };
  // The rooms of all shards, hidden ones too, by address.
  void collect(std::function<void(std::vector<Row>)> then);

  void list(IqRequest request, const RoomItems& question);
  // Without a form the form, else what it finds among the public rooms.
  void search(IqRequest request, const xmpp::ChannelSearch& question);

 private:
  ModuleHost& host_;
  Jid service_;
};

}  // namespace herold::server
