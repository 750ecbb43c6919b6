// One recv for all records that wait, one send for a batch of them.
#include "net/tls13_stream.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace herold::net {
namespace {

// Of `data` bytes in `sealed` bytes of records, how much stands in records that end before `sent`.
std::size_t data_in(std::size_t sent, std::size_t sealed, std::size_t data) {
  if (sent == sealed) return data;
  constexpr std::size_t full = record_content_bytes + record_overhead_bytes;
  const std::size_t records = (data + record_content_bytes - 1) / record_content_bytes;
  const std::size_t before = sealed - data - records * record_overhead_bytes;  // a key update
  return sent < before ? 0 : (sent - before) / full * record_content_bytes;
}

}  // namespace

std::size_t Tls13Stream::read(std::span<char> buffer, TlsWorkspace& space) {
  if (buffer.empty()) return 0;
  if (records_.has_data()) return records_.take_data(buffer);
  std::size_t made = 0;
  while (made == 0 && !failed() && !closed_by_peer()) {
    const std::size_t wanted = std::min(records_.wanted(buffer.size()), space.input.size());
    const std::size_t got = fetch({space.input.data(), wanted});
    if (got == 0) {
      cut_ = socket_.at_end();
      break;
    }
    made = records_.open({space.input.data(), got}, buffer, space);
  }
  answer(space);
  return made;
}

std::size_t Tls13Stream::fetch(std::span<char> buffer) {
  if (ahead_.empty()) return socket_.read(buffer);
  const std::size_t got = ahead_.copy(buffer.data(), buffer.size());
  ahead_.erase(0, got);
  if (ahead_.empty()) std::string().swap(ahead_);
  return got;
}

// What reading obliges us to say: at most one record, and our last one where the peer broke a rule.
void Tls13Stream::answer(TlsWorkspace& space) {
  if (records_.owes_key() && !failed()) flush(space);
  const auto alert = records_.alert();
  if (!alert || close_made_) return;
  close_made_ = true;
  const std::size_t size = records_.seal_alert(*alert, space.output, space);
  send({space.output.data(), size});
  flush(space);
}

std::size_t Tls13Stream::write(std::string_view data, TlsWorkspace& space) {
  // Records hold these bytes already; they count once they have left.
  CHECK(data.size() >= unsent_data_);
  if (failed() || close_made_ || !flush(space)) return 0;
  std::size_t took = std::exchange(unsent_data_, 0);
  while (took < data.size() && socket_.writable()) {
    const std::string_view batch = data.substr(took, TlsWorkspace::batch_bytes);
    const std::size_t size = records_.seal(batch, space.output, space);
    const std::size_t sent = send({space.output.data(), size});
    const std::size_t counted = data_in(sent, size, batch.size());
    took += counted;
    if (sent == size) continue;
    unsent_data_ = batch.size() - counted;
    break;
  }
  return took;
}

// Keeps what the socket does not take, behind what it has not taken before.
std::size_t Tls13Stream::send(std::string_view sealed) {
  const std::size_t sent = unsent_.empty() ? socket_.write(sealed) : 0;
  unsent_.append(sealed.substr(sent));
  return sent;
}

bool Tls13Stream::flush(TlsWorkspace& space) {
  if (!unsent_.empty()) {
    unsent_.erase(0, socket_.write(unsent_));
    if (!unsent_.empty()) return false;
    std::string().swap(unsent_);
  }
  if (!records_.owes_key() || close_made_ || !socket_.writable()) return true;
  const std::size_t size = records_.seal_key_update(space.output, space);
  return send({space.output.data(), size}) == size;
}

bool Tls13Stream::send_close(TlsWorkspace& space) {
  if (failed()) return true;  // that was our last word
  if (!std::exchange(close_made_, true)) {
    const std::size_t size = records_.seal_alert(TlsAlert::close_notify, space.output, space);
    send({space.output.data(), size});
  }
  return flush(space) || socket_.write_failed();
}

}  // namespace herold::net
