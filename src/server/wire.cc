// Bytes of a stream: reading within bounds, cutting, writing once a turn, closing in order.
#include "server/wire.h"

#include <algorithm>

#include "base/limits.h"
#include "server/shard.h"
#include "xmpp/stream/stream_text.h"

namespace herold::server {
namespace {

std::uint32_t bounded(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, UINT32_MAX));
}

}  // namespace

Wire::Wire(Kind kind, Shard& shard, ConnectionId id, std::unique_ptr<net::Transport> transport)
    : shard_(&shard),
      id_(id),
      transport_(std::move(transport)),
      kind_(kind),
      scanner_({bounded(shard.limits().preauth_element_bytes),
                bounded(shard.limits().preauth_elements), bounded(shard.limits().preauth_depth),
                bounded(shard.limits().stanza_attributes)}),
      peer_(transport_->peer_address()) {}

Wire::~Wire() = default;

void Wire::attach() { transport_->attach(shard_->loop(), *this); }

void Wire::leave() {
  deadline_.stop();
  transport_->detach();
}

void Wire::settle(Shard& shard) {
  shard_ = &shard;
  phase_ = Phase::open;
  flush_wanted_ = blocked_ = false;
}

// --- output --------------------------------------------------------------------------------------

std::string& Wire::output() {
  if (output_.empty()) shard_->spare_outputs().lend(output_);
  return output_;
}

void Wire::wrote(MessageId id) {
  if (id != 0) unconfirmed_.emplace_back(sent_total_ + output_.size() - output_taken_, id);
  if (!flush_wanted_) {
    flush_wanted_ = true;
    shard_->want_flush(*this);
  }
  const bool stuck = blocked() && output_.size() - output_taken_ > shard_->limits().send_buffer;
  if (stuck && phase_ == Phase::open && !std::exchange(is_slow_, true)) slow_reader();
}

bool Wire::takes_more() const {
  const std::uint64_t enough = std::min<std::uint64_t>(64_KiB, shard_->limits().send_buffer / 2);
  return !blocked() && waiting() < enough;
}

void Wire::hold() {
  is_held_ = true;
  pause_reading(true);
}

void Wire::release() {
  is_held_ = false;
  shard_->want_flush(*this);
  shard_->want_read(*this);
}

void Wire::flush() {
  if (is_held_) return;
  flush_wanted_ = false;
  if (blocked_) return;  // on_writable() goes on
  if (phase_ == Phase::closed || phase_ == Phase::moving) return;
  while (output_taken_ < output_.size()) {
    const std::string_view rest = std::string_view(output_).substr(output_taken_);
    const std::size_t taken = transport_->write(rest);
    count_output(taken);
    blocked_ = taken < rest.size();
    if (blocked_) return;
    if (output_taken_ < output_.size()) continue;
    shard_->spare_outputs().take_back(output_);  // an idle connection keeps no buffer
    output_taken_ = 0;
    if (!refill()) continue;
    // What that noted, as the count of an <a/>, is written at the end of the next turn.
    const store::Journal& journal = shard_->ledger().journal();
    if (journal.written() == journal.appended()) continue;
    flush_wanted_ = true;
    return shard_->flush_next_turn(*this);
  }
  if (std::exchange(start_tls_after_flush_, false)) begin_handshake();
  if (phase_ == Phase::closing) transport_->shutdown();
}

void Wire::start_tls_after_flush() {
  start_tls_after_flush_ = true;
  shard_->want_flush(*this);
}

void Wire::confirm(MessageId id) { shard_->done(id); }

void Wire::count_output(std::size_t taken) {
  output_taken_ += taken;
  sent_total_ += taken;
  while (!unconfirmed_.empty() && unconfirmed_.front().first <= sent_total_) {
    const MessageId id = unconfirmed_.front().second;
    unconfirmed_.pop_front();
    confirm(id);
  }
  if (output_taken_ < bounds::output_to_move || output_taken_ < output_.size() / 2) return;
  output_.erase(0, output_taken_);
  output_taken_ = 0;
}

// At the end of the turn: what was put into the output in this one is not in the written journal.
void Wire::on_writable() {
  blocked_ = false;
  shard_->want_flush(*this);
}

// Later: whoever writes to it now goes on with it.
void Wire::abandon_later(std::string_view reason) {
  shard_->log().info(reason, {{"peer", peer_}});
  shard_->loop().post([shard = shard_, id = id_] {
    if (Wire* slow = shard->find_wire(id)) slow->abandon();
  });
}

// --- input ---------------------------------------------------------------------------------------

bool Wire::reading() const {
  return phase_ == Phase::open && !is_waiting_ && !is_throttled_ && !is_held_ && wants_input();
}

// While the stream waits for something (an answer, TLS, its account) the transport is told so, or
// it would call again every turn.
void Wire::pause_reading(bool on) {
  if (on == is_paused_) return;
  is_paused_ = on;
  transport_->set_reading(!on);
}

