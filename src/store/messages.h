// The message store (DECISIONS.md 8): a message stands once, boxes refer to it.
//
// A box is one list of references: an owner's archive, what waits for an owner ("offline"), or
// the queue of one session. A message goes when its last reference goes. Archive queries
// (XEP-0313) will be a view on boxes of kind archive.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "store/executor.h"

namespace herold::store {

enum class BoxKind : std::uint8_t { archive = 1, offline = 2, queue = 3 };

struct Box {
  std::string owner;  // bare JID
  BoxKind kind = BoxKind::offline;
  std::string session;  // of a queue: which; else empty
  bool operator==(const Box&) const = default;
};

struct Message {
  std::string stanza_id;  // fixed when the message was accepted; unique in the whole store
  std::string from, to;
  WallTime time{};
  SharedBytes stanza;
};

struct Reference {
  Box box;
  // The owner's number of the message: grows within an owner, over all of its boxes. Given by
  // the home of the owner, so that it is known before the commit: the last one plus 1, or the wall
  // clock's microseconds where that is more. 0: the store does the same.
  std::uint64_t id = 0;
};

struct NewMessage {
  Message message;
  std::vector<Reference> references;
};

struct StoredMessage {
  std::uint64_t id = 0;
  Message message;
};

struct Backlog {
  std::uint64_t count = 0;
  Bytes bytes = 0;  // of the stanzas
};

class Messages {
 public:
  virtual ~Messages() = default;

  // All or none. Idempotent: a message whose stanza_id is known is not stored again, a reference
  // that its box holds already is left alone; other references are added to it.
  virtual void add(std::vector<NewMessage> messages, Completion<> done) = 0;

  virtual void backlog(Box box, Completion<Backlog> done) = 0;

  // The highest id ever used for this owner, removed ones too; 0 for none.
  virtual void newest_id(std::string owner, Completion<std::uint64_t> done) = 0;

  // At most `limit` messages with ids above `after`, in order.
  virtual void fetch(Box box, std::uint64_t after, std::uint32_t limit,
                     Completion<std::vector<StoredMessage>> done) = 0;

  // Takes references away (delivered, expired); ids that are not there are no error.
  virtual void remove(Box box, std::vector<std::uint64_t> ids, Completion<> done) = 0;
  // The same by what the messages are known by, where their ids are not.
  virtual void remove_stanzas(Box box, std::vector<std::string> stanza_ids,
                              Completion<> done) = 0;
  virtual void remove_all(Box box, Completion<> done) = 0;

  // Everything of `from` becomes part of `to` with the same ids, for boxes of one owner: a
  // session's queue whose session did not return becomes offline. What `to` holds stays once.
  virtual void move(Box from, Box to, Completion<> done) = 0;
};

}  // namespace herold::store
