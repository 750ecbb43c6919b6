// Bytes of a client: reading within bounds, cutting, writing once a turn, closing in order.
#include "server/connection.h"

#include <algorithm>

#include "base/limits.h"
#include "server/client_trust.h"
#include "server/pending_sign_in.h"
#include "server/server.h"
#include "server/session.h"
#include "server/shard.h"
#include "xml/parser.h"
#include "xmpp/stream/stream_text.h"

namespace herold::server {
namespace {

xmpp::Channel channel_of(ListenerKind kind) {
  switch (kind) {
    case ListenerKind::plain:
      return xmpp::Channel::trusted;
    case ListenerKind::proxied:
      return xmpp::Channel::proxied;
    default:
      return xmpp::Channel::open;
  }
}

// As XEP-0515 writes it.
std::string version_of(std::string_view tls_description) {
  if (tls_description.starts_with("TLSv1.3")) return "0304";
  return tls_description.starts_with("TLSv1.2") ? "0303" : "";
}

std::uint32_t bounded(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, UINT32_MAX));
}

}  // namespace

Connection::Connection(Shard& shard, ConnectionId id, std::unique_ptr<net::Transport> transport,
                       ListenerKind kind)
    : shard_(&shard),
      id_(id),
      transport_(std::move(transport)),
      scanner_({bounded(shard.limits().preauth_element_bytes),
                bounded(shard.limits().preauth_elements), bounded(shard.limits().preauth_depth),
                bounded(shard.limits().stanza_attributes)}),
      stream_(*this, shard.stream_environment(), channel_of(kind)),
      peer_(transport_->peer_address()),
      kind_(kind) {}

Connection::~Connection() = default;

void Connection::start() {
  const Limits& limits = shard_->limits();
  tokens_ = static_cast<std::int64_t>(limits.client_bandwidth_burst);
  tokens_at_ = shard_->now();
  const bool direct = kind_ == ListenerKind::direct_tls;
  login_until_ = tokens_at_ + Seconds(limits.preauth_time);
  transport_->attach(shard_->loop(), *this);
  direct ? shake_hands() : await_login();
}

// One time for everything from connecting to having a session, whatever the client does meanwhile.
void Connection::await_login() {
  deadline_.start(shard_->loop(), time_left(),
                  [this] { fail({xmpp::StreamCondition::connection_timeout, "Not signed in"}); });
}

Duration Connection::time_left() const {
  return std::max<Duration>(login_until_ - shard_->now(), Duration(0));
}

// Without a channel there is nothing to say when it takes too long (HOSTILE 34).
void Connection::shake_hands() {
  const Duration patience = Seconds(shard_->limits().handshake_time);
  deadline_.start(shard_->loop(), std::min(patience, time_left()), [this] { abandon(); });
  transport_->start_tls(shard_->server().tls());
}

void Connection::leave() {
  deadline_.stop();
  transport_->detach();
  host_ = nullptr;
}

void Connection::arrive(Shard& shard) {
  shard_ = &shard;
  phase_ = Phase::open;
  flush_wanted_ = read_wanted_ = blocked_ = false;
  stream_.move_to(*this, shard.stream_environment());
  host_ = shard.find_host(account().domain());
  if (host_ == nullptr) return abandon();  // the domain went while we moved
  await_login();
  transport_->attach(shard.loop(), *this);
  if (pending_) identify_client();
  shard.want_flush(*this);
  shard.want_read(*this);
}

// --- output --------------------------------------------------------------------------------------

std::string& Connection::output() {
  if (output_.empty()) shard_->spare_outputs().lend(output_);
  return output_;
}

void Connection::send(std::string_view bytes) {
  output() += bytes;
  wrote(0);
}

