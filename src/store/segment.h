// The file format of a journal segment: header, records, and how to tell true from torn.
//
// Little endian. A file starts with a header (twice, in two pages); records follow from
// first_record on, each on a multiple of 8 bytes: word length (24 bits) and kind (8 bits), word
// CRC32C, payload, zero padding. The CRC starts from the segment's random salt and the record's
// own offset: bytes that a stranger put into a message, or that lie elsewhere, never pass for one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace herold::store {

inline constexpr std::uint32_t segment_format = 1;  // this and the previous one are read
inline constexpr Bytes first_record = 8192;
inline constexpr Bytes second_header = 4096;
inline constexpr Bytes record_header = 8;
inline constexpr Bytes longest_record = (Bytes{1} << 24) - 1;

// Kind 0 is the journal's own; the first payload byte says which.
enum class OwnRecord : std::uint8_t {
  group = 1,  // then 8 bytes: up to which offset this segment was synced when this was written
  clean = 2,  // the shutdown was clean; nothing follows in this run of the shard
  // Then 8 bytes, a run: all that was open in the journals of runs before it stands in those of
  // this one, of all shards. One such record in the journal of one shard is enough.
  taken_over = 3,
};

struct SegmentHeader {
  std::uint32_t format = segment_format;
  std::uint32_t shard = 0;
  std::uint64_t run = 0;      // grows with every start
  std::uint64_t segment = 0;  // from 1 within the run of the shard
  std::uint64_t salt = 0;
  std::string boot_id;  // at most 64 bytes
};

std::string segment_name(const SegmentHeader& header);
// Empty for the name of anything else.
std::optional<std::uint64_t> run_of_segment_name(std::string_view name);

// All bytes before first_record.
std::string encode_header(const SegmentHeader& header);
// From the bytes before first_record; empty when both copies are damaged or of another format.
std::optional<SegmentHeader> decode_header(std::string_view bytes);

constexpr Bytes record_size(Bytes payload) { return (record_header + payload + 7) & ~Bytes{7}; }

// Appends the record to `buffer`; it will stand at `offset` of the segment.
void encode_record(std::string& buffer, std::uint64_t salt, std::uint64_t offset, std::uint8_t kind,
                   std::string_view payload);

struct RecordView {
  std::uint8_t kind = 0;
  std::string_view payload;
};

// Every write starts with a group mark: how far this segment was synced by then. Recovery tells by
// it damage (inside what was synced) from a tail that the power cut tore off, and goes on reading
// at the next one behind damage: only its fixed length makes that search cheap.
inline constexpr Bytes group_mark_bytes = 9;
std::string encode_group_mark(std::uint64_t synced);
std::optional<std::uint64_t> decode_group_mark(const RecordView& record);

// As long as a group mark. Releases that do not know it skip it, and read older runs as well.
std::string encode_takeover(std::uint64_t run);
std::optional<std::uint64_t> decode_takeover(const RecordView& record);

// The record at `offset` of a segment whose bytes from there on start with `bytes`; empty when
// there is none (the end, torn or corrupt).
std::optional<RecordView> decode_record(std::string_view bytes, std::uint64_t salt,
                                        std::uint64_t offset);

}  // namespace herold::store
