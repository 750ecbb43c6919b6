// Once through all archives to add them up, and again while it is too much.
#include "server/domain_archives.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "server/shard.h"

namespace herold::server {
namespace {

constexpr Seconds interval{3600};
constexpr Milliseconds pause{20};
// What goes at once is the oldest of so many parts of the time that there is, or a minute.
constexpr int parts = 16;
constexpr Seconds least_part{60};

}  // namespace

void DomainArchives::start() {
  if (is_stopped_) return;
  host_.after(timer_, interval, [this] { measure(); });
}

void DomainArchives::stop() {
  is_stopped_ = true;
  timer_.stop();
}

void DomainArchives::measure() {
  seen_ = 0;
  held_ = excess_ = 0;
  oldest_ = WallTime::max();
  until_ = WallTime::min();
  next_boxes();
}

void DomainArchives::judge() {
  const WallTime now = host_.clock().wall();
  if (held_ <= most_ || oldest_ >= now) return start();
  seen_ = 0;
  asked_ = excess_ = held_ - most_;
  until_ = oldest_ + std::max<WallTime::duration>(least_part, (now - oldest_) / parts);
  next_boxes();
}

// Where nothing would go, as when the database fails, it is tried again an hour later.
void DomainArchives::end_round() {
  if (until_ == WallTime::min()) return judge();
  if (excess_ == asked_) return start();
  measure();
}

void DomainArchives::next_boxes() {
  host_.stores().messages().boxes(store::BoxKind::archive, seen_, bounds::archive_piece,
                                  [this](Result<std::vector<store::BoxUsage>> found) {
                                    if (is_stopped_) return;
                                    if (!found) return start();
                                    if (found->empty()) return end_round();
                                    seen_ = found->back().number;
                                    boxes_ = std::move(*found);
                                    next_box();
                                  });
}

void DomainArchives::next_box() {
  if (is_stopped_) return;
  while (!boxes_.empty()) {
    store::BoxUsage box = std::move(boxes_.back());
    boxes_.pop_back();
    if (box.held.count == 0 || !is_ours(box)) continue;
    if (excess_ != 0 && box.oldest < until_) return shorten(std::move(box));
    held_ += box.held.bytes;
    oldest_ = std::min(oldest_, box.oldest);
  }
  host_.after(timer_, pause, [this] { next_boxes(); });
}

void DomainArchives::shorten(store::BoxUsage box) {
  store::Box which = box.box;
  host_.stores().messages().trim(
      std::move(which), until_, host_.limits().archive_bytes, bounds::archive_piece,
      [this, box = std::move(box)](Result<bool> more) mutable {
        if (is_stopped_) return;
        if (!more || !*more) return note_gone(std::move(box));
        host_.after(timer_, pause,
                    [this, box = std::move(box)]() mutable { shorten(std::move(box)); });
      });
}

void DomainArchives::note_gone(store::BoxUsage before) {
  store::Box which = before.box;
  host_.stores().messages().backlog(
      std::move(which), [this, bytes = before.held.bytes](Result<store::Backlog> left) {
        if (left) excess_ -= std::min(excess_, bytes - std::min(bytes, left->bytes));
        next_box();
      });
}

// Rooms' too.
bool DomainArchives::is_ours(const store::BoxUsage& box) const {
  const Jid owner = Jid::trusted(box.box.owner);
  Service* service = host_.shard().find_service(owner.domain());
  return service != nullptr ? &service->host() == &host_
                            : owner.domain() == host_.address().domain();
}

}  // namespace herold::server