void Connection::wrote(MessageId id) {
  if (id != 0) unconfirmed_.emplace_back(sent_total_ + output_.size() - output_taken_, id);
  if (!flush_wanted_) {
    flush_wanted_ = true;
    shard_->want_flush(*this);
  }
  const bool stuck = blocked() && output_.size() - output_taken_ > shard_->limits().send_buffer;
  if (stuck && phase_ == Phase::open) slow_reader();
}

bool Connection::takes_more() const {
  const std::uint64_t enough = std::min<std::uint64_t>(64_KiB, shard_->limits().send_buffer / 2);
  return !blocked() && waiting() < enough;
}

void Connection::hold() {
  is_held_ = true;
  pause_reading(true);
}

void Connection::release() {
  is_held_ = false;
  shard_->want_flush(*this);
  shard_->want_read(*this);
}

void Connection::flush() {
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
    if (session_ == nullptr) continue;
    session_->write_more();
    // What that noted, as the count of an <a/>, is written at the end of the next turn.
    const store::Journal& journal = shard_->ledger().journal();
    if (journal.written() == journal.appended()) continue;
    flush_wanted_ = true;
    return shard_->flush_next_turn(*this);
  }
  if (start_tls_after_flush_) {
    start_tls_after_flush_ = false;
    shake_hands();
  }
  if (phase_ == Phase::closing) transport_->shutdown();
}

void Connection::count_output(std::size_t taken) {
  output_taken_ += taken;
  sent_total_ += taken;
  while (!unconfirmed_.empty() && unconfirmed_.front().first <= sent_total_) {
    shard_->done(unconfirmed_.front().second);
    unconfirmed_.pop_front();
  }
  if (output_taken_ < bounds::output_to_move || output_taken_ < output_.size() / 2) return;
  output_.erase(0, output_taken_);
  output_taken_ = 0;
}

// At the end of the turn: what was put into the output in this one is not in the written journal.
void Connection::on_writable() {
  blocked_ = false;
  shard_->want_flush(*this);
}

// Its reader is slow or gone: without stream management there is nothing to wait for; with it the
// client comes back and gets what it missed (HOSTILE 170).
void Connection::slow_reader() {
  if (std::exchange(is_slow_, true)) return;
  shard_->log().info("slow-reader", {{"peer", peer_}});
  // Later: whoever writes to the session now goes on with it.
  shard_->loop().post([shard = shard_, id = id_] {
    if (Connection* slow = shard->find_connection(id)) slow->abandon();
  });
}

// --- input ---------------------------------------------------------------------------------------

bool Connection::reading() const {
  return phase_ == Phase::open && !is_waiting_ && !is_throttled_ && !is_held_ &&
         stream_.wants_input();
}

// While the stream waits for something (an answer, TLS, its account) the transport is told so, or
// it would call again every turn.
void Connection::pause_reading(bool on) {
  if (on == is_paused_) return;
  is_paused_ = on;
  transport_->set_reading(!on);
}

void Connection::read_input() {
  read_wanted_ = false;
  if (in_input_ || phase_ != Phase::open) return;
  if (shard_->pressed()) {
    pause_reading(true);
    return shard_->read_when_relieved(*this);
  }
  in_input_ = true;
  if (reading()) pause_reading(false);
  read_some();
  in_input_ = false;
  if (phase_ == Phase::moving) return move_home();
  if (phase_ == Phase::open && !reading()) pause_reading(true);
}

