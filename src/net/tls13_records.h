// One TLS 1.3 connection after its handshake: records in, data out, and the rules for everything
// else that may come (RFC 8446 sections 4.6, 5 and 6). Bytes only, no I/O. Internal to net.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "net/tls13_keys.h"

namespace herold::net {

// What the TLS connections of one thread share; the thread's loop owns it. Nothing in it outlasts
// a call but the key of the connection that worked last.
struct TlsWorkspace {
  static constexpr std::size_t batch_bytes = 4 * record_content_bytes;  // sealed for one write

  explicit TlsWorkspace(const Limits& limits);

  const std::uint64_t idle_records;
  const std::uint64_t key_records;
  RecordCiphers ciphers;
  std::array<char, 64 * 1024> input;
  // A batch of records behind a key update.
  std::array<char, batch_bytes + 5 * record_overhead_bytes + 5> output;
};

class Tls13Records {
 public:
  enum class Role : std::uint8_t { server, client };

  Tls13Records(Role role, TrafficKeys reading, TrafficKeys writing);

  // --- what comes. Memory is kept for an unfinished record only, and never for more than one.

  // How many bytes of records open() takes at most when the caller has room for `room` bytes of
  // data: as many as surely fit, or what the next record lacks. At least 1.
  std::size_t wanted(std::size_t room) const;
  // Handles the records in `sealed`, which follows what was given before and is overwritten;
  // returns how much data has been written to the front of `out`.
  std::size_t open(std::span<char> sealed, std::span<char> out, TlsWorkspace& space);
  // Data of a record that was larger than its reader's buffer. It comes before anything else.
  bool has_data() const { return taken_ > 0; }
  std::size_t take_data(std::span<char> out);

  bool closed() const { return closed_; }  // close_notify came, nothing after it counts
  bool failed() const { return failure_.has_value(); }
  std::string failure() const;  // "" while there is none
  // What has to be told to the peer because of it.
  std::optional<TlsAlert> alert() const { return from_peer_ ? std::nullopt : failure_; }

  // --- what goes. Each makes records at the front of `out` and returns their size.

  // At most TlsWorkspace::batch_bytes of data. Before them the key is replaced when it is due.
  std::size_t seal(std::string_view data, std::span<char> out, TlsWorkspace& space);
  std::size_t seal_alert(TlsAlert alert, std::span<char> out, TlsWorkspace& space);
  // The peer asked for a new key of ours and has not been answered.
  bool owes_key() const { return owes_key_; }
  std::size_t seal_key_update(std::span<char> out, TlsWorkspace& space);

  Tls13Suite suite() const { return reading_.suite(); }
  // No trace of this connection's keys remains in `ciphers`.
  void leave(RecordCiphers& ciphers) const;

 private:
  bool over() const { return closed_ || failed(); }
  bool mid_message() const { return message_size_ > 0 || skip_ > 0; }
  void fail(TlsAlert alert) { failure_ = alert; }
  std::size_t record_size(std::string_view header);
  std::span<char> next_record(std::span<char>& sealed);
  bool hold(std::span<char>& sealed, std::size_t size);
  std::size_t open_record(std::span<char> record, std::span<char> out, TlsWorkspace& space);
  std::size_t give(std::string_view data, std::span<char> out);
  void on_alert(std::string_view content);
  void on_handshake(std::string_view content, RecordCiphers& ciphers);
  void begin_message();
  void on_key_update(bool at_record_end, RecordCiphers& ciphers);

  TrafficKeys reading_, writing_;
  std::string held_;                        // an unfinished record, or opened data that did not fit
  std::uint32_t taken_ = 0;                 // of held_ when it is data: where the rest begins
  std::uint32_t skip_ = 0;                  // what is left of a handshake message that nobody needs
  std::uint32_t idle_ = 0;                  // records without data in a row
  std::array<unsigned char, 5> message_{};  // the begin of a handshake message
  std::uint8_t message_size_ = 0;
  const Role role_;
  std::optional<TlsAlert> failure_;
  bool from_peer_ = false;  // failure_ is the peer's alert
  bool closed_ = false;
  bool owes_key_ = false;
};

}  // namespace herold::net
