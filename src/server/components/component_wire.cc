// From connecting to speaking for a domain.
#include "server/components/component_wire.h"

#include <algorithm>

#include "server/components/component.h"
#include "server/server.h"
#include "server/shard.h"
#include "xmpp/ext/delay.h"

namespace herold::server {
namespace {

std::uint32_t bounded(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, UINT32_MAX));
}

}  // namespace

ComponentWire::ComponentWire(Components& all, ConnectionId id,
                             std::unique_ptr<net::Transport> transport, ComponentTls tls)
    : Wire(Kind::component, all.shard(), id, std::move(transport)),
      all_(&all),
      stream_(*this, all.shard().stream_environment()),
      tls_(tls) {
  fill_bandwidth(shard().limits().component_bandwidth_burst);
}

ComponentWire::~ComponentWire() = default;

void ComponentWire::start() {
  attach();
  deadline().start(shard().loop(), Seconds(shard().limits().preauth_time),
                   [this] { fail({xmpp::StreamCondition::connection_timeout, "Not signed in"}); });
  if (tls_ == ComponentTls::direct) begin_handshake();
}

void ComponentWire::begin_handshake() { transport().start_tls(shard().server().tls()); }

void ComponentWire::on_secured() {
  transport().forget_handshake();
  read_input();
}

// --- who it is -----------------------------------------------------------------------------------

std::optional<crypto::SecretString> ComponentWire::find_secret(const xmpp::Jid& domain) {
  const ComponentConfig* config = all_->find(domain.domain());
  if (config == nullptr || config->name != domain.domain()) return {};
  return crypto::SecretString(config->secret);
}

bool ComponentWire::speaks_for(const xmpp::Jid& domain, const xmpp::Jid& other) {
  const ComponentConfig* config = all_->find(other.domain());
  return config != nullptr && config->name == domain.domain();
}

void ComponentWire::on_auth_failure(const xmpp::Jid& domain) {
  shard().log().warning("component-refused", {{"peer", peer()}, {"domain", domain.text()}});
}

void ComponentWire::on_proven(const xmpp::Jid&) {
  leave_gate(true);
  deadline().stop();
  set_phase(Phase::moving);
}

void ComponentWire::move_on() {
  const unsigned home = shard().server().home_of(stream_.domain().text());
  if (home == shard().index()) {
    set_phase(Phase::open);
    return settle_in();
  }
  leave();
  std::unique_ptr<Wire> self = shard().release(*this);
  shard().post_to(home,
                  [self = std::move(self)](Shard& there) mutable { there.adopt(std::move(self)); });
}

void ComponentWire::arrive(Shard& shard) {
  settle(shard);
  all_ = &shard.components();
  stream_.move_to(*this, shard.stream_environment());
  attach();
  shard.want_flush(*this);
  settle_in();
}

void ComponentWire::settle_in() {
  Component* component = all_->here(stream_.domain().text());
  if (component == nullptr) return fail({xmpp::StreamCondition::host_gone});
  if (component->is_connected())
    return fail({xmpp::StreamCondition::conflict, "The component is connected already"});
  component_ = component;
  shard().log().info("component-connected", {{"peer", peer()}, {"domain", component->name()}});
  stream_.admit();
  shard().want_read(*this);
  component->opened(*this);
}

// --- stanzas -------------------------------------------------------------------------------------

void ComponentWire::carry(const Stanza& stanza, std::uint64_t number) {
  std::string extra;
  if (stanza.late && stanza.kind() == StanzaKind::message) {
    xml::Writer writer(extra, xmpp::ns::client);
    xmpp::write(writer, xmpp::Delay{.from = all_->own_address(), .stamp = stanza.accepted});
  }
  stanza.write_to(output(), extra);
  wrote(number);
}

void ComponentWire::confirm(MessageId number) {
  if (component_ != nullptr) component_->taken(number);
}

bool ComponentWire::refill() {
  if (component_ != nullptr) component_->feed();
  return false;
}

void ComponentWire::on_stanza(Answer<StanzaHead> head, xml::Document stanza) {
  if (component_ == nullptr || (head && component_->take_answer(*head))) return;
  all_->receive(*component_, std::move(head), std::move(stanza));
}

bool ComponentWire::spend(std::size_t bytes) {
  const Limits& limits = shard().limits();
  if (stream_.is_ready()) {
    charge(bytes, limits.component_bandwidth, limits.component_bandwidth_burst);
    return true;
  }
  preauth_bytes_ += bytes;
  if (preauth_bytes_ <= limits.preauth_total_bytes) return true;
  fail({xmpp::StreamCondition::policy_violation, "Too much before signing in"});
  return false;
}

xml::Bounds ComponentWire::bounds() const {
  const Limits& limits = shard().limits();
  const auto attributes = bounded(limits.stanza_attributes);
  if (!stream_.is_ready())
    return {bounded(limits.preauth_element_bytes), bounded(limits.preauth_elements),
            bounded(limits.preauth_depth), attributes};
  return {bounded(limits.peer_stanza_bytes), bounded(limits.peer_stanza_elements),
          bounded(limits.peer_stanza_depth), attributes};
}

void ComponentWire::take_oversized(std::string_view) {
  fail({xmpp::StreamCondition::policy_violation, "Too large"});
}

// --- the end -------------------------------------------------------------------------------------

void ComponentWire::on_peer_error(const xmpp::StreamError& error) {
  shard().log().info("component-closed", {{"peer", peer()},
                                          {"domain", stream_.domain().text()},
                                          {"condition", xmpp::name_of(error.condition)}});
}

void ComponentWire::on_closed(const xmpp::StreamError* error) {
  if (error)
    shard().log().info("component-stream-error", {{"peer", peer()},
                                                  {"domain", stream_.domain().text()},
                                                  {"condition", xmpp::name_of(error->condition)}});
  leave_component();
  finish_close();
}

void ComponentWire::abandon() {
  if (!close_at_once()) return;
  leave_component();
  shard().drop(*this);
}

void ComponentWire::give_back() {
  leave_gate(false);
  leave_component();
}

void ComponentWire::leave_component() {
  Component* component = std::exchange(component_, nullptr);
  if (component == nullptr) return;
  shard().log().info("component-gone", {{"peer", peer()}, {"domain", component->name()}});
  component->lost();
}

void ComponentWire::leave_gate(bool has_signed_in) {
  if (!std::exchange(counted_, false)) return;
  shard().server().left_gate(
      shard(), peer(),
      has_signed_in ? ConnectionGate::Outcome::signed_in : ConnectionGate::Outcome::gone);
}

void ComponentWire::on_ended(net::Ending ending, std::string_view detail) {
  if (ending == net::Ending::tls_failed)
    shard().log().info("component-tls-failed", {{"peer", peer()}, {"reason", detail}});
  abandon();
}

}  // namespace herold::server
