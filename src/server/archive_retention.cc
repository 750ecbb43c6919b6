// One box after the other, one piece of it after the other, with pauses for everybody else.
#include "server/archive_retention.h"

#include <utility>

#include "base/limits.h"
#include "server/shard.h"

namespace herold::server {
namespace {

constexpr Seconds interval{3600};
constexpr Milliseconds pause{20};

}  // namespace

void ArchiveRetention::start() {
  rest(interval, [this] {
    seen_ = 0;
    next_boxes();
  });
}

void ArchiveRetention::rest(Duration time, net::Task then) {
  timer_.start(shard_.loop(), time, std::move(then));
}

void ArchiveRetention::next_boxes() {
  shard_.stores().messages().boxes(store::BoxKind::archive, seen_, bounds::archive_piece,
                                   [this](Result<std::vector<store::BoxUsage>> found) {
                                     if (!found || found->empty()) return wipe();
                                     seen_ = found->back().number;
                                     boxes_ = std::move(*found);
                                     next_box();
                                   });
}

void ArchiveRetention::next_box() {
  if (boxes_.empty()) return rest(pause, [this] { next_boxes(); });
  store::BoxUsage box = std::move(boxes_.back());
  boxes_.pop_back();
  trim(std::move(box));
}

// DECISIONS.md 32: nor are their words anywhere after that.
void ArchiveRetention::wipe() {
  shard_.stores().messages().wipe_text([this](Result<bool> more) {
    if (!more || !*more) return start();
    rest(pause, [this] { wipe(); });
  });
}

// A domain that went has the limits of the server, and its archives stay.
void ArchiveRetention::trim(store::BoxUsage box) {
  const Jid owner = Jid::trusted(box.box.owner);
  Service* service = shard_.find_service(owner.domain());
  ModuleHost* host = service != nullptr ? &service->host() : shard_.find_host(owner.domain());
  const Limits& limits = host != nullptr ? host->limits() : shard_.limits();
  const Seconds keep = host != nullptr ? host->data<ArchiveLifetime>().keep : Seconds(0);
  const WallTime older = keep > Seconds(0) ? shard_.loop().clock().wall() - keep : WallTime::min();
  const bool is_old = box.held.count != 0 && box.oldest < older;
  if (!is_old && box.held.bytes <= limits.archive_bytes) return next_box();
  store::Box which = box.box;
  shard_.stores().messages().trim(
      std::move(which), older, limits.archive_bytes, bounds::archive_piece,
      [this, box = std::move(box)](Result<bool> more) mutable {
        if (!more || !*more) return next_box();
        rest(pause, [this, box = std::move(box)]() mutable { trim(std::move(box)); });
      });
}

}  // namespace herold::server
