// Cutting records, and what may come after the handshake: data, alerts, new keys, tickets.
#include "net/tls13_records.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace herold::net {
namespace {

enum class Message : std::uint8_t { new_session_ticket = 4, key_update = 24 };

constexpr std::size_t message_header_bytes = 4;

std::uint8_t byte_at(std::string_view bytes, std::size_t place) {
  return static_cast<std::uint8_t>(bytes[place]);
}

// Assigning an empty string would keep the memory.
void release(std::string& bytes) { std::string().swap(bytes); }

}  // namespace

TlsWorkspace::TlsWorkspace(const Limits& limits)
    : idle_records(limits.tls_idle_records),
      // Far below the 2^24.5 records that AES-GCM stands (RFC 8446 section 5.5).
      key_records(std::min<std::uint64_t>(limits.tls_key_records, 1 << 24)) {}

Tls13Records::Tls13Records(Role role, TrafficKeys reading, TrafficKeys writing)
    : reading_(std::move(reading)), writing_(std::move(writing)), role_(role) {}

std::string Tls13Records::failure() const {
  if (!failure_) return {};
  std::string name = SSL_alert_desc_string_long(static_cast<int>(*failure_));
  std::ranges::replace(name, '_', ' ');  // OpenSSL writes some of them so
  return (from_peer_ ? "the peer's alert: " : "") + name;
}

// --- what comes ----------------------------------------------------------------------------------

std::size_t Tls13Records::wanted(std::size_t room) const {
  const bool headed = held_.size() >= record_header_bytes;
  const std::size_t whole = headed
                                ? record_header_bytes + (byte_at(held_, 3) << 8) + byte_at(held_, 4)
                                : record_header_bytes;
  return std::max(room, whole) - held_.size();
}

std::size_t Tls13Records::open(std::span<char> sealed, std::span<char> out, TlsWorkspace& space) {
  CHECK(!has_data());
  std::size_t made = 0;
  while (!sealed.empty() && !over()) {
    const std::span<char> record = next_record(sealed);
    if (record.empty()) break;
    made += open_record(record, out.subspan(made), space);
    if (!has_data()) release(held_);
  }
  if (over()) release(held_);
  return made;
}

// The whole record at the front, cut off; none when it is not all there, or nothing that we read.
std::span<char> Tls13Records::next_record(std::span<char>& sealed) {
  if (held_.empty() && sealed.size() >= record_header_bytes) {
    const std::size_t size = record_size({sealed.data(), sealed.size()});
    if (size == 0) return {};
    if (sealed.size() >= size) {
      const std::span<char> record = sealed.first(size);
      sealed = sealed.subspan(size);
      return record;
    }
  }
  if (!hold(sealed, record_header_bytes)) return {};
  const std::size_t size = record_size(held_);
  if (size == 0 || !hold(sealed, size)) return {};
  return {held_.data(), held_.size()};
}

// With its header; 0 when the record is refused for what the header says.
std::size_t Tls13Records::record_size(std::string_view header) {
  const std::size_t payload =
      static_cast<std::size_t>(byte_at(header, 3) << 8) | byte_at(header, 4);
  if (byte_at(header, 0) != static_cast<std::uint8_t>(RecordType::application_data))
    fail(TlsAlert::unexpected_message);
  else if (payload > record_payload_bytes)
    fail(TlsAlert::record_overflow);
  return failed() ? 0 : record_header_bytes + payload;
}

// Moves bytes into held_ until it has `size`; says whether it has.
bool Tls13Records::hold(std::span<char>& sealed, std::size_t size) {
  if (held_.size() >= size) return true;
  const std::size_t count = std::min(size - held_.size(), sealed.size());
  // Grows with what has really come, but never beyond the record.
  if (held_.size() + count > held_.capacity())
    held_.reserve(std::min(size, std::max(held_.size() + count, 2 * held_.size())));
  held_.append(sealed.data(), count);
  sealed = sealed.subspan(count);
  return held_.size() == size;
}

std::size_t Tls13Records::open_record(std::span<char> record, std::span<char> out,
                                      TlsWorkspace& space) {
  // In its own place where the data might be more than there is room for.
  char* target = record.size() <= out.size() ? out.data() : record.data() + record_header_bytes;
  const auto opened = reading_.open({record.data(), record.size()}, target, space.ciphers);
  if (!opened) {
    fail(opened.error());
    return 0;
  }
  const std::string_view content(target, opened->size);
  const bool is_data = opened->type == RecordType::application_data && !content.empty();
  // Each costs work and shows nothing: a peer that sends many of them means harm.
  idle_ = is_data ? 0 : idle_ + 1;
  if (idle_ > space.idle_records) fail(TlsAlert::unexpected_message);
  // Section 5.1: nothing stands between the parts of a handshake message.
  if (mid_message() && opened->type != RecordType::handshake) fail(TlsAlert::unexpected_message);
  if (failed()) return 0;
  if (is_data) return give(content, out);
  if (opened->type == RecordType::alert) on_alert(content);
  if (opened->type == RecordType::handshake) on_handshake(content, space.ciphers);
  return 0;
}

