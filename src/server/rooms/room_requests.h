// What is asked of rooms and of their service: lists, forms, archives, cards, commands, discovery
// (XEP-0045 sections 6, 7.10, 9, 10; XEP-0050, XEP-0054, XEP-0313, XEP-0425, XEP-0433).
#pragma once

#include <tuple>

#include "server/module.h"
#include "server/rooms/room_directory.h"
#include "server/rooms/rooms.h"
#include "xmpp/ext/adhoc.h"
#include "xmpp/ext/archive.h"
#include "xmpp/ext/channel_search.h"
#include "xmpp/ext/moderation.h"
#include "xmpp/ext/muc.h"
#include "xmpp/ext/register.h"
#include "xmpp/ext/vcard.h"

namespace herold::server {

// The part of a module that answers them.
class RoomRequests {
 public:
  RoomRequests(ModuleHost& host, Rooms& rooms) : host_(host), rooms_(rooms) {}

  static constexpr auto handlers() {
    return std::tuple{
        on<Get<xmpp::DiscoInfo>>(&RoomRequests::describe_service, at_service),
        on<Get<xmpp::DiscoInfo>>(&RoomRequests::describe_room, at_service_address),
        on<Get<RoomItems>>(&RoomRequests::list_rooms, at_service),
        on<Get<RoomItems>>(&RoomRequests::list_occupants, at_service_address),
        on<Get<xmpp::ChannelSearch>>(&RoomRequests::search_rooms, at_service),
        on<Set<xmpp::Command>>(&RoomRequests::run_command, at_service_address),
        on<CommandsAsked>(&RoomRequests::add_commands),
        on<Get<xmpp::MucAdmin>>(&RoomRequests::list, at_service_address),
        on<Set<xmpp::MucAdmin>>(&RoomRequests::change_list, at_service_address),
        on<Get<xmpp::MucOwner>>(&RoomRequests::form, at_service_address),
        on<Set<xmpp::MucOwner>>(&RoomRequests::own, at_service_address),
        on<Get<xmpp::RegisterQuery>>(&RoomRequests::registration, at_service_address),
        on<Set<xmpp::RegisterQuery>>(&RoomRequests::register_member, at_service_address),
        on<Get<xmpp::VCard>>(&RoomRequests::tell_card, at_service_address),
        on<Set<xmpp::VCard>>(&RoomRequests::keep_card, at_service_address),
        on<Set<xmpp::Moderate>>(&RoomRequests::moderate, at_service_address),
        on<Set<xmpp::ArchiveQuery>>(&RoomRequests::query_archive, at_service_address),
        on<Get<xmpp::ArchiveQuery>>(&RoomRequests::tell_archive_form, at_service_address),
        on<Get<xmpp::ArchiveMetadata>>(&RoomRequests::tell_archive_metadata, at_service_address)};
  }

 private:
  template <class Use>
  void at_room(IqRequest request, Use use);
  template <class Change>
  void change_room(IqRequest request, Change change);
  template <class Use>
  void at_archive(IqRequest request, Use use);

  void list(IqRequest request, const xmpp::MucAdmin& query);
  void change_list(IqRequest request, const xmpp::MucAdmin& query);
  void form(IqRequest request, const xmpp::MucOwner&);
  void own(IqRequest request, const xmpp::MucOwner& query);
  void registration(IqRequest request, const xmpp::RegisterQuery&);
  void register_member(IqRequest request, const xmpp::RegisterQuery& query);
  void moderate(IqRequest request, const xmpp::Moderate& query);
  void query_archive(IqRequest request, const xmpp::ArchiveQuery& query);
  void tell_archive_form(IqRequest request, const xmpp::ArchiveQuery&);
  void tell_archive_metadata(IqRequest request, const xmpp::ArchiveMetadata&);
  void tell_card(IqRequest request, const xmpp::VCard&);
  void keep_card(IqRequest request, const xmpp::VCard& card);
  void run_command(IqRequest request, const xmpp::Command& command);
  void add_commands(CommandsAsked& asked);
  Answer<xmpp::DiscoInfo> describe_service(const IqContext&, const xmpp::DiscoInfo& question);
  void describe_room(IqRequest request, const xmpp::DiscoInfo& question);
  void list_occupants(IqRequest request, const RoomItems& question);
  void list_rooms(IqRequest request, const RoomItems& question);
  void search_rooms(IqRequest request, const xmpp::ChannelSearch& question);

  ModuleHost& host_;
  Rooms& rooms_;
};

}  // namespace herold::server
