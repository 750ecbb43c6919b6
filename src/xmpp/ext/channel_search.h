// XEP-0433 Extended Channel Search.
#pragma once

#include "xmpp/ext/rsm.h"
#include "xmpp/form.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view channel_search = "urn:xmpp:channel-search:0:search";
inline constexpr std::string_view channel_search_params = "urn:xmpp:channel-search:0:search-params";
inline constexpr std::string_view channel_search_error = "urn:xmpp:channel-search:0:error";
}  // namespace ns

// A question: without a form, for the form.
struct ChannelSearch {
  std::optional<DataForm> form;
  std::optional<ResultSet> page;
  static constexpr ElementName element{"search", ns::channel_search};
  static constexpr std::tuple fields{child(&ChannelSearch::form), child(&ChannelSearch::page)};
};

struct FoundChannel {
  Jid address;
  std::string name, description, language;
  std::uint64_t users = 0;
  std::string service_type;
  bool is_open = false;  // without credentials
  std::string anonymity;
  static constexpr ElementName element{"item", ns::channel_search};
  static constexpr std::tuple fields{attribute("address", &FoundChannel::address, required),
                                     child_text("name", &FoundChannel::name),
                                     child_text("description", &FoundChannel::description),
                                     child_text("language", &FoundChannel::language),
                                     child_text("nusers", &FoundChannel::users),
                                     child_text("service-type", &FoundChannel::service_type),
                                     flag("is-open", &FoundChannel::is_open),
                                     child_text("anonymity-mode", &FoundChannel::anonymity)};
};

struct FoundChannels {
  std::vector<FoundChannel> items;
  std::optional<ResultSet> page;
  static constexpr ElementName element{"result", ns::channel_search};
  static constexpr std::tuple fields{child(&FoundChannels::items), child(&FoundChannels::page)};
};

}  // namespace herold::xmpp
