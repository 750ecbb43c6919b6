// The journal: buffers of a turn, group syncs, and segments that are made before they are needed.
#include "store/journal.h"

#include <algorithm>

#include "base/check.h"

namespace herold::store {
namespace {

constexpr Bytes kept_buffer = 256_KiB;  // capacity kept from turn to turn
const Bytes mark_size = record_size(group_mark_bytes);

std::unexpected<Error> no_space() {
  return fail(Fault::unavailable, "no space for another journal segment");
}

}  // namespace

Journal::Journal(std::string folder, std::uint32_t shard, std::uint64_t run, const Limits& limits,
                 JournalWorld world, JournalEvents events)
    : folder_(std::move(folder)),
      shard_(shard),
      run_(run),
      limits_(limits),
      world_(world),
      events_(std::move(events)),
      alive_(std::make_shared<Journal*>(this)) {}

Journal::~Journal() { *alive_ = nullptr; }

Result<std::unique_ptr<Journal>> Journal::open(const std::string& folder, std::uint32_t shard,
                                               std::uint64_t run, const Limits& limits,
                                               JournalWorld world, JournalEvents events) {
  TRY(world.disk.make_folder(folder));
  std::unique_ptr<Journal> journal(
      new Journal(folder, shard, run, limits, world, std::move(events)));
  auto first =
      TRY(make_segment(world.disk, folder, journal->next_header(), limits.journal_segment_bytes));
  first.started = world.clock.now();
  const Position start{first.number, first_record};
  journal->appended_ = journal->written_ = journal->synced_ = journal->wanted_ = start;
  journal->segments_.push_back(std::move(first));
  journal->statistics_.segments = 1;
  journal->prepare();
  return journal;
}

// Segments: making, changing over, going.

SegmentHeader Journal::next_header() {
  return {.shard = shard_,
          .run = run_,
          .segment = ++last_number_,
          .salt = world_.random.number(),
          .boot_id = world_.disk.boot_id()};
}

// Runs on the sync thread: touches the disk only.
Result<Journal::Segment> Journal::make_segment(Disk& disk, const std::string& folder,
                                               SegmentHeader header, Bytes bytes) {
  Segment segment{.number = header.segment,
                  .path = folder + "/" + segment_name(header),
                  .salt = header.salt,
                  .allocated = bytes};
  segment.file = TRY(disk.create(segment.path));
  const auto fill = [&]() -> Result<> {
    TRY(segment.file->preallocate(bytes));
    TRY(segment.file->write(0, encode_header(header)));
    TRY(segment.file->sync());
    return disk.sync_folder(folder);
  };
  if (auto filled = fill(); !filled) {
    // Best effort: what stays behind is an empty segment, which recovery removes.
    static_cast<void>(disk.remove(segment.path));
    return std::unexpected(filled.error());
  }
  return segment;
}

void Journal::prepare() {
  if (preparing_ == Preparing::running || preparing_ == Preparing::ready || failure_) return;
  if (preparing_ == Preparing::failed && world_.clock.now() < retry_at_) return;
  if (segments_.size() >= 2 * limits_.journal_segments) {  // the database takes nothing over
    preparing_ = Preparing::failed;
    retry_at_ = world_.clock.now() + Seconds(limits_.journal_retry_time);
    return;
  }
  preparing_ = Preparing::running;
  world_.sync_runner.run([&disk = world_.disk, &executor = world_.executor, folder = folder_,
                          header = next_header(), bytes = limits_.journal_segment_bytes,
                          alive = alive_] {
    executor.post([alive, made = make_segment(disk, folder, header, bytes)]() mutable {
      if (*alive) (*alive)->prepared(std::move(made));
    });
  });
}

void Journal::prepared(Result<Segment> made) {
  if (made) {
    next_ = std::move(*made);
    preparing_ = Preparing::ready;
    return;
  }
  preparing_ = Preparing::failed;
  retry_at_ = world_.clock.now() + Seconds(limits_.journal_retry_time);
  if (made.error().fault != Fault::unavailable) fail_for_good(made.error());
}

void Journal::rotate() {
  next_->started = world_.clock.now();
  appended_ = {next_->number, first_record};
  segments_.push_back(std::move(*next_));
  next_.reset();
  statistics_.segments = segments_.size();
  preparing_ = Preparing::idle;
  prepare();
  tell_old();
}

// While the next segment is being made, the present one grows, up to double, rather than that a
// sender hears an error on a disk with space.
bool Journal::extend(Bytes bytes) {
  Segment& segment = segments_.back();
  const Bytes wanted =
      std::max(segment.allocated, appended_.offset + limits_.journal_reserve_bytes) + bytes;
  if (wanted > 2 * limits_.journal_segment_bytes || !segment.file->preallocate(wanted))
    return false;
  segment.allocated = wanted;
  return true;
}

Result<> Journal::make_room(Bytes bytes, Space space) {
  const Bytes reserve = limits_.journal_reserve_bytes;
  const auto fits = [&](Bytes kept) {
    return appended_.offset + bytes + mark_size + kept <= segments_.back().allocated;
  };
  if (fits(reserve)) return {};
  if (preparing_ == Preparing::ready) {
    rotate();
    if (fits(reserve)) return {};
  }
  prepare();
  if (space == Space::reserved && fits(0)) return {};
  if (preparing_ == Preparing::running && extend(bytes + mark_size + reserve)) return {};
  ++statistics_.refused;
  return no_space();
}

void Journal::housekeep() {
  if (failure_ || closed_) return;
  Segment& current = segments_.back();
  const auto aged = current.started + Seconds(limits_.journal_segment_age);
  if (appended_.offset == first_record)
    current.started = world_.clock.now();
  else if (world_.clock.now() >= aged && preparing_ == Preparing::ready)
    rotate();
  prepare();
  tell_old();
}

void Journal::tell_old() {
  const MonotonicTime now = world_.clock.now();
  const std::size_t most = limits_.journal_segments;
  for (std::size_t i = 0; i + 1 < segments_.size(); ++i) {
    Segment& segment = segments_[i];
    const bool aged = now >= segment.started + Seconds(limits_.journal_segment_age);
    const bool too_many = segments_.size() - i > most;
    const bool was_told = segment.told && now < *segment.told + Seconds(limits_.journal_retry_time);
    if (segment.leaving || was_told || !(aged || too_many)) continue;
    segment.told = now;
    world_.executor.post([alive = alive_, number = segment.number] {
      if (*alive && (*alive)->events_.segment_old) (*alive)->events_.segment_old(number);
    });
  }
}

Result<std::uint64_t> Journal::begin_segment() {
  if (failure_ || closed_) return fail(Fault::unavailable, "the journal takes nothing more");
  const std::uint64_t last = segments_.back().number;
  if (appended_.offset == first_record) return segments_.size() == 1 ? 0 : last - 1;
  if (preparing_ != Preparing::ready) {
    prepare();
    return no_space();
  }
  rotate();
  return last;
}

Result<> Journal::mark_takeover() {
  if (failure_ || closed_ || stuck_) return fail(Fault::unavailable, "the journal takes nothing");
  TRY(make_room(mark_size, Space::reserved));
  put(0, encode_takeover(run_));
  takeover_ = appended_;
  return {};
}

bool Journal::remove_through(std::uint64_t segment) {
  CHECK(segment < segments_.back().number);
  // Old files may still be there.
  if (takeover_ && takeover_->segment <= segment && !mark_takeover()) return false;
  bool is_new = false;
  for (Segment& one : segments_)
    if (one.number <= segment) is_new |= !std::exchange(one.leaving, true);
  if (!is_new) return true;
  removals_.push_back({segment, pieces_.empty() ? written_ : appended_});
  want_sync();
  run_removals();
  return true;
}

// One after the other, each for good before the next.
void Journal::run_removals() {
  if (removing_) return;
  std::uint64_t through = 0;
  std::erase_if(removals_, [&](const Removal& removal) {
    if (synced_ < removal.barrier) return false;
    through = std::max(through, removal.through);
    return true;
  });
  if (through == 0) return;
  std::vector<std::string> paths;
  for (const Segment& segment : segments_) {
    if (segment.number > through) break;
    std::erase(dirty_, segment.file);
    paths.push_back(segment.path);
  }
  removing_ = true;
  world_.sync_runner.run([&disk = world_.disk, &executor = world_.executor, folder = folder_,
                          paths = std::move(paths), through, alive = alive_] {
    const auto remove_all = [&]() -> Result<> {
      for (const std::string& path : paths) {
        const auto gone = disk.remove(path);
        if (!gone && gone.error().fault != Fault::not_found) return gone;
        TRY(disk.sync_folder(folder));
      }
      return {};
    };
    executor.post([alive, through, result = remove_all()] {
      if (*alive) (*alive)->removed(through, result);
    });
  });
}

// What stays is tried again with the next sync. Read again at the next start it changes nothing:
// what lived in it was appended anew, and its outcomes stay as well.
void Journal::removed(std::uint64_t through, Result<> result) {
  removing_ = false;
  if (!result) return removals_.push_back({through, {}});
  std::erase_if(segments_, [&](const Segment& segment) { return segment.number <= through; });
  statistics_.segments = segments_.size();
  run_removals();
  if (events_.removed) events_.removed(through);
}

// Records: appending, writing, syncing.

bool Journal::accepts() const {
  if (failure_ || closed_ || stuck_) return false;
  return preparing_ != Preparing::failed ||
         appended_.offset + limits_.journal_reserve_bytes + 2 * mark_size <=
             segments_.back().allocated;
}

Result<Position> Journal::append(std::uint8_t kind, std::string_view payload, Space space) {
  CHECK(kind != 0);
  if (failure_) return fail(Fault::unavailable, failure_->text);
  if (closed_) return fail(Fault::unavailable, "the journal is closed");
  const Bytes size = record_size(payload.size());
  const Bytes around = first_record + mark_size + limits_.journal_reserve_bytes;
  if (payload.size() > longest_record || size + around > limits_.journal_segment_bytes)
    return fail(Fault::limit, "longer than a journal segment");
  const bool is_small = space == Space::reserved;
  if (stuck_ && !(is_small && unwritten() + size <= limits_.journal_reserve_bytes)) {
    ++statistics_.refused;
    return fail(Fault::unavailable, "the disk takes no writes");
  }
  TRY(make_room(size, space));
  put(kind, payload);
  ++pending_records_;
  return appended_;
}

Result<std::string> Journal::read(Position end, std::size_t payload_bytes) const {
  const Bytes size = record_size(payload_bytes);
  for (const Segment& segment : segments_) {
    if (segment.number != end.segment) continue;
    const std::uint64_t start = end.offset - size;
    const std::string bytes = TRY(segment.file->read(start, size));
    const auto record = decode_record(bytes, segment.salt, start);
    if (!record) return fail(Fault::malformed, "a journal record cannot be read again");
    return std::string(record->payload);
  }
  return fail(Fault::not_found, "the journal segment is gone");
}

void Journal::put(std::uint8_t kind, std::string_view payload) {
  const Segment& segment = segments_.back();
  const auto encode = [&](std::uint8_t own_kind, std::string_view bytes) {
    encode_record(pieces_.back().bytes, segment.salt, appended_.offset, own_kind, bytes);
    appended_.offset += record_size(bytes.size());
  };
  if (pieces_.empty() || pieces_.back().file != segment.file) {
    pieces_.push_back({segment.file, appended_, std::exchange(spare_, {})});
    encode(0, encode_group_mark(synced_.segment == segment.number ? synced_.offset : 0));
  }
  encode(kind, payload);
}

Bytes Journal::unwritten() const {
  Bytes sum = 0;
  for (const Piece& piece : pieces_) sum += piece.bytes.size();
  return sum;
}

Result<> Journal::write() {
  if (failure_) return fail(Fault::unavailable, failure_->text);
  if (pieces_.empty()) return {};
  const auto result = write_pieces();
  stuck_ = !result;
  if (!result) {
    if (result.error().fault != Fault::unavailable) fail_for_good(result.error());
    return result;
  }
  written_ = appended_;
  statistics_.records += std::exchange(pending_records_, 0);
  spare_ = std::move(pieces_.back().bytes);
  if (spare_.capacity() > kept_buffer) spare_ = {};
  spare_.clear();
  pieces_.clear();
  start_sync();
  return result;
}

void Journal::want_sync() {
  wanted_ = appended_;
  if (pieces_.empty()) start_sync();  // else write() does
}

// What a failed attempt left behind is the front of what the next one writes to the same place.
Result<> Journal::write_pieces() {
  for (const Piece& piece : pieces_) {
    TRY(piece.file->write(piece.start.offset, piece.bytes));
    ++statistics_.writes;
    statistics_.bytes += piece.bytes.size();
    if (std::ranges::find(dirty_, piece.file) == dirty_.end()) dirty_.push_back(piece.file);
  }
  return {};
}

void Journal::start_sync() {
  if (syncing_ || failure_ || dirty_.empty() || wanted_ <= synced_) return;
  syncing_ = true;
  world_.sync_runner.run([files = std::exchange(dirty_, {}), position = written_, alive = alive_,
                          &executor = world_.executor] {
    Result<> result;
    for (const auto& file : files)
      if (result) result = file->sync();
    executor.post([alive, position, result]() {
      if (*alive) (*alive)->finish_sync(position, result);
    });
  });
}

void Journal::finish_sync(Position position, Result<> result) {
  syncing_ = false;
  if (!result) return fail_for_good(result.error());
  ++statistics_.syncs;
  synced_ = std::max(synced_, position);
  start_sync();  // what arrived meanwhile is the next group
  run_removals();
  if (events_.synced) events_.synced(synced_);
}

void Journal::fail_for_good(const Error& error) {
  if (failure_) return;
  failure_ = error;
  if (events_.failed) events_.failed(error);
}

Result<> Journal::close() {
  if (failure_) return fail(Fault::unavailable, failure_->text);
  if (closed_) return {};
  TRY(write());
  // Two syncs: the mark must not reach the disk before what it vouches for.
  for (const Segment& segment : segments_) TRY(segment.file->sync());
  closed_ = true;
  const Segment& last = segments_.back();
  std::string mark;
  encode_record(mark, last.salt, appended_.offset, 0,
                std::string(1, static_cast<char>(OwnRecord::clean)));
  TRY(last.file->write(appended_.offset, mark));
  TRY(last.file->sync());
  synced_ = written_ = appended_;
  return {};
}

}  // namespace herold::store
