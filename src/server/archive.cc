// Messages on their way into archives: in the journal, in a batch, in the store.
#include "server/archive.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "server/server.h"
#include "server/shard.h"
#include "xmpp/ext/retraction.h"

namespace herold::server {
namespace {

constexpr Seconds retry_interval{2};

// Four of the longest stanzas are enough.
Bytes batch_bytes(const Limits& limits) { return 4 * limits.stanza_bytes; }

// XEP-0424 section 4: what its sender said before under this id; section 5: what stays of it. A
// room decides for itself what may be taken back there.
std::optional<store::Retraction> retraction_of(const Stanza& stanza) {
  if (!stanza.payload().view().contains(xmpp::ns::retraction)) return {};  // nearly all
  const xml::Element found = xmpp::find<xmpp::Retract>(stanza.root());
  if (!found || stanza.head.id.empty() || stanza.head.is(MessageType::groupchat)) return {};
  const auto retract = xmpp::read<xmpp::Retract>(found);
  if (!retract || retract->id.empty()) return {};
  StanzaHead named;  // says how its id stands in a tag
  named.id = retract->id;
  std::string tag;
  xmpp::write_start_tag(tag, named);
  const std::size_t id = tag.find(" id=");
  return store::Retraction{
      std::string(stanza.head.from.bare_text()), tag.substr(id, tag.find('>') - id),
      xmpp::to_xml(xmpp::Retracted{.id = stanza.head.id, .stamp = stanza.accepted},
                   xmpp::ns::client)};
}

}  // namespace

void Archive::keep(const Jid& owner, const Stanza& stanza, std::string_view contact, Waits part) {
  if (part == waiting_for::received) keeping_.insert(stanza.id);
  put(owner, stanza, contact, part);
}

bool Archive::keep(const Jid& owner, Stanza& stanza) {
  if (is_full()) return false;
  stanza.waits |= waiting_for::kept;
  stanza.accepted = shard_.loop().clock().wall();
  if (!shard_.commit_again(stanza)) return false;
  keep_again(owner, stanza);
  return true;
}

void Archive::keep_again(const Jid& owner, const Stanza& stanza) {
  put(owner, stanza, stanza.head.from.text(), waiting_for::kept);
}

// What one message is to both sides here is stored at once: one row, two references.
void Archive::put(const Jid& owner, const Stanza& stanza, std::string_view contact, Waits part) {
  const auto [place, is_new] = places_.try_emplace(stanza.stable_id(), tail_.messages.size());
  if (is_new) {
    const std::string xml = stanza.to_xml();
    tail_.bytes += xml.size();
    tail_.messages.push_back({{stanza.stable_id(), stanza.head.from.text(), stanza.head.to.text(),
                               stanza.accepted, SharedBytes(xml)},
                              {},
                              retraction_of(stanza)});
  }
  tail_.kept.push_back({stanza.id, part});
  auto& references = tail_.messages[place->second].references;
  const auto has_it = [&](const auto& reference) { return reference.box.owner == owner.text(); };
  if (std::ranges::none_of(references, has_it))
    references.push_back({box_of(owner), 0, std::string(contact)});
  const Limits& limits = shard_.limits();
  // Large batches touch few pages for each message.
  if (tail_.messages.size() >= limits.archive_tail || tail_.bytes >= batch_bytes(limits))
    return flush();
  if (!settle_timer_.running())
    settle_timer_.start(shard_.loop(), Milliseconds(limits.archive_settle_time),
                        [this] { flush(); });
}

// Not before the journal has it for good: a message that only the archive knew would come a second
// time from its sender, under another id.
void Archive::flush() {
  settle_timer_.stop();
  if (tail_.messages.empty()) return;
  unsafe_.push_back(std::exchange(tail_, {}));
  places_.clear();
  shard_.when_safe([this] {
    Batch batch = std::move(unsafe_.front());
    unsafe_.pop_front();
    save({std::make_shared<const std::vector<store::NewMessage>>(std::move(batch.messages)),
          std::move(batch.kept), batch.bytes});
  });
}

void Archive::save(Saving saving) {
  // The journal has them; a quarter of a segment on its way is no reason to press clients,
  // whose bursts are shorter than that.
  const Limits& limits = shard_.limits();
  const auto usual = limits.journal_segment_bytes / 4 / batch_bytes(limits);
  const Bytes bytes = under_way_++ >= usual ? saving.bytes : 0;
  const store::SharedMessages messages = saving.messages;
  shard_.server().unsaved_bytes() += bytes;
  shard_.stores().messages().add(
      messages, [this, bytes, saving = std::move(saving)](Result<> added) mutable {
        --under_way_;
        shard_.server().unsaved_bytes() -= bytes;
        if (added) return saved(saving.kept);
        shard_.log().error("archive-not-stored", {{"reason", added.error().text}});
        refused_bytes_ += saving.bytes;
        refused_.push_back(std::move(saving));
        if (!retry_timer_.running())
          retry_timer_.start(shard_.loop(), retry_interval, [this] { retry(); });
      });
}

void Archive::saved(const std::vector<Kept>& kept) {
  for (const Waits part : {waiting_for::sent, waiting_for::received, waiting_for::kept}) {
    std::vector<MessageId> ids;
    for (const Kept& one : kept)
      if (one.part == part) ids.push_back(one.id);
    if (part == waiting_for::received)
      for (const MessageId id : ids) keeping_.erase(id);
    if (!ids.empty()) shard_.archived(std::move(ids), part);
  }
}

// Meanwhile it stays open in the journal.
void Archive::retry() {
  for (Saving& saving : std::exchange(refused_, {})) {
    refused_bytes_ -= saving.bytes;
    save(std::move(saving));
  }
}

bool Archive::is_full() const { return refused_bytes_ > 2 * shard_.limits().stanza_bytes; }

void Archive::when_stored(net::Task task) {
  flush();
  if (unsafe_.empty()) return task();
  shard_.when_safe(std::move(task));
}

void Archive::bury(const Jid& owner, MessageId stable_id, std::string tombstone,
                   store::Completion<> done) {
  when_stored(
      [this, owner, stable_id, tombstone = std::move(tombstone), done = std::move(done)]() mutable {
        shard_.stores().messages().replace(box_of(owner), stable_id, std::move(tombstone),
                                           std::move(done));
      });
}

Archive::Query::Query(Archive& archive, std::string asker)
    : archive_(&archive), asker_(std::move(asker)) {
  ++archive.queries_[asker_];
}

Archive::Query::~Query() {
  if (archive_ == nullptr) return;
  const auto asked = archive_->queries_.find(asker_);
  if (--asked->second == 0) archive_->queries_.erase(asked);
}

bool Archive::is_busy_for(std::string_view asker) const {
  const auto asked = queries_.find(asker);
  return asked != queries_.end() && asked->second >= bounds::archive_queries;
}

void Archive::leave_out(std::vector<store::NewMessage>& messages, const Jid& owner) {
  for (store::NewMessage& message : messages)
    std::erase_if(message.references,
                  [&](const auto& reference) { return reference.box.owner == owner.text(); });
}

// The journal is told soon that it needs them no more: another room of that name must not get them
// after a crash.
void Archive::forget(const Jid& owner) {
  leave_out(tail_.messages, owner);
  for (Batch& batch : unsafe_) leave_out(batch.messages, owner);
  for (Saving& saving : refused_) {
    auto messages = *saving.messages;
    leave_out(messages, owner);
    saving.messages = std::make_shared<const std::vector<store::NewMessage>>(std::move(messages));
  }
  flush();
}

void Archive::stop() {
  settle_timer_.stop();
  retry_timer_.stop();
  unsafe_.push_back(std::exchange(tail_, {}));
  places_.clear();
  for (Batch& batch : unsafe_)
    shard_.stores().messages().add(std::move(batch.messages), [](Result<>) {
      // It is open in the journal.
    });
}

}  // namespace herold::server
