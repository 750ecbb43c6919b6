// A client from connecting to its end: time limits, TLS, bounds, moving home, slow readers.
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
    : Wire(Wire::Kind::client, shard, id, std::move(transport)),
      stream_(*this, shard.stream_environment(), channel_of(kind)),
      kind_(kind) {}

Connection::~Connection() = default;

void Connection::start() {
  fill_bandwidth(shard().limits().client_bandwidth_burst);
  login_until_ = shard().now() + Seconds(shard().limits().preauth_time);
  attach();
  kind_ == ListenerKind::direct_tls ? shake_hands() : await_login();
}

// One time for everything from connecting to having a session, whatever the client does meanwhile.
void Connection::await_login() {
  deadline().start(shard().loop(), time_left(),
                   [this] { fail({xmpp::StreamCondition::connection_timeout, "Not signed in"}); });
}

Duration Connection::time_left() const {
  return std::max<Duration>(login_until_ - shard().now(), Duration(0));
}

// Without a channel there is nothing to say when it takes too long (HOSTILE 34).
void Connection::shake_hands() {
  const Duration patience = Seconds(shard().limits().handshake_time);
  deadline().start(shard().loop(), std::min(patience, time_left()), [this] { abandon(); });
  transport().start_tls(shard().server().tls());
}

void Connection::arrive(Shard& shard) {
  settle(shard);
  stream_.move_to(*this, shard.stream_environment());
  host_ = shard.find_host(account().domain());
  if (host_ == nullptr) return abandon();  // the domain went while we moved
  await_login();
  attach();
  if (pending_) identify_client();
  shard.want_flush(*this);
  shard.want_read(*this);
}

bool Connection::refill() {
  if (session_ == nullptr) return false;
  session_->write_more();
  return true;
}

bool Connection::spend(std::size_t bytes) {
  const Limits& limits = shard().limits();
  if (stream_.is_authenticated()) {
    charge(bytes, limits.client_bandwidth, limits.client_bandwidth_burst);
    return true;
  }
  preauth_bytes_ += bytes;
  if (preauth_bytes_ <= limits.preauth_total_bytes) return true;
  fail({xmpp::StreamCondition::policy_violation, "Too much before signing in"});
  return false;
}

void Connection::unthrottled() {
  if (session_ == nullptr) await_login();
}

xml::Bounds Connection::bounds() const {
  const Limits& limits = host_ ? host_->limits() : shard().limits();
  const auto attributes = bounded(limits.stanza_attributes);
  if (!stream_.is_authenticated())
    return {bounded(limits.preauth_element_bytes), bounded(limits.preauth_elements),
            bounded(limits.preauth_depth), attributes};
  return {bounded(limits.stanza_bytes), bounded(limits.stanza_elements),
          bounded(limits.stanza_depth), attributes};
}

// A stanza over its bounds is skipped unbuffered and the stream lives (XEP-0478, HOSTILE 19-21);
// its start tag, which stands in `front`, says what to answer.
void Connection::take_oversized(std::string_view front) {
  constexpr auto condition = xmpp::StreamCondition::policy_violation;
  if (session_ == nullptr) return fail({condition, "Too large before signing in"});
  const auto tag = xml::parse_start_tag(front, scope(), bounds());
  const bool is_stanza =
      tag && tag->root().ns() == xmpp::ns::client && xmpp::stanza_kind(tag->root());
  if (!is_stanza) return fail({condition, "Too large"});
  oversized_ = std::make_unique<StanzaHead>(xmpp::salvage_head(tag->root()));
  const Limits& limits = host_->limits();
  skip_oversized(limits.stanza_bytes * limits.oversize_skip_factor);
}

// The end of what take_oversized() began.
void Connection::skipped(bool is_whole) {
  const auto head = std::move(oversized_);
  if (!is_whole || session_ == nullptr)
    return fail({xmpp::StreamCondition::policy_violation, "Far too large"});
  if (session_->managed()) std::ignore = session_->managed()->inbound.receive();
  head->from = session_->address();
  if (!head->may_get_error()) return;
  session_->send(make_error(
      *head, {Condition::policy_violation, ElementName{"stanza-too-big", "urn:xmpp:errors"}}));
}

void Connection::move_home() {
  const unsigned home = shard().server().home_of(account().bare_text());
  if (home == shard().index()) {
    set_phase(Phase::open);
    if (pending_) return identify_client();
    shard().want_read(*this);
    return;
  }
  leave();
  host_ = nullptr;
  std::unique_ptr<Wire> self = shard().release(*this);
  shard().post_to(home,
                  [self = std::move(self)](Shard& shard) mutable { shard.adopt(std::move(self)); });
}

// --- the end -------------------------------------------------------------------------------------

void Connection::on_secured() {
  await_login();
  xmpp::TlsFacts facts;
  for (const std::string_view type :
       {xmpp::tls_exporter, xmpp::tls_server_end_point, xmpp::tls_unique})
    if (auto data = transport().channel_binding(type))
      facts.bindings.push_back({std::string(type), std::move(*data)});
  facts.certificate_jids = certified_accounts();
  facts.version = version_of(transport().tls_description());
  stream_.on_tls(std::move(facts));
  read_input();
}

// A certificate that counts for nothing is as good as none: the client may sign in otherwise.
std::vector<xmpp::Jid> Connection::certified_accounts() {
  const ClientTrust* trust = shard().server().client_trust();
  const auto shown = trust ? transport().peer_certificate() : std::nullopt;
  if (!shown) return {};
  auto accounts = trust->accounts(shown->chain_pem, shard().loop().clock().wall());
  if (!accounts.problem.empty())
    shard().log().info("client-certificate-refused",
                       {{"peer", peer()}, {"reason", accounts.problem}});
  return std::move(accounts.jids);
}

// The stream is over, its last words are in the output.
void Connection::on_closed(const xmpp::StreamError* error) {
  if (error)
    shard().log().debug("stream-error",
                        {{"peer", peer()}, {"condition", xmpp::name_of(error->condition)}});
  if (Session* session = session_) {
    session_ = nullptr;
    session->detach();
    // Closed in peace or by our decision: it does not wait for its client (XEP-0198 section 5).
    if (shard().find_session(session->key())) shard().end_session(*session, SessionEnd::closed);
  }
  leave_anonymous_place();
  finish_close();
}

void Connection::give_back() {
  for (const auto& [end, id] : take_unconfirmed()) shard().deliver_again(id, stream_.account());
  leave_gate(ConnectionGate::Outcome::gone);
  leave_anonymous_place();
}

void Connection::leave_gate(ConnectionGate::Outcome outcome) {
  if (std::exchange(counted_, false)) shard().server().left_gate(shard(), peer(), outcome);
}

void Connection::leave_anonymous_place() {
  if (std::exchange(has_anonymous_place_, false))
    shard().server().sign_in().give_back_anonymous_place(shard(), peer());
}

void Connection::abandon() {
  if (!close_at_once()) return;
  if (Session* session = session_) {
    session_ = nullptr;
    shard().lose_connection(*session);
  }
  shard().drop(*this);
}

void Connection::stop() {
  if (session_ != nullptr && session_->resumable()) return abandon();
  Wire::stop();
}

void Connection::on_ended(net::Ending ending, std::string_view detail) {
  if (ending == net::Ending::tls_failed)
    shard().log().debug("tls-failed", {{"peer", peer()}, {"reason", detail}});
  abandon();
}

}  // namespace herold::server
