// Rooms' archives between room and store.
#include "server/rooms/room_archive.h"

#include "server/archive.h"
#include "server/aside.h"
#include "server/message_names.h"
#include "server/own_xml.h"

namespace herold::server {
namespace {

constexpr std::uint32_t page_of_erasing = 250;  // messages, which a turn parses

}  // namespace

void RoomArchive::recall(const Jid& room, std::optional<WallTime> since, std::uint64_t most,
                         Recalled then) {
  host_.archive().when_stored([this, room, since, most, then = std::move(then)]() mutable {
    // Markers and the like are no history, but count here.
    const auto messages = static_cast<std::uint32_t>(2 * most);
    host_.stores().messages().select(
        Archive::box_of(room), {.start = since},
        {store::PageAt::end, messages, host_.limits().room_history_bytes},
        [this, most, then = std::move(then)](Result<store::Page> page) mutable {
          if (!page) return then(std::nullopt);
          Past past{.is_cut = !page->complete};
          for (const store::StoredMessage& one : page->messages) {
            Stanza said = parse_stored(one.message.stanza.view());
            said.head.to = Jid();
            std::ignore = take_aside(said);
            if (!is_part_of_history(said.root())) continue;
            past.entries.push_back({Stanza(said.head, said.payload()),
                                    host_.message_names().text(one.message.stanza_id),
                                    one.message.time});
          }
          if (past.entries.size() > most) {
            past.is_cut = true;
            past.entries.erase(past.entries.begin(),
                               past.entries.end() - static_cast<std::ptrdiff_t>(most));
          }
          then(std::move(past));
        });
  });
}

void RoomArchive::find(const Jid& room, std::string_view id, Found then) {
  const MessageId message = host_.message_names().parse(id);
  if (message == 0) return then(std::nullopt);
  host_.archive().when_stored([this, room, message, then = std::move(then)]() mutable {
    host_.stores().messages().select(
        Archive::box_of(room), {.stanza_ids = {message}}, {store::PageAt::start, 1, 0},
        [then = std::move(then)](Result<store::Page> page) mutable {
          if (!page || page->messages.empty()) return then(std::nullopt);
          then(parse_stored(page->messages.front().message.stanza.view()));
        });
  });
}

void RoomArchive::bury(const Jid& room, std::string_view id, std::string tombstone,
                       store::Completion<> done) {
  host_.archive().bury(room, host_.message_names().parse(id), std::move(tombstone),
                       std::move(done));
}

void RoomArchive::forget(const Jid& room, store::Completion<> done) {
  host_.archive().forget(room);
  host_.stores().messages().remove_all(Archive::box_of(room), std::move(done));
}

void RoomArchive::erase_author(const Jid& room, std::string author, store::Completion<> done) {
  host_.archive().when_stored(
      [this, room, author = std::move(author), done = std::move(done)]() mutable {
        look_for_author({room, std::move(author), std::move(done)}, {});
      });
}

// Page by page, so that others have their turns; nothing goes before the end, because each page
// begins behind the last message of the one before.
void RoomArchive::look_for_author(Erasing erasing, std::vector<MessageId> after) {
  const store::Box box = Archive::box_of(erasing.room);
  host_.stores().messages().select(
      box, {.after = std::move(after)},
      {store::PageAt::start, page_of_erasing, host_.limits().room_history_bytes},
      [this, box, erasing = std::move(erasing)](Result<store::Page> page) mutable {
        if (!page) return erasing.done(std::unexpected(std::move(page).error()));
        for (const store::StoredMessage& one : page->messages) {
          const std::string_view xml = one.message.stanza.view();
          if (xml.contains(erasing.author) && author_of(parse_stored(xml)) == erasing.author)
            erasing.found.push_back(one.message.stanza_id);
        }
        if (!page->complete && !page->messages.empty())
          return look_for_author(std::move(erasing), {page->messages.back().message.stanza_id});
        if (erasing.found.empty()) return erasing.done({});
        host_.stores().messages().remove_stanzas(box, std::move(erasing.found),
                                                 std::move(erasing.done));
      });
}

// Section 6.1.2.
ArchiveView RoomArchive::view_for(const Room& room, const Jid& asker) {
  const bool may_see = room.sees_addresses(asker);
  return {.kind = ArchiveView::Kind::room, .show = [may_see](Stanza& stanza) {
            const std::string aside = take_aside(stanza);
            if (may_see && !aside.empty())
              stanza.set_payload(std::string(stanza.payload().view()) + aside);
            return true;
          }};
}

}  // namespace herold::server
