// Looking up blocked addresses: at most three searches, none for the many who block nobody.
#include "server/block_list.h"

#include <algorithm>

namespace herold::server {

bool BlockList::covers(const Jid& entry, const Jid& other) {
  if (entry.is_full()) return entry == other;
  return entry.has_local() ? entry.same_bare(other) : entry.domain() == other.domain();
}

bool BlockList::contains(std::string_view entry) const {
  const auto place = std::ranges::lower_bound(entries_, entry, {}, &Jid::text);
  return place != entries_.end() && place->text() == entry;
}

bool BlockList::contains(const Jid& entry) const {
  return contains(std::string_view(entry.text()));
}

bool BlockList::blocks(const Jid& other) const {
  if (entries_.empty()) return false;
  return contains(std::string_view(other.text())) || contains(other.bare_text()) ||
         contains(other.domain());
}

void BlockList::add(const Jid& entry) {
  const auto place = std::ranges::lower_bound(entries_, entry);
  if (place == entries_.end() || *place != entry) entries_.insert(place, entry);
}

void BlockList::remove(const Jid& entry) { std::erase(entries_, entry); }

std::string BlockList::text() const {
  std::string text;
  for (const Jid& entry : entries_) text += entry.text() + '\n';
  return text;
}

BlockList BlockList::parse(std::string_view text) {
  BlockList list;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end != 0) list.add(Jid::trusted(std::string(text.substr(0, end))));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return list;
}

}  // namespace herold::server
