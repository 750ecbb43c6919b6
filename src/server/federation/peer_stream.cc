// Stanzas both ways, their count, and what a peer has to show.
#include "server/federation/peer_stream.h"

#include <algorithm>
#include <charconv>

#include "server/federation/policy.h"
#include "server/shard.h"
#include "xmpp/ext/stream_management.h"
#include "xmpp/stream/peer.h"

namespace herold::server {
namespace {

constexpr std::string_view sm_ns = "urn:xmpp:sm:3";

std::uint32_t bounded(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, UINT32_MAX));
}

}  // namespace

PeerStream::PeerStream(Kind kind, Federation& federation, ConnectionId id,
                       std::unique_ptr<net::Transport> transport)
    : Wire(kind, federation.shard(), id, std::move(transport)), federation_(&federation) {
  fill_bandwidth(shard().limits().peer_bandwidth_burst);
}

PeerStream::~PeerStream() = default;

// --- what it carries -----------------------------------------------------------------------------

void PeerStream::carry(const Stanza& stanza, std::uint64_t number) {
  // Numbers go on from the route's last stream.
  if (last_carried_ == 0 && counts()) counted_from_ = number - 1;
  stanza.write_to(output());
  last_carried_ = number;
  wrote(number);
}

// Its number, as carry() told it: the transport took all of it.
void PeerStream::confirm(MessageId number) {
  last_taken_ = number;
  if (route_ == nullptr || (counts() && number > *counted_from_)) return;
  last_confirmed_ = number;
  route_->confirmed(number);
}

bool PeerStream::refill() {
  if (route_ == nullptr) return false;
  route_->feed();
  if (waiting() == 0 && counts() && last_carried_ > last_confirmed_) ask_for_ack();
  return false;
}

void PeerStream::leave_route(PeerFailure why) {
  patience_.stop();
  if (Route* route = std::exchange(route_, nullptr)) route->lost(*this, std::move(why));
}

// --- counting (XEP-0198) -------------------------------------------------------------------------

// No resumption is asked for: what was not acknowledged is sent again on a new stream, with the
// ids that it had.
void PeerStream::ask_to_count() {
  counted_from_ = last_carried_;
  write("<enable xmlns='urn:xmpp:sm:3'/>");
}

void PeerStream::ask_for_ack() {
  if (std::exchange(is_asked_, true)) return;
  write("<r xmlns='urn:xmpp:sm:3'/>");
  patience_.start(shard().loop(), Seconds(shard().limits().peer_ack_wait),
                  [this] { abandon_later("peer-does-not-acknowledge"); });
}

void PeerStream::take_management(xml::Element element) {
  if (element.ns() != sm_ns) return fail(xmpp::StreamCondition::unsupported_stanza_type);
  const std::string_view name = element.name();
  if (name == "r" && counts_brought_) return answer_ack_request();
  if (name == "a" && counts()) return take_ack(element);
  if (name == "enable" && !counts() && !counts_brought_) {
    write("<enabled xmlns='urn:xmpp:sm:3'/>");
    counted_from_ = last_carried_;
    counts_brought_ = true;
  } else if (name == "enabled" && counts() && !counts_brought_) {
    counts_brought_ = true;
  } else if (name == "failed" && counts() && !counts_brought_) {
    counted_from_.reset();
    if (last_taken_ != 0) confirm(last_taken_);
  } else {
    write(
        "<failed xmlns='urn:xmpp:sm:3'>"
        "<unexpected-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>");
  }
}

// What it brought so far counts once it survives a power cut.
void PeerStream::answer_ack_request() {
  shard().ledger().journal().want_sync();
  shard().when_safe([shard = &shard(), id = id(), brought = brought_] {
    Wire* self = shard->find_wire(id);
    if (self != nullptr)
      self->write("<a xmlns='urn:xmpp:sm:3' h='" + std::to_string(brought) + "'/>");
  });
}

