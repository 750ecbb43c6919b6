// What the two halves of the message store share: boxes, references and the messages behind them.
#pragma once

#include <vector>

#include "store/sqlite/stores.h"

namespace herold::store {

// A row of `box`; number 0: there is none.
struct BoxRow {
  std::int64_t number = 0;
  std::int64_t ahead = 0, behind = 0;  // how far ids and times are apart at most
};
Result<BoxRow> find_box(Connection& connection, const Box& box);

// The id under which a box holds a message; 0: it does not.
Result<std::uint64_t> id_in_box(Connection& connection, const BoxRow& box, std::uint64_t stanza_id);

// What the contact of a reference is stored as; 0: nobody.
std::int64_t contact_number(std::string_view contact);

// Takes references away, and messages that have no other.
Result<> remove_references(Connection& connection, const BoxRow& box,
                           const std::vector<std::uint64_t>& ids);

// What FTS5 is asked for a box's messages with all these words.
std::string text_query(const BoxRow& box, std::string_view words);
// What the message of one reference said is not found any more; 0: it was not.
Result<> forget_text(Connection& connection, std::int64_t text);

// FTS5 keeps the words of rows that went until it merges the parts of its index: merges a few of
// them, and yields whether there are more.
Result<bool> merge_words(Connection& connection);

// Takes back what `retraction` means in this box.
Result<> retract(Connection& connection, const Box& box, std::string_view contact,
                 const Retraction& retraction);

// The message of a row that begins with: id, stanza_id, sender, recipient, time, stanza.
StoredMessage stored_message(const Rows& rows);

}  // namespace herold::store
