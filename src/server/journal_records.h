// What stands in the journal: stanzas accepted, how far each session is, and what is done.
//
// DECISIONS.md 1-7. Each record is declared once as a list of fields, for writing and reading.
// New fields are added at the end: a reader of an older record finds them at their defaults.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "server/stanza.h"

namespace herold::server {

// Names a session for as long as it can be resumed; unique in a run.
using SessionKey = std::uint64_t;

enum class RecordKind : std::uint8_t {
  commit = 1,     // a stanza was accepted: it will be delivered, stored or bounced
  done = 2,       // a stanza is where it belongs
  session = 3,    // everything of a session; the newest one counts
  ended = 4,      // a session is over and what it had is handed over
  handled = 5,    // an <a h/> that leaves next
  sent = 6,       // a committed stanza's number in a session's outgoing stream
  acked = 7,      // what the client of a session said it has
  request = 8,    // a client's stanza to which an answer is owed
  answered = 9,   // that answer's number in the session's outgoing stream
  removed = 10,   // an account is removed with all that was for it
  archived = 11,  // archives have these stanzas
  shared = 12,    // a committed stanza's numbers in the outgoing streams of many sessions
};

namespace detail {

class RecordWriter {
 public:
  void operator()(std::uint64_t value) { out.append(reinterpret_cast<char*>(&value), 8); }
  void operator()(std::uint32_t value) { out.append(reinterpret_cast<char*>(&value), 4); }
  void operator()(std::uint8_t value) { out += static_cast<char>(value); }
  void operator()(const std::string& text) { write(text); }
  void operator()(const SharedBytes& bytes) { write(bytes.view()); }
  template <class T>
  void operator()(const std::vector<T>& list) {
    (*this)(static_cast<std::uint32_t>(list.size()));
    for (const T& item : list) (*this)(item);
  }
  std::string out;

 private:
  void write(std::string_view text) {
    (*this)(static_cast<std::uint32_t>(text.size()));
    out += text;
  }
};

// How long a record will be, so that it is written into one piece of memory.
class RecordMeasure {
 public:
  void operator()(std::uint64_t) { size += 8; }
  void operator()(std::uint32_t) { size += 4; }
  void operator()(std::uint8_t) { size += 1; }
  void operator()(const std::string& text) { size += 4 + text.size(); }
  void operator()(const SharedBytes& bytes) { size += 4 + bytes.view().size(); }
  template <class T>
  void operator()(const std::vector<T>& list) {
    size += 4;
    for (const T& item : list) (*this)(item);
  }
  std::size_t size = 0;
};

class RecordReader {
 public:
  explicit RecordReader(std::string_view bytes) : rest_(bytes) {}
  void operator()(std::uint64_t& value) { read(&value, 8); }
  void operator()(std::uint32_t& value) { read(&value, 4); }
  void operator()(std::uint8_t& value) { read(&value, 1); }
  void operator()(std::string& text) { text = std::string(take()); }
  void operator()(SharedBytes& bytes) { bytes = SharedBytes(take()); }
  template <class T>
  void operator()(std::vector<T>& list) {
    std::uint32_t size = 0;
    (*this)(size);
    for (std::uint32_t i = 0; i < size && !rest_.empty(); ++i) (*this)(list.emplace_back());
  }

 private:
  void read(void* value, std::size_t size) {
    if (rest_.size() < size) return void(rest_ = {});
    std::memcpy(value, rest_.data(), size);
    rest_.remove_prefix(size);
  }
  std::string_view take() {
    std::uint32_t size = 0;
    (*this)(size);
    if (size > rest_.size()) return rest_ = {};
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }
  std::string_view rest_;
};

}  // namespace detail

struct CommitRecord {
  std::uint64_t id = 0;
  std::uint64_t session = 0;  // of the sender; 0: none, or one that cannot be resumed
  std::uint32_t inbound = 0;  // the stanza's number in it
  std::uint8_t kind = 0;
  std::uint8_t type = 0;
  std::string from, to, stanza_id, lang;
  std::uint64_t accepted = 0;  // microseconds since 1970
  SharedBytes payload;
  std::uint64_t stable = 0;
  std::uint8_t leaving = 0;
  Waits waits = waiting_for::delivery | waiting_for::received;