void PeerStream::take_ack(xml::Element ack) {
  const std::string_view text = ack.attribute("h");
  std::uint32_t h = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), h);
  const bool is_number = error == std::errc() && end == text.data() + text.size() && !text.empty();
  const std::uint32_t fresh = h - static_cast<std::uint32_t>(acked_);  // section 4: modulo 2^32
  if (!is_number || *counted_from_ + acked_ + fresh > last_carried_)
    return fail({xmpp::StreamCondition::undefined_condition, "More acknowledged than sent"});
  if (fresh == 0) return;  // to ask again at once would go on for ever; patience ends it
  acked_ += fresh;
  is_asked_ = false;
  patience_.stop();
  last_confirmed_ = *counted_from_ + acked_;
  if (route_ == nullptr) return;
  route_->confirmed(last_confirmed_);
  if (last_carried_ > last_confirmed_) ask_for_ack();
}

// --- what it brings ------------------------------------------------------------------------------

void PeerStream::take_stanza(Answer<StanzaHead> head, xml::Document stanza) {
  if (counts_brought_) ++brought_;
  federation_->receive(std::move(head), std::move(stanza));
}

bool PeerStream::spend(std::size_t bytes) {
  const Limits& limits = shard().limits();
  if (is_proven()) {
    charge(bytes, limits.peer_bandwidth, limits.peer_bandwidth_burst);
    return true;
  }
  preauth_bytes_ += bytes;
  if (preauth_bytes_ <= limits.preauth_total_bytes) return true;
  fail({xmpp::StreamCondition::policy_violation, "Too much before signing in"});
  return false;
}

xml::Bounds PeerStream::bounds() const {
  const Limits& limits = shard().limits();
  const auto attributes = bounded(limits.stanza_attributes);
  if (!is_proven())
    return {bounded(limits.preauth_element_bytes), bounded(limits.preauth_elements),
            bounded(limits.preauth_depth), attributes};
  return {bounded(limits.peer_stanza_bytes), bounded(limits.peer_stanza_elements),
          bounded(limits.peer_stanza_depth), attributes};
}

void PeerStream::take_oversized(std::string_view) {
  fail({xmpp::StreamCondition::policy_violation, "Too large"});
}

// --- who it is -----------------------------------------------------------------------------------

bool PeerStream::serves(const xmpp::Jid& domain) const { return shard().serves(domain.domain()); }

xmpp::PeerPolicy PeerStream::policy_of_peer(const xmpp::Jid& remote) const {
  const auto trust = trust_in(federation_->config(), remote.domain());
  if (!trust) return {.trust = xmpp::Trust::none};
  return {.trust =
              *trust == PeerTrust::dialback ? xmpp::Trust::dialback : xmpp::Trust::certificate};
}

void PeerStream::keep_certificate(std::string host, std::vector<crypto::TlsaRecord> tlsa) {
  auto shown = transport().peer_certificate();
  if (!shown) return void(problem_ = "there is no certificate");
  evidence_.emplace(std::move(*shown), std::move(host), std::move(tlsa));
}

bool PeerStream::has_certificate_of(const xmpp::Jid& domain) const {
  if (!evidence_) return false;
  const WallTime now = shard().loop().clock().wall();
  problem_ = federation_->world()->judge(*evidence_, domain.domain(), now);
  return problem_.empty();
}

void PeerStream::verify_elsewhere(xmpp::Ticket ticket, const xmpp::DomainPair& pair,
                                  const std::string& id, const std::string& key) {
  const RouteName name{pair.target.text(), pair.sender.text()};
  const unsigned back = shard().index();
  federation_->at_home(
      name, [name, id, key, back, ticket, stream = this->id()](Federation& home) mutable {
        auto then = [&home, back, ticket, stream](const xmpp::DialbackAnswer& answer) {
          home.shard().post_to(back, [ticket, stream, answer](Shard& shard) {
            if (PeerStream* self = shard.federation().find_stream(stream))
              self->on_judged(ticket, answer);
          });
        };
        Route* route = home.route(name);
        if (route == nullptr)
          return then(xmpp::DialbackAnswer::failed(Condition::resource_constraint));
        route->verify(id, key, std::move(then));
      });
}

}  // namespace herold::server
