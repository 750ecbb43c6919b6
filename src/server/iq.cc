// Requests and the answers that are owed for them.
#include "server/iq.h"

#include "server/connection.h"
#include "server/session.h"
#include "server/shard.h"

namespace herold::server {

IqRequest::IqRequest(Shard& shard, Stanza stanza, Session* session, Account* account)
    : state_(std::make_unique<State>(shard, std::move(stanza), session, account)) {}

IqRequest::IqRequest(Shard& shard, Stanza stanza, std::uint64_t connection)
    : state_(std::make_unique<State>(shard, std::move(stanza), nullptr, nullptr, connection)) {}

IqRequest::~IqRequest() {
  if (state_) fail(Condition::internal_server_error);
}

IqContext IqRequest::context() const {
  return {state_->shard, state_->stanza.head, state_->session, state_->account};
}

void IqRequest::succeed(std::string_view payload_xml) {
  reply(make_result(state_->stanza.head, payload_xml));
}

void IqRequest::fail(const StanzaError& error) { reply(make_error(state_->stanza.head, error)); }

void IqRequest::reply(Stanza answer) {
  const auto state = std::move(state_);  // answered, whatever happens below
  if (state->connection != 0) {
    Connection* connection = state->shard.find_connection(state->connection);
    if (connection != nullptr) connection->on_answer(answer);
    return;
  }
  const Origin origin = state->stanza.origin;
  state->shard.route(std::move(answer));
  state->shard.finish_inbound(origin);
}

const RequestTable::Handler* RequestTable::find(IqType type, xml::Element payload,
                                                Targets target) const {
  const auto [begin, end] = handlers_.equal_range(key({payload.name(), payload.ns()}));
  for (auto it = begin; it != end; ++it)
    if (it->second.type == type && (it->second.targets & target) != 0) return &it->second;
  return nullptr;
}

}  // namespace herold::server