// `data` stands in `out` already, or must be copied there as far as there is room.
std::size_t Tls13Records::give(std::string_view data, std::span<char> out) {
  if (data.data() == out.data()) return data.size();
  const std::size_t count = std::min(data.size(), out.size());
  std::memcpy(out.data(), data.data(), count);
  if (count == data.size()) return count;
  held_ = std::string(data);  // which may have stood in held_ itself
  taken_ = static_cast<std::uint32_t>(count);
  return count;
}

std::size_t Tls13Records::take_data(std::span<char> out) {
  const std::size_t count = held_.copy(out.data(), out.size(), taken_);
  taken_ += static_cast<std::uint32_t>(count);
  if (taken_ == held_.size()) {
    taken_ = 0;
    release(held_);
  }
  return count;
}

// Section 6: its level says nothing in TLS 1.3.
void Tls13Records::on_alert(std::string_view content) {
  if (content.size() != 2) return fail(TlsAlert::decode_error);
  switch (const auto alert = static_cast<TlsAlert>(content[1])) {
    case TlsAlert::close_notify:
      closed_ = true;
      return;
    case TlsAlert::user_canceled:  // close_notify follows
      return;
    default:
      from_peer_ = true;
      return fail(alert);
  }
}

// Section 4: messages, one behind the other, in parts as the peer likes.
void Tls13Records::on_handshake(std::string_view content, RecordCiphers& ciphers) {
  while (!content.empty() && !over()) {
    if (skip_ > 0) {
      const auto count = static_cast<std::uint32_t>(std::min<std::size_t>(skip_, content.size()));
      skip_ -= count;
      content.remove_prefix(count);
      continue;
    }
    message_[message_size_++] = byte_at(content, 0);
    content.remove_prefix(1);
    if (message_size_ == message_header_bytes) begin_message();
    if (message_size_ > message_header_bytes) on_key_update(content.empty(), ciphers);
  }
}

void Tls13Records::begin_message() {
  const auto type = static_cast<Message>(message_[0]);
  const auto size = static_cast<std::uint32_t>(message_[1] << 16 | message_[2] << 8 | message_[3]);
  if (type == Message::key_update) {
    if (size != 1) fail(TlsAlert::decode_error);
  } else if (type == Message::new_session_ticket && role_ == Role::client) {
    skip_ = size;  // our client never resumes
    message_size_ = 0;
  } else {
    fail(TlsAlert::unexpected_message);
  }
}

// Section 4.6.3. The next record has the new key, so nothing may follow in this one (section 5.1).
void Tls13Records::on_key_update(bool at_record_end, RecordCiphers& ciphers) {
  const unsigned char request = message_[message_header_bytes];
  message_size_ = 0;
  if (!at_record_end) return fail(TlsAlert::unexpected_message);
  if (request > 1) return fail(TlsAlert::illegal_parameter);
  reading_.update(ciphers, RecordCiphers::Use::open);
  owes_key_ |= request == 1;
}

// --- what goes -----------------------------------------------------------------------------------

std::size_t Tls13Records::seal(std::string_view data, std::span<char> out, TlsWorkspace& space) {
  CHECK(data.size() <= TlsWorkspace::batch_bytes);
  std::size_t size = 0;
  if (owes_key_ || writing_.sequence() >= space.key_records) size = seal_key_update(out, space);
  for (; !data.empty(); data.remove_prefix(std::min(data.size(), record_content_bytes)))
    size += writing_.seal(RecordType::application_data, data.substr(0, record_content_bytes),
                          out.subspan(size), space.ciphers);
  return size;
}

std::size_t Tls13Records::seal_alert(TlsAlert alert, std::span<char> out, TlsWorkspace& space) {
  const bool is_warning = alert == TlsAlert::close_notify;
  const char content[] = {is_warning ? '\1' : '\2', static_cast<char>(alert)};
  return writing_.seal(RecordType::alert, {content, sizeof content}, out, space.ciphers);
}

std::size_t Tls13Records::seal_key_update(std::span<char> out, TlsWorkspace& space) {
  constexpr char not_requested[] = {static_cast<char>(Message::key_update), 0, 0, 1, 0};
  const std::size_t size = writing_.seal(RecordType::handshake,
                                         {not_requested, sizeof not_requested}, out, space.ciphers);
  writing_.update(space.ciphers, RecordCiphers::Use::seal);
  owes_key_ = false;
  return size;
}

void Tls13Records::leave(RecordCiphers& ciphers) const {
  reading_.forget_in(ciphers, RecordCiphers::Use::open);
  writing_.forget_in(ciphers, RecordCiphers::Use::seal);
}

}  // namespace herold::net
