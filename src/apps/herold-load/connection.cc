// Reads into the worker's one buffer and keeps only what is not whole yet.
#include "apps/herold-load/connection.h"

#include <utility>

#include "apps/herold-load/worker.h"
#include "net/tcp.h"
#include "xmpp/stream/reader.h"

namespace herold::load {

Connection::Connection(Worker& worker)
    : worker_(worker), scanner_(xmpp::stanza_bounds(worker.limits())) {}

Connection::~Connection() = default;

void Connection::open() {
  scanner_ = xml::Scanner(xmpp::stanza_bounds(worker_.limits()));
  auto transport = net::connect(worker_.options().server, worker_.limits(), worker_.next_source());
  if (!transport) return on_lost(transport.error().text);
  transport_ = std::move(*transport);
  transport_->attach(worker_.loop(), *this);
  if (worker_.options().transport == TransportKind::tls) begin_tls();
}

void Connection::begin_tls() { transport_->start_tls(worker_.tls(), worker_.options().domain); }

void Connection::drop() {
  if (!transport_) return;
  flush();
  transport_.reset();
  unread_.clear();
  out_.clear();
  ++epoch_;
}

void Connection::send(std::string_view bytes) {
  out_.append(bytes);
  if (!std::exchange(will_flush_, true)) worker_.flush_later(*this);
}

void Connection::flush() {
  will_flush_ = false;
  if (!transport_ || out_.empty()) return;
  out_.erase(0, transport_->write(out_));
}

void Connection::on_readable() {
  const unsigned epoch = epoch_;
  while (const std::size_t got = transport_->read(worker_.buffer())) {
    if (!feed({worker_.buffer().data(), got}) || epoch != epoch_) return;
  }
}

// False when the connection was dropped meanwhile.
bool Connection::feed(std::string_view bytes) {
  const unsigned epoch = epoch_;
  const bool is_kept = !unread_.empty();
  if (is_kept) unread_.append(bytes);
  const std::string_view input = is_kept ? std::string_view(unread_) : bytes;
  std::size_t position = 0;
  while (position < input.size()) {
    const xml::Scanner::Item item = scanner_.next(input.substr(position));
    if (item.token == xml::Scanner::Token::need_more) break;
    const std::string_view found = input.substr(position, item.size);
    position += item.size;
    unread_behind_ = position < input.size();
    take(item.token, found);
    if (epoch != epoch_) return false;
  }
  if (is_kept)
    unread_.erase(0, position);
  else
    unread_.assign(bytes.substr(position));
  return true;
}

void Connection::on_ended(net::Ending, std::string_view detail) {
  std::string text(detail);
  out_.clear();
  drop();
  on_lost(text.empty() ? "the server closed the connection" : std::move(text));
}

}  // namespace herold::load