  static constexpr RecordKind record_kind = RecordKind::commit;
  template <class Self, class Io>
  static void fields(Self& r, Io& io) {
    io(r.id), io(r.session), io(r.inbound), io(r.kind), io(r.type), io(r.from), io(r.to);
    io(r.stanza_id), io(r.lang), io(r.accepted), io(r.payload);
    io(r.stable), io(r.leaving), io(r.waits);
  }
  static CommitRecord of(const Stanza& stanza);
  Stanza stanza() const;
};

struct DoneRecord {
  std::uint64_t id = 0;
  Waits parts = waiting_for::all;  // of what it waited for
  static constexpr RecordKind record_kind = RecordKind::done;
  template <class Self, class Io>
  static void fields(Self& r, Io& io) {
    io(r.id), io(r.parts);
  }
};

struct ArchivedRecord {
  std::vector<std::uint64_t> ids;
  Waits part = 0;  // which archive
  static constexpr RecordKind record_kind = RecordKind::archived;
  template <class Self, class Io>
  static void fields(Self& r, Io& io) {
    io(r.ids), io(r.part);
  }
};

struct SessionRecord {
  std::uint64_t key = 0;
  std::string jid;
  std::string resume_token;
  std::uint32_t resume_seconds = 0;
  std::uint32_t handled = 0;  // of the client's stanzas
  std::uint32_t acked = 0;    // of ours
  std::uint8_t flags = 0;     // SessionFlag, combined
  std::uint8_t priority = 0;  // -128 .. 127, as its bit pattern
  SharedBytes presence;       // payload of the last available presence
  std::vector<std::string> directed;
  std::uint64_t roster_version = 0;  // that its client has, at least
  std::uint64_t client = 0;          // ClientIdentity
  std::uint8_t proof = 0;

  static constexpr RecordKind record_kind = RecordKind::session;
  template <class Self, class Io>
  static void fields(Self& r, Io& io) {
    io(r.key), io(r.jid), io(r.resume_token), io(r.resume_seconds), io(r.handled), io(r.acked);
    io(r.flags), io(r.priority), io(r.presence), io(r.directed);
    io(r.roster_version);
    io(r.client), io(r.proof);
  }
};

struct EndedRecord {
  std::uint64_t session = 0;
  static constexpr RecordKind record_kind = RecordKind::ended;
  template <class Self, class Io>
  static void fields(Self& r, Io& io) {
    io(r.session);
  }
};

struct HandledRecord {
  std::uint64_t session = 0;
  std::uint32_t handled = 0;
  static constexpr RecordKind record_kind = RecordKind::handled;
  template <class Self, class Io>
  static void fields(Self& r, Io& io) {
    io(r.session), io(r.handled);
  }
};

struct SentRecord {
  std::uint64_t session = 0;
  std::uint64_t id = 0;
  std::uint32_t number = 0;
  static constexpr RecordKind record_kind = RecordKind::sent;
  template <class Self, class Io>
  static void fields(Self& r, Io& io) {
    io(r.session), io(r.id), io(r.number);
  }
};

struct SharedRecord {
  std::uint64_t id = 0;
  std::vector<std::uint64_t> sessions;
  std::vector<std::uint32_t> numbers;  // there, in the order of `sessions`
  // Those that have not come back after a restart: their numbers are not known yet.
  std::vector<std::uint64_t> unnumbered;
  static constexpr RecordKind record_kind = RecordKind::shared;
  template <class Self, class Io>
  static void fields(Self& r, Io& io) {
    io(r.id), io(r.sessions), io(r.numbers), io(r.unnumbered);
  }
};

struct AckedRecord {
  std::uint64_t session = 0;
  std::uint32_t acked = 0;
  static constexpr RecordKind record_kind = RecordKind::acked;
  template <class Self, class Io>
  static void fields(Self& r, Io& io) {
    io(r.session), io(r.acked);
  }
};

struct RequestRecord {
  std::uint64_t session = 0;
  std::uint32_t number = 0;  // of the request, in the incoming stream
  std::uint8_t kind = 0;     // StanzaKind
  std::string stanza_id, to;

  static constexpr RecordKind record_kind = RecordKind::request;
  template <class Self, class Io>
  static void fields(Self& r, Io& io) {
    io(r.session), io(r.number), io(r.kind), io(r.stanza_id), io(r.to);
  }
};

struct AnsweredRecord {
  std::uint64_t session = 0;
  std::uint32_t number = 0;  // of the request
  std::uint32_t answer = 0;
  static constexpr RecordKind record_kind = RecordKind::answered;
  template <class Self, class Io>
  static void fields(Self& r, Io& io) {
    io(r.session), io(r.number), io(r.answer);
  }
};

struct RemovedRecord {
  std::string account;
  static constexpr RecordKind record_kind = RecordKind::removed;
  template <class Self, class Io>
  static void fields(Self& r, Io& io) {
    io(r.account);
  }
};

template <class Record>
std::string encode_record(const Record& record) {
  detail::RecordMeasure measure;
  Record::fields(record, measure);
  detail::RecordWriter writer;
  writer.out.reserve(measure.size);
  Record::fields(record, writer);
  return std::move(writer.out);
}

template <class Record>
Record decode_record(std::string_view bytes) {
  Record record;
  detail::RecordReader reader(bytes);
  Record::fields(record, reader);
  return record;
}

}  // namespace herold::server