void Connection::read_some() {
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

// Bandwidth is back-pressure: over it the socket is not read for a while (DECISIONS.md 21).
bool Connection::spend(std::size_t bytes) {
  const Limits& limits = shard_->limits();
  if (!stream_.is_authenticated()) {
    preauth_bytes_ += bytes;
    if (preauth_bytes_ <= limits.preauth_total_bytes) return true;
    fail({xmpp::StreamCondition::policy_violation, "Too much before signing in"});
    return false;
  }
  const MonotonicTime now = shard_->now();
  const auto burst = static_cast<std::int64_t>(limits.client_bandwidth_burst);
  const auto rate = static_cast<std::int64_t>(limits.client_bandwidth);
  const std::int64_t earned = (now - tokens_at_).count() * rate / 1000000;
  tokens_ = std::min(burst, tokens_ + earned) - static_cast<std::int64_t>(bytes);
  tokens_at_ = now;
  if (tokens_ >= 0) return true;
  is_throttled_ = true;
  deadline_.start(shard_->loop(), Microseconds(-tokens_ * 1000000 / rate), [this] {
    is_throttled_ = false;
    if (session_ == nullptr) await_login();
    read_input();
  });
  return true;
}

// `bytes` follow what is in input_; whatever is not a whole element yet is kept there.
void Connection::take(std::string_view bytes) {
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
std::size_t Connection::cut(std::string_view input) {
  std::size_t used = 0;
  while (used < input.size() && reading()) {
    const bool skipping = scanner_.skipping();
    const auto [token, size] = scanner_.next(input.substr(used));
    if (token == xml::Scanner::Token::need_more) return skipping ? used + size : used;
    const std::string_view item = input.substr(used, size);
    unread_ = used + size < input.size();
    used += size;
    skipping ? skipped(token) : take_item(token, item);
  }
  return used;
}

void Connection::take_item(xml::Scanner::Token token, std::string_view bytes) {
  using Token = xml::Scanner::Token;
  switch (token) {
    case Token::header: {
      auto header = xml::parse_header(bytes, bounds());
      if (!header) return fail(xmpp::condition_of(header.error()));
      scope_ = header->scope;
      return stream_.on_header(*header);
    }
    case Token::element: {
      auto element = xml::parse_element(bytes, scope_, bounds());
      if (!element) return fail(xmpp::condition_of(element.error()));
      return stream_.on_element(std::move(*element));
    }
    case Token::footer:
      return stream_.on_footer();
    case Token::whitespace:
      return stream_.on_whitespace();
    case Token::text:
      return fail(xmpp::StreamCondition::bad_format);
    case Token::malformed:
      return fail(xmpp::StreamCondition::not_well_formed);
    case Token::restricted:
      return fail(xmpp::StreamCondition::restricted_xml);
    case Token::encoding:
      return fail(xmpp::StreamCondition::unsupported_encoding);
    case Token::too_large:
      return too_large(bytes);
    case Token::need_more:
      return;
  }
}

xml::Bounds Connection::bounds() const {
  const Limits& limits = host_ ? host_->limits() : shard_->limits();
  const auto attributes = bounded(limits.stanza_attributes);
  if (!stream_.is_authenticated())
    return {bounded(limits.preauth_element_bytes), bounded(limits.preauth_elements),
            bounded(limits.preauth_depth), attributes};
  return {bounded(limits.stanza_bytes), bounded(limits.stanza_elements),
          bounded(limits.stanza_depth), attributes};
}

// A stanza over its bounds is skipped unbuffered and the stream lives (XEP-0478, HOSTILE 19-21);
// its start tag, which stands in `front`, says what to answer.
void Connection::too_large(std::string_view front) {
  constexpr auto condition = xmpp::StreamCondition::policy_violation;
  if (session_ == nullptr) return fail({condition, "Too large before signing in"});
  const auto tag = xml::parse_start_tag(front, scope_, bounds());
  const bool is_stanza =
      tag && tag->root().ns() == xmpp::ns::client && xmpp::stanza_kind(tag->root());
  if (!is_stanza) return fail({condition, "Too large"});
  oversized_ = std::make_unique<StanzaHead>(xmpp::salvage_head(tag->root()));
  const Limits& limits = host_->limits();
  scanner_.skip_element(limits.stanza_bytes * limits.oversize_skip_factor);
}

// The end of what too_large() began.
void Connection::skipped(xml::Scanner::Token token) {
  const auto head = std::move(oversized_);
  if (token != xml::Scanner::Token::element || session_ == nullptr)
    return fail({xmpp::StreamCondition::policy_violation, "Far too large"});
  if (session_->managed()) std::ignore = session_->managed()->inbound.receive();
  head->from = session_->address();
  if (!head->may_get_error()) return;
  session_->send(make_error(
      *head, {Condition::policy_violation, ElementName{"stanza-too-big", "urn:xmpp:errors"}}));
}

void Connection::move_home() {
  const unsigned home = shard_->server().home_of(account().bare_text());
  if (home == shard_->index()) {
    phase_ = Phase::open;
    if (pending_) return identify_client();
    shard_->want_read(*this);
    return;
  }
  leave();
  std::unique_ptr<Connection> self = shard_->release(*this);
  shard_->post_to(home,
                  [self = std::move(self)](Shard& shard) mutable { shard.adopt(std::move(self)); });
}

// --- the end -------------------------------------------------------------------------------------

void Connection::on_secured() {
  await_login();
  xmpp::TlsFacts facts;
  for (const std::string_view type :
       {xmpp::tls_exporter, xmpp::tls_server_end_point, xmpp::tls_unique})
    if (auto data = transport_->channel_binding(type))
      facts.bindings.push_back({std::string(type), std::move(*data)});
  facts.certificate_jids = certified_accounts();
  facts.version = version_of(transport_->tls_description());
  stream_.on_tls(std::move(facts));
  read_input();
}

// A certificate that counts for nothing is as good as none: the client may sign in otherwise.
std::vector<xmpp::Jid> Connection::certified_accounts() {
  const ClientTrust* trust = shard_->server().client_trust();
  const auto shown = trust ? transport_->peer_certificate() : std::nullopt;
  if (!shown) return {};
  auto accounts = trust->accounts(shown->chain_pem, shard_->loop().clock().wall());
  if (!accounts.problem.empty())
    shard_->log().info("client-certificate-refused",
                       {{"peer", peer_}, {"reason", accounts.problem}});
  return std::move(accounts.jids);
}

// The stream is over, its last words are in the output.
void Connection::on_closed(const xmpp::StreamError* error) {
  if (error)
    shard_->log().debug("stream-error",
                        {{"peer", peer_}, {"condition", xmpp::name_of(error->condition)}});
  if (Session* session = session_) {
    session_ = nullptr;
    session->detach();
    // Closed in peace or by our decision: it does not wait for its client (XEP-0198 section 5).
    if (shard_->find_session(session->key())) shard_->end_session(*session, SessionEnd::closed);
  }
  leave_anonymous_place();
  finish_close();
}

void Connection::finish_close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closing;
  pause_reading(true);
  deadline_.start(shard_->loop(), Seconds(shard_->limits().close_linger), [this] {
    phase_ = Phase::closed;
    shard_->drop(*this);
  });
  shard_->want_flush(*this);
}

void Connection::give_back() {
  for (const auto& [end, id] : std::exchange(unconfirmed_, {}))
    shard_->deliver_again(id, stream_.account());
  leave_gate(ConnectionGate::Outcome::gone);
  leave_anonymous_place();
}

void Connection::leave_gate(ConnectionGate::Outcome outcome) {
  if (std::exchange(counted_, false)) shard_->server().left_gate(*shard_, peer_, outcome);
}

void Connection::leave_anonymous_place() {
  if (std::exchange(has_anonymous_place_, false))
    shard_->server().sign_in().give_back_anonymous_place(*shard_, peer_);
}

void Connection::abandon() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  if (Session* session = session_) {
    session_ = nullptr;
    shard_->lose_connection(*session);
  }
  shard_->drop(*this);
}

void Connection::on_ended(net::Ending ending, std::string_view detail) {
  if (ending == net::Ending::tls_failed)
    shard_->log().debug("tls-failed", {{"peer", peer_}, {"reason", detail}});
  abandon();
}

}  // namespace herold::server
