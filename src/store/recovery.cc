// Recovery: walks the segments of earlier runs and judges what it finds.
#include "store/recovery.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

#include "base/limits.h"
#include "store/segment.h"

namespace herold::store {
namespace {

// A file seen through a window, so that a journal larger than memory can be read.
class Reader {
 public:
  Reader(const File& file, std::uint64_t size) : file_(file), size_(size) {}

  std::uint64_t size() const { return size_; }

  // At least `bytes` bytes from `offset` on, fewer at the end of the file.
  Result<std::string_view> at(std::uint64_t offset, std::size_t bytes) {
    const std::uint64_t end = std::min<std::uint64_t>(size_, offset + bytes);
    if (offset >= size_) return std::string_view();
    if (offset < start_ || end > start_ + window_.size()) {
      window_ = TRY(file_.read(offset, std::max(bytes, bounds::recovery_window)));
      start_ = offset;
    }
    return std::string_view(window_).substr(offset - start_);
  }

 private:
  const File& file_;
  std::uint64_t size_;
  std::uint64_t start_ = 0;
  std::string window_;
};

Result<std::optional<RecordView>> record_at(Reader& reader, std::uint64_t salt,
                                            std::uint64_t offset) {
  std::string_view bytes = TRY(reader.at(offset, record_header));
  if (bytes.size() < record_header) return std::nullopt;
  std::uint32_t word;
  std::memcpy(&word, bytes.data(), 4);
  const std::size_t whole = record_size(word & longest_record);
  if (offset + record_header + (word & longest_record) > reader.size()) return std::nullopt;
  bytes = TRY(reader.at(offset, whole));
  return decode_record(bytes, salt, offset);
}

struct GroupMark {
  std::uint64_t offset = 0;  // where the group starts
  std::uint64_t synced = 0;
};

// The next place from `offset` on where a group mark may stand: its first word is always the same.
// Most of a segment may be zeros, so this loop is tight; the end of the file when there is none.
Result<std::uint64_t> next_candidate(Reader& reader, std::uint64_t offset) {
  constexpr std::uint32_t sought = group_mark_bytes;  // kind 0
  while (offset + record_header <= reader.size()) {
    const std::string_view bytes = TRY(reader.at(offset, record_header));
    const std::size_t whole = bytes.size() / 8 * 8;
    for (std::size_t at = 0; at < whole; at += 8) {
      std::uint32_t word;
      std::memcpy(&word, bytes.data() + at, 4);
      if (word == sought) return offset + at;
    }
    offset += whole;
  }
  return reader.size();
}

// All group marks from `offset` on.
Result<std::vector<GroupMark>> find_groups(Reader& reader, std::uint64_t salt,
                                           std::uint64_t offset) {
  std::vector<GroupMark> groups;
  for (;; offset += 8) {
    offset = TRY(next_candidate(reader, offset));
    if (offset >= reader.size()) return groups;
    const auto record = TRY(record_at(reader, salt, offset));
    if (!record) continue;
    if (const auto synced = decode_group_mark(*record)) groups.push_back({offset, *synced});
  }
}

// Walks one segment.
class Walk {
 public:
  Walk(const SegmentHeader& header, Reader reader, const RecordVisitor& visitor)
      : header_(header), reader_(std::move(reader)), visitor_(visitor) {}

  std::uint64_t records = 0;
  std::uint64_t gaps = 0;
  bool torn = false;
  std::optional<bool> clean;   // whether the last record is the clean mark; empty without records
  std::uint64_t takeover = 0;  // all before this run is taken over

  Result<> run() {
    std::uint64_t offset = first_record;
    for (;;) {
      const auto record = TRY(record_at(reader_, header_.salt, offset));
      if (record) {
        visit(*record, offset);
        offset += record_size(record->payload.size());
        continue;
      }
      if (clean.value_or(false)) return {};  // nothing was written behind the mark
      const auto next = TRY(behind(offset));
      if (!next) return {};
      ++gaps;
      offset = *next;
    }
  }

 private:
  void visit(const RecordView& record, std::uint64_t offset) {
    clean = false;
    if (record.kind == 0) {
      clean = record.payload == std::string_view(&clean_byte, 1);
      if (const auto run = decode_takeover(record)) takeover = *run;
      return;
    }
    ++records;
    visitor_({header_.run, header_.shard, header_.segment, offset, record.kind, record.payload});
  }

  // There is no record at `offset`. Empty at the end; else where reading can go on behind damage:
  // at the next group, provided that a later group knew `offset` to be synced.
  Result<std::optional<std::uint64_t>> behind(std::uint64_t offset) {
    if (!groups_) groups_ = TRY(find_groups(reader_, header_.salt, offset));
    std::optional<std::uint64_t> next;
    bool was_synced = false;
    for (const GroupMark& group : *groups_) {
      if (group.offset <= offset) continue;
      if (!next) next = group.offset;
      was_synced |= group.synced > offset;
    }
    if (was_synced) return next;
    const std::string_view bytes = TRY(reader_.at(offset, record_header));
    torn = next.has_value() ||
           bytes.substr(0, record_header).find_first_not_of('\0') != std::string_view::npos;
    return std::nullopt;
  }

