// Follows the contract of Transport step by step, as the transport over a socket does.
#include "net/sim/sim_transport.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace herold::net::sim {

SimTransport::~SimTransport() {
  if (attachment_) detach();
  network_.let_go(link_, end_);
}

void SimTransport::attach(Loop& loop, Handler& handler) {
  CHECK(loop_ == nullptr);
  loop_ = &loop;
  handler_ = &handler;
  attachment_ = std::make_shared<SimTransport*>(this);
  look_again();
}

void SimTransport::detach() {
  CHECK(loop_ != nullptr);
  *attachment_ = nullptr;
  attachment_.reset();
  loop_ = nullptr;
  handler_ = nullptr;
  scheduled_ = false;
}

void SimTransport::look_again() {
  if (!loop_ || std::exchange(scheduled_, true)) return;
  loop_->post([attachment = attachment_] {
    if (*attachment) (*attachment)->on_ready();
  });
}

bool SimTransport::can_read() const {
  return established() && !found_end_ && !inward().arrived.empty();
}

std::size_t SimTransport::room() const {
  const auto& pipe = outward();
  const std::size_t used = pipe.flying_bytes + pipe.arrived.size();
  return used < network_.settings_.window ? network_.settings_.window - used : 0;
}

std::size_t SimTransport::read(std::span<char> buffer) {
  if (told_end_ || !can_read() || buffer.empty()) {
    find_end();
    return 0;
  }
  // Now and then the turn's share is used up early.
  if (network_.chance(network_.settings_.short_percent / 4)) {
    look_again();
    return 0;
  }
  auto& pipe = inward();
  const std::size_t size = network_.part_of(std::min(buffer.size(), pipe.arrived.size()));
  pipe.arrived.copy(buffer.data(), size);
  pipe.arrived.erase(0, size);
  network_.tell_room(link_, 1 - end_);
  return size;
}

void SimTransport::set_reading(bool on) {
  reading_ = on;
  if (on) look_again();
}

std::size_t SimTransport::write(std::string_view bytes) {
  if (bytes.empty() || closing_ || broken_) return 0;
  std::size_t took = 0;
  if (established()) took = std::min(bytes.size(), room());
  // Behind the peer's end nothing tells when the rest could follow: then all of it goes.
  if (took > 0 && !told_end_) took = network_.part_of(took);
  if (took > 0) network_.send(link_, end_, SimNetwork::Item::Kind::bytes, bytes.substr(0, took));
  owes_writable_ = took < bytes.size();
  // A short write though there is room: like a socket, it tells soon that it takes more.
  if (owes_writable_ && established() && room() > 0) look_again();
  return took;
}

void SimTransport::shutdown() {
  if (std::exchange(closing_, true) || broken_) return;
  owes_writable_ = false;
  network_.send(link_, end_, SimNetwork::Item::Kind::fin, {});
}

void SimTransport::start_tls(TlsServerContext&) { begin_tls(); }

void SimTransport::start_tls(TlsClientContext&, std::string_view name) {
  // What SNI would carry.
  if (SimTransport* peer = state().ends[1 - end_]) peer->server_name_ = name;
  begin_tls();
}

void SimTransport::begin_tls() {
  CHECK(tls_ == Tls::none);
  tls_ = Tls::started;
  if (!broken_ && !closing_) network_.send(link_, end_, SimNetwork::Item::Kind::hello, {});
  look_again();
}

std::string SimTransport::peer_address() const { return state().addresses[1 - end_]; }

void SimTransport::break_connection() {
  broken_ = true;
  look_again();
}

void SimTransport::finish_connecting() {
  connecting_ = false;
  owes_writable_ = true;
  look_again();
}

void SimTransport::refuse() {
  connecting_ = false;
  found_end_ = {Ending::reset, "Connection refused"};
  look_again();
}

// The same order as SocketTransport::on_ready(). Each call of the handler may end this attachment.
void SimTransport::on_ready() {
  scheduled_ = false;
  const std::shared_ptr<SimTransport*> attachment = attachment_;
  if (told_end_) return;
  if (tls_ == Tls::started && !connecting_ && !found_end_) {
    if (shake_hands()) handler_->on_secured();
    if (!*attachment) return;
  }
  if (owes_writable_ && established() && !broken_ && room() > 0) {
    owes_writable_ = false;
    handler_->on_writable();
    if (!*attachment) return;
  }
  if (reading_ && can_read()) {
    handler_->on_readable();
    if (!*attachment) return;
  }
  find_end();
  if (found_end_) {
    told_end_ = true;
    const End end = std::move(*found_end_);
    found_end_.reset();
    handler_->on_ended(end.ending, end.detail);
    return;
  }
  if (reading_ && can_read()) look_again();
}

bool SimTransport::shake_hands() {
  auto& pipe = inward();
  if (!pipe.arrived.empty()) {
    // Plain bytes where the handshake should be: what OpenSSL would make of them.
    found_end_ = {Ending::tls_failed, "wrong version number"};
    return false;
  }
  if (!pipe.hello_arrived) return false;
  tls_ = Tls::secured;
  // Bytes may have waited behind the greeting.
  network_.schedule(link_, 1 - end_);
  return true;
}

void SimTransport::find_end() {
  if (found_end_ || told_end_) return;
  const auto& pipe = inward();
  if (broken_ && (pipe.arrived.empty() || !reading_)) {
    found_end_ = {Ending::reset, "Connection reset by peer"};
  } else if (pipe.fin_arrived && pipe.arrived.empty() && reading_) {
    const bool failed = tls_ == Tls::started;
    found_end_ = failed ? End{Ending::tls_failed, "closed by the peer"}
                        : End{Ending::peer_closed, secured() ? "close_notify" : ""};
  }
  if (found_end_) look_again();
}

}  // namespace herold::net::sim
