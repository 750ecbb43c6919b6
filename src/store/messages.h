// The message store (DECISIONS.md 8): a message stands once, boxes refer to it.
//
// A box is one list of references: an owner's archive, what waits for an owner ("offline"), or
// the queue of one session. A message goes when its last reference goes. Archive queries
// (XEP-0313) are a view on boxes of kind archive.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
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
  auto operator<=>(const Box&) const = default;
};

struct Message {
  std::uint64_t stanza_id = 0;  // fixed when the message was accepted; unique in the whole store
  std::string from, to;
  WallTime time{};
  SharedBytes stanza;
};

struct Reference {
  Box box;
  // The owner's number of the message: grows within an owner, over all of its boxes. 0: the store
  // gives the last one plus 1, or the time of the message or of the clock in microseconds where
  // that is more.
  std::uint64_t id = 0;
  std::string contact{};  // bare JID of the other side, by which an archive is searched
};

// A message that takes another one back: of each archive that it comes into, the newest message
// with the same contact and sender (by their bare JIDs) whose first tag has `tag_text` keeps its
// tag, and `content` takes the place of the rest. It is looked for among bounds::retractable.
struct Retraction {
  std::string sender, tag_text, content;
};

struct NewMessage {
  Message message;
  std::vector<Reference> references;
  std::optional<Retraction> retraction{};
};

// Shared by the store, while it adds them, and by whoever tries again if it cannot.
using SharedMessages = std::shared_ptr<const std::vector<NewMessage>>;

struct StoredMessage {
  std::uint64_t id = 0;
  Message message;
};

struct Backlog {
  std::uint64_t count = 0;
  Bytes bytes = 0;  // of the stanzas
};

// Which messages of a box; what is given must all hold.
struct Selection {
  std::string contact;                       // bare JID of the other side; empty: anybody
  std::string address;                       // full JID that is sender or recipient; empty: any
  std::optional<WallTime> start, end;        // of the messages' times, both included
  std::vector<std::uint64_t> after, before;  // stanza ids: behind and in front of all of these
  std::vector<std::uint64_t> stanza_ids;     // one of these; empty: any
  std::string text;                          // words that it says, all of them; empty: anything
};

// One page of what is selected: the first messages, or the last ones.
enum class PageAt : std::uint8_t { start, end };

struct PageBounds {
  PageAt at = PageAt::start;
  std::uint32_t messages = 0;
  Bytes bytes = 0;  // of the stanzas; the page has one message all the same
};

struct Page {
  std::vector<StoredMessage> messages;  // in the order of their ids
  bool complete = true;                 // nothing of the selection lies beyond the page
};

struct BoxUsage {
  std::uint64_t number = 0;  // of the box, for the next page of boxes
  Box box;
  Backlog held;
  WallTime oldest{};  // the time of its first message
};

class Messages {
 public:
  virtual ~Messages() = default;

  // All or none. Idempotent: a message whose stanza_id is known is not stored again, a reference
  // that its box holds already is left alone; other references are added to it.
  virtual void add(SharedMessages messages, Completion<> done) = 0;
  void add(std::vector<NewMessage> messages, Completion<> done) {
    add(std::make_shared<const std::vector<NewMessage>>(std::move(messages)), std::move(done));
  }

  virtual void backlog(Box box, Completion<Backlog> done) = 0;

  // The highest id ever used for this owner, removed ones too; 0 for none.
  virtual void newest_id(std::string owner, Completion<std::uint64_t> done) = 0;

  // At most `limit` messages with ids above `after`, in order.
  virtual void fetch(Box box, std::uint64_t after, std::uint32_t limit,
                     Completion<std::vector<StoredMessage>> done) = 0;

  // Fault::not_found where one of the stanza ids that are named is not in the box.
  virtual void select(Box box, Selection what, PageBounds bounds, Completion<Page> done) = 0;
  // How many are selected; faults as above.
  virtual void count(Box box, Selection what, Completion<std::uint64_t> done) = 0;

  // Makes what the messages of a box say findable by Selection::text, at most `limit` of them that
  // are not yet; yields whether there are more. Whoever looks for words calls it first.
  virtual void index_text(Box box, std::uint32_t limit, Completion<bool> done) = 0;
  // Wipes a little of what indices still have of messages that went; yields whether there is more.
  virtual void wipe_text(Completion<bool> done) = 0;

  // `content` takes the place of what is inside the message's first tag, in all boxes that refer to
  // it. Fault::not_found: the box has no such message.
  virtual void replace(Box box, std::uint64_t stanza_id, std::string content,
                       Completion<> done) = 0;

  // Takes references away (delivered, expired); ids that are not there are no error.
  virtual void remove(Box box, std::vector<std::uint64_t> ids, Completion<> done) = 0;
  // The same by what the messages are known by, where their ids are not.
  virtual void remove_stanzas(Box box, std::vector<std::uint64_t> stanza_ids,
                              Completion<> done) = 0;
  virtual void remove_all(Box box, Completion<> done) = 0;

  // Everything of `from` becomes part of `to` with the same ids, for boxes of one owner: a
  // session's queue whose session did not return becomes offline. What `to` holds stays once.
  virtual void move(Box from, Box to, Completion<> done) = 0;

  // At most `limit` boxes of a kind whose numbers are above `after`, in order.
  virtual void boxes(BoxKind kind, std::uint64_t after, std::uint32_t limit,
                     Completion<std::vector<BoxUsage>> done) = 0;
  // Takes away the oldest references, at most `limit` of them: those with times before `older` and
  // as many as the box holds above `most` bytes. Yields whether there may be more.
  virtual void trim(Box box, WallTime older, Bytes most, std::uint32_t limit,
                    Completion<bool> done) = 0;
};

}  // namespace herold::store