  static constexpr char clean_byte = static_cast<char>(OwnRecord::clean);
  const SegmentHeader& header_;
  Reader reader_;
  const RecordVisitor& visitor_;
  std::optional<std::vector<GroupMark>> groups_;  // from the first damage on
};

struct Found {
  std::string path;
  std::unique_ptr<File> file;
  SegmentHeader header;
};

// What the folder has of earlier runs.
struct Files {
  std::vector<Found> segments;                                    // by run, shard and number
  std::vector<std::pair<std::uint64_t, std::string>> unreadable;  // damaged ones, by run
};

// A file without a readable header: either its making was cut off, or it is damaged.
Result<bool> holds_nothing(const File& file) {
  const std::string bytes = TRY(file.read(first_record, record_header));
  return bytes.find_first_not_of('\0') == std::string::npos;
}

Result<Files> find_files(Disk& disk, const std::string& folder, Recovered& recovered) {
  Files files;
  auto names = disk.list(folder);
  if (!names && names.error().fault == Fault::not_found) return files;
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    const auto run = run_of_segment_name(name);
    if (!run) continue;
    recovered.next_run = std::max(recovered.next_run, *run + 1);
    std::string path = folder + "/" + name;
    recovered.segments.push_back(path);
    auto file = TRY(disk.open(path));
    if (auto header = decode_header(TRY(file->read(0, first_record))))
      files.segments.push_back({std::move(path), std::move(file), std::move(*header)});
    else if (!TRY(holds_nothing(*file)))
      files.unreadable.emplace_back(*run, std::move(path));
  }
  std::ranges::sort(files.segments, {}, [](const Found& one) {
    return std::tuple(one.header.run, one.header.shard, one.header.segment);
  });
  return files;
}

Result<Walk> walk(const Found& found, const RecordVisitor& visitor) {
  Walk seen(found.header, Reader(*found.file, TRY(found.file->size())), visitor);
  TRY(seen.run());
  return seen;
}

const RecordVisitor nobody = [](const RecoveredRecord&) {};

// The youngest run that took over what earlier ones had left; 0 where none says so. Their files are
// there because a start was cut short, or because the power was cut while they were removed.
Result<std::uint64_t> find_takeover(const std::vector<Found>& segments) {
  for (std::size_t i = segments.size(); i-- > 0;) {
    if (segments[i].header.run == segments.front().header.run) break;
    if (const std::uint64_t run = TRY(walk(segments[i], nobody)).takeover; run != 0) return run;
  }
  return 0;
}

}  // namespace

Result<Recovered> read_journals(Disk& disk, const std::string& folder,
                                const RecordVisitor& visitor) {
  Recovered recovered;
  const Files files = TRY(find_files(disk, folder, recovered));
  const std::uint64_t first_run = TRY(find_takeover(files.segments));
  for (const auto& [run, path] : files.unreadable) {
    recovered.corrupt.push_back(path);
    if (run >= first_run) ++recovered.corrupt_gaps;
  }
  // By run and shard: whether all that it wrote can still be there.
  std::map<std::pair<std::uint64_t, std::uint32_t>, bool> believed;
  std::set<std::pair<std::uint64_t, std::uint32_t>> ended;  // cleanly: what follows is empty
  for (const Found& found : files.segments) {
    const SegmentHeader& header = found.header;
    if (ended.contains({header.run, header.shard})) continue;
    const bool is_taken_over = header.run < first_run;
    const Walk seen = TRY(walk(found, is_taken_over ? nobody : visitor));
    if (seen.gaps > 0) recovered.corrupt.push_back(found.path);
    if (is_taken_over) continue;
    recovered.records += seen.records;
    recovered.corrupt_gaps += seen.gaps;
    recovered.torn_tails += seen.torn;
    const bool same_boot = header.boot_id == disk.boot_id();
    auto [entry, first] = believed.try_emplace({header.run, header.shard}, same_boot);
    if (seen.clean.value_or(false)) ended.insert({header.run, header.shard});
    if (seen.clean) entry->second = *seen.clean || same_boot;
  }
  recovered.trusted = recovered.corrupt_gaps == 0;
  for (const auto& [journal, believe] : believed) recovered.trusted &= believe;
  return recovered;
}

namespace {

constexpr std::string_view kept_ending = ".corrupt";

// Names begin with the run, so that the oldest stand first.
Result<> remove_old_corrupt(Disk& disk, const std::string& folder, std::size_t keep) {
  std::vector<std::string> names = TRY(disk.list(folder));
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(kept_ending); });
  for (std::size_t i = 0; i + keep < names.size(); ++i) TRY(disk.remove(folder + "/" + names[i]));
  return {};
}

}  // namespace

Result<> retire(Disk& disk, const std::string& folder, const Recovered& recovered,
                std::size_t keep) {
  for (const std::string& path : recovered.segments) {
    if (std::ranges::find(recovered.corrupt, path) == recovered.corrupt.end())
      TRY(disk.remove(path));
    else
      TRY(disk.rename(path, path + std::string(kept_ending)));
  }
  if (recovered.segments.empty()) return {};
  TRY(remove_old_corrupt(disk, folder, keep));
  return disk.sync_folder(folder);
}

}  // namespace herold::store
