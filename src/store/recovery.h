// Reading the journals of earlier runs at start: every record in order, and what to believe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/disk.h"

namespace herold::store {

struct RecoveredRecord {
  std::uint64_t run = 0;
  std::uint32_t shard = 0;
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;
  std::uint8_t kind = 0;
  std::string_view payload;  // lives until the visitor returns
};

// What recovery found. The owner gives everything a new home, then calls retire().
struct Recovered {
  std::uint64_t next_run = 1;  // for Journal::open
  // True when what stands in the journal is all that was ever written to it: same boot, or a
  // clean shutdown, and nothing corrupt. Else stream resumption is refused (DECISIONS.md 4).
  bool trusted = true;
  std::vector<std::string> segments;  // paths of all files of earlier runs, also if taken over
  std::vector<std::string> corrupt;   // of these, the damaged ones
  std::uint64_t records = 0;
  std::uint64_t torn_tails = 0;    // files that end in an unfinished record
  std::uint64_t corrupt_gaps = 0;  // damaged places inside what had been synced; skipped
};

using RecordVisitor = std::function<void(const RecoveredRecord&)>;

// Visits all records, ordered by run, shard, segment, place, but none of runs that a later one took
// over (Journal::mark_takeover). A missing folder is an empty journal. Damage is counted, not
// fatal; an error means that the disk could not be read.
Result<Recovered> read_journals(Disk& disk, const std::string& folder,
                                const RecordVisitor& visitor);

// Removes the segments of earlier runs, in any order: call it behind mark_takeover(). Damaged ones
// are kept aside with the ending ".corrupt", of all such files the youngest `keep`.
Result<> retire(Disk& disk, const std::string& folder, const Recovered& recovered,
                std::size_t keep);

}  // namespace herold::store
