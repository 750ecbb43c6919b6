// The append journal of one shard: what is in it survives; `h` of XEP-0198 waits for nothing else.
//
// One loop turn: append() any number of records, write() once at its end (survives kill -9).
// Whoever has somebody waiting for the power cut's sake calls want_sync() and hears of
// events.synced: what arrives while a sync runs is the next group. Everything is called on the
// shard's thread.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/result.h"
#include "store/disk.h"
#include "store/executor.h"
#include "store/segment.h"
#include "store/sync_runner.h"

namespace herold::store {

// The end of a record. Grows with every record of a journal, so positions compare like time.
struct Position {
  std::uint64_t segment = 0;  // number of the segment within this run of this shard, from 1
  std::uint64_t offset = 0;   // bytes from the start of the segment's file
  auto operator<=>(const Position&) const = default;
};

// Which space a record may use.
enum class Space {
  normal,    // messages, snapshots: refused when the disk is full
  reserved,  // small outcomes and counters: may use the reserve of each segment
};

struct JournalEvents {
  // Everything up to here survives a power cut.
  std::move_only_function<void(Position)> synced;
  // This segment should go, with all before it: append anew or move to the database what still
  // lives in them, then call remove_through(). Told again as long as that was not done.
  std::move_only_function<void(std::uint64_t segment)> segment_old;
  // The files of this segment and of all before it are gone, also after a power cut.
  std::move_only_function<void(std::uint64_t segment)> removed{};
  // The disk failed (EIO, a failed sync): nothing is accepted any more, told once. The process
  // has to exit non-zero (HOSTILE 177); there is no retry.
  std::move_only_function<void(const Error&)> failed;
};

struct JournalStatistics {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // with headers and padding
  std::uint64_t writes = 0;
  std::uint64_t syncs = 0;
  std::uint64_t segments = 0;  // files there now, without a prepared one
  std::uint64_t refused = 0;   // records refused for want of space
};

// The outside world of a journal. All outlive it.
struct JournalWorld {
  Disk& disk;
  SyncRunner& sync_runner;
  Executor& executor;  // of the shard
  const Clock& clock;
  Random& random;
};

class Journal {
 public:
  // Blocks: makes the first segment of shard `shard` in `folder`. `run` is the next_run of what
  // recovery found there. `limits` is copied.
  static Result<std::unique_ptr<Journal>> open(const std::string& folder, std::uint32_t shard,
                                               std::uint64_t run, const Limits& limits,
                                               JournalWorld world, JournalEvents events);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal();

  // Puts a record into this turn's buffer. `kind` is the caller's, 1 to 255; payload at most
  // longest_record bytes. Fault::unavailable: no space, the disk takes no writes (both may pass),
  // or failed for good.
  Result<Position> append(std::uint8_t kind, std::string_view payload, Space space = Space::normal);

  // Writes the buffer with one system call. On an error nothing that depends on the records
  // appended since the last write() may leave: they are kept and go with a later write().
  // Fault::unavailable may pass; until then append() takes little.
  Result<> write();

  // Somebody waits for what has been appended so far: it is synced as soon as it is written and no
  // other sync runs.
  void want_sync();

  // The payload of a record that write() has written, by the Position that append() gave. Blocks
  // as little as the page cache does.
  Result<std::string> read(Position end, std::size_t payload_bytes) const;

  Position appended() const { return appended_; }
  Position written() const { return written_; }
  Position synced() const { return synced_; }

  // The disk failed: events.failed was told.
  bool failed() const { return failure_.has_value(); }
  // True while records of Space::normal are accepted.
  bool accepts() const;

  // Looks at the age of segments; the owner calls it every few minutes.
  void housekeep();

  // Removes this segment and all before it once all that was appended before this call is synced;
  // the oldest first, so that no commit can come back whose outcome stood in a later one.
  // False: there is no room for the mark below, which has to stand in a younger one first.
  bool remove_through(std::uint64_t segment);

  // Begins a new segment at once, and yields the number of the one before it, 0 where there is
  // nothing in any. Fault::unavailable while the next one is being made.
  Result<std::uint64_t> begin_segment();

  // Everything that earlier runs left stands in the journals of this run, of all shards, and is
  // synced. Once this mark is synced as well the files of those runs may go: no later start reads
  // one that is still there, or that comes back after a power cut. Fault::unavailable as append().
  Result<> mark_takeover();

  // Blocks: writes, syncs, and marks the shutdown as clean. Nothing may be appended afterwards.
  Result<> close();

  const JournalStatistics& statistics() const { return statistics_; }

 private:
  struct Segment {
    std::uint64_t number = 0;
    std::string path;
    std::shared_ptr<File> file;  // shared with a sync or removal under way
    std::uint64_t salt = 0;
    Bytes allocated = 0;
    MonotonicTime started{};
    std::optional<MonotonicTime> told;  // when segment_old was said the last time
    bool leaving = false;               // remove_through() was called
  };
  struct Piece {                 // bytes of this turn for one segment
    std::shared_ptr<File> file;  // shared with the segment
    Position start;
    std::string bytes;
  };
  struct Removal {
    std::uint64_t through = 0;  // this segment and all before it
    Position barrier;
  };
  enum class Preparing { idle, running, ready, failed };
  using Alive = std::shared_ptr<Journal*>;  // shared with work under way; null after our death

  Journal(std::string folder, std::uint32_t shard, std::uint64_t run, const Limits& limits,
          JournalWorld world, JournalEvents events);
  static Result<Segment> make_segment(Disk& disk, const std::string& folder, SegmentHeader header,
                                      Bytes bytes);
  SegmentHeader next_header();
  Result<> make_room(Bytes bytes, Space space);
  bool extend(Bytes bytes);
  void prepare();
  void prepared(Result<Segment> made);
  void rotate();
  void put(std::uint8_t kind, std::string_view payload);
  Result<> write_pieces();
  Bytes unwritten() const;
  void start_sync();
  void finish_sync(Position position, Result<> result);
  void run_removals();
  void removed(std::uint64_t through, Result<> result);
  void tell_old();
  void fail_for_good(const Error& error);

  std::string folder_;
  std::uint32_t shard_;
  std::uint64_t run_;
  Limits limits_;
  JournalWorld world_;
  JournalEvents events_;
  Alive alive_;

  std::deque<Segment> segments_;  // the last one is written to
  std::optional<Segment> next_;
  Preparing preparing_ = Preparing::idle;
  MonotonicTime retry_at_{};
  std::uint64_t last_number_ = 0;

  std::vector<Piece> pieces_;
  std::string spare_;  // a buffer kept from the last turn
  Position appended_, written_, synced_;
  Position wanted_;       // somebody waits for the sync of everything up to here
  Position told_synced_;  // what the last group record said
  std::uint64_t pending_records_ = 0;
  bool stuck_ = false;  // the disk did not take the last write

  std::vector<std::shared_ptr<File>> dirty_;  // shared with segments; written since the last sync
  std::vector<Removal> removals_;
  bool removing_ = false;
  std::optional<Position> takeover_;  // of the newest mark
  bool syncing_ = false;
  std::optional<Error> failure_;
  bool closed_ = false;
  JournalStatistics statistics_;
};

}  // namespace herold::store