void Wire::read_input() {
  if (in_input_ || phase_ != Phase::open) return;
  if (shard_->pressed()) {
    pause_reading(true);
    return shard_->read_when_relieved(*this);
  }
  in_input_ = true;
  if (reading()) pause_reading(false);
  read_some();
  in_input_ = false;
  if (phase_ == Phase::moving) return move_on();
  if (phase_ == Phase::open && !reading()) pause_reading(true);
}

void Wire::read_some() {
  std::uint64_t budget = shard_->limits().turn_bytes;
  if (!input_.empty() && reading()) take({});
  while (reading()) {
    std::string& scratch = shard_->scratch();
    const std::size_t got = transport_->read({scratch.data(), scratch.size()});
    if (got == 0 || !spend(got)) return;
    take({scratch.data(), got});
    if (got >= budget) return shard_->want_read(*this);  // the others have their turn
    budget -= got;
  }
}

void Wire::fill_bandwidth(std::uint64_t burst) {
  tokens_ = static_cast<std::int64_t>(burst);
  tokens_at_ = shard_->now();
}

void Wire::charge(std::size_t bytes, std::uint64_t rate, std::uint64_t burst) {
  const MonotonicTime now = shard_->now();
  const auto a_second = static_cast<std::int64_t>(rate);
  const std::int64_t earned = (now - tokens_at_).count() * a_second / 1000000;
  tokens_ = std::min(static_cast<std::int64_t>(burst), tokens_ + earned) -
            static_cast<std::int64_t>(bytes);
  tokens_at_ = now;
  if (tokens_ >= 0) return;
  is_throttled_ = true;
  deadline_.start(shard_->loop(), Microseconds(-tokens_ * 1000000 / a_second), [this] {
    is_throttled_ = false;
    unthrottled();
    read_input();
  });
}

// `bytes` follow what is in input_; whatever is not a whole element yet is kept there.
void Wire::take(std::string_view bytes) {
  if (input_.empty()) {
    const std::size_t used = cut(bytes);
    input_.assign(bytes.substr(used));
    return;
  }
  input_ += bytes;
  std::string whole = std::move(input_);  // handlers must not find it changing
  input_.clear();
  const std::size_t used = cut(whole);
  if (used < whole.size()) {
    whole.erase(0, used);
    input_ = std::move(whole);
  }
}

// Handles the items at the front of `input`; says how many bytes are done with.
std::size_t Wire::cut(std::string_view input) {
  std::size_t used = 0;
  while (used < input.size() && reading()) {
    const bool skipping = scanner_.skipping();
    const auto [token, size] = scanner_.next(input.substr(used));
    if (token == xml::Scanner::Token::need_more) return skipping ? used + size : used;
    const std::string_view item = input.substr(used, size);
    unread_ = used + size < input.size();
    used += size;
    skipping ? skipped(token == xml::Scanner::Token::element) : take_item(token, item);
  }
  return used;
}

void Wire::take_item(xml::Scanner::Token token, std::string_view bytes) {
  using Token = xml::Scanner::Token;
  switch (token) {
    case Token::header: {
      auto header = xml::parse_header(bytes, bounds());
      if (!header) return fail(xmpp::condition_of(header.error()));
      scope_ = xmpp::stanza_scope(header->scope);
      return take_header(*header);
    }
    case Token::element: {
      auto element = xml::parse_element(bytes, scope_, bounds());
      if (!element) return fail(xmpp::condition_of(element.error()));
      return take_element(std::move(*element));
    }
    case Token::footer:
      return take_footer();
    case Token::whitespace:
      return take_whitespace();
    case Token::text:
      return fail(xmpp::StreamCondition::bad_format);
    case Token::malformed:
      return fail(xmpp::StreamCondition::not_well_formed);
    case Token::restricted:
      return fail(xmpp::StreamCondition::restricted_xml);
    case Token::encoding:
      return fail(xmpp::StreamCondition::unsupported_encoding);
    case Token::too_large:
      return take_oversized(bytes);
    case Token::need_more:
      return;
  }
}

void Wire::restart_scanner() {
  scanner_.restart();
  scanner_.set_bounds(bounds());
  scope_ = {};
}

void Wire::skip_oversized(std::uint64_t most) { scanner_.skip_element(most); }

// --- the end -------------------------------------------------------------------------------------

void Wire::finish_close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closing;
  pause_reading(true);
  deadline_.start(shard_->loop(), Seconds(shard_->limits().close_linger), [this] {
    phase_ = Phase::closed;
    shard_->drop(*this);
  });
  shard_->want_flush(*this);
}

bool Wire::close_at_once() {
  if (phase_ == Phase::closed) return false;
  phase_ = Phase::closed;
  return true;
}

}  // namespace herold::server
