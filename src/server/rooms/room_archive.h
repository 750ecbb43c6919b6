// What was said in rooms, in their archives (XEP-0313 at the room's address): found, taken back,
// and shown to who may read it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "server/archive_query.h"
#include "server/module_host.h"
#include "server/rooms/room.h"

namespace herold::server {

class RoomArchive {
 public:
  explicit RoomArchive(ModuleHost& host) : host_(host) {}

  // What somebody who enters may get, oldest first: at most `most` of the newest messages, of those
  // since `since`. `is_cut`: there are older ones. None where it could not be read.
  struct Past {
    std::vector<RoomHistory::Entry> entries;
    bool is_cut = false;
  };
  using Recalled = std::move_only_function<void(std::optional<Past>)>;
  void recall(const Jid& room, std::optional<WallTime> since, std::uint64_t most, Recalled then);

  // The message with that stanza-id; none: it is not there.
  using Found = std::move_only_function<void(std::optional<Stanza>)>;
  void find(const Jid& room, std::string_view id, Found then);
  // XEP-0424, XEP-0425: `tombstone` takes its place.
  void bury(const Jid& room, std::string_view id, std::string tombstone, store::Completion<> done);
  // All that this occupant (XEP-0421) said goes.
  void erase_author(const Jid& room, std::string author, store::Completion<> done);
  // The room is no more, or there is a new one.
  void forget(const Jid& room, store::Completion<> done);

  // How the archive shows itself to somebody: real addresses for who may see them.
  static ArchiveView view_for(const Room& room, const Jid& asker);

 private:
  struct Erasing {
    Jid room;
    std::string author;
    store::Completion<> done;
    std::vector<MessageId> found{};
  };
  void look_for_author(Erasing erasing, std::vector<MessageId> after);

  ModuleHost& host_;
};

}  // namespace herold::server
