// Requests (RFC 6120 section 8.2.3): who handles which, and the answer that is always owed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "server/stanza.h"
#include "xmpp/payload.h"

namespace herold::server {

class Account;
class Session;
class Shard;

// What a handler of a request is bound to: on<Get<Payload>>(...), on<Set<Payload>>(...).
template <class Payload>
struct Get {};
template <class Payload>
struct Set {};

// The result without a payload.
struct Nothing {};

// Whose requests a handler answers; values combine.
using Targets = std::uint8_t;
inline constexpr Targets at_server = 1;         // the domain itself
inline constexpr Targets at_own_account = 2;    // the sender's own bare address, or no address
inline constexpr Targets at_other_account = 4;  // the bare address of somebody else here
// Of the service that the handler's own module is (service.h):
inline constexpr Targets at_service = 8;           // itself
inline constexpr Targets at_service_address = 16;  // a bare address at it
inline constexpr Targets at_any_service = 32;      // every module's, where that does not answer
inline constexpr Targets at_own_service = at_service | at_service_address;

// What a handler knows of a request.
struct IqContext {
  Shard& shard;
  const StanzaHead& head;  // `from` is always set, `to` may be missing (own account)
  Session* session;        // the sender's, where it lives on this shard; else nullptr
  Account* account;        // whose behalf we answer on; nullptr for the server
  const Jid& from() const { return head.from; }
};

// A request that is being handled. Movable, so that the answer may come from a later completion;
// one that is dropped unanswered is answered with internal-server-error.
class IqRequest {
 public:
  IqRequest(Shard& shard, Stanza stanza, Session* session, Account* account);
  // Before the login: its answer goes to a connection of this shard, if that is still there.
  IqRequest(Shard& shard, Stanza stanza, std::uint64_t connection);
  IqRequest(IqRequest&&) noexcept = default;
  IqRequest& operator=(IqRequest&&) = delete;
  ~IqRequest();

  // False when it was answered or moved away.
  explicit operator bool() const { return state_ != nullptr; }
  // Only until the handler returns: account and session may go while an answer is waited for.
  IqContext context() const;
  const StanzaHead& head() const { return state_->stanza.head; }
  xml::Element payload() const { return state_->stanza.root().first_child(); }
  Bytes payload_bytes() const { return state_->stanza.payload().size(); }
  Shard& shard() const { return state_->shard; }

  void succeed(std::string_view payload_xml = {});
  void fail(const StanzaError& error);

  template <class Payload>
  void answer(Answer<Payload> answer) {
    if (!answer) return fail(answer.error());
    if constexpr (std::is_void_v<Payload> || std::is_same_v<Payload, Nothing>)
      succeed();
    else
      succeed(xmpp::to_xml(*answer, xmpp::ns::client));
  }

 private:
  struct State {
    Shard& shard;
    Stanza stanza;
    Session* session;
    Account* account;
    std::uint64_t connection = 0;  // 0: the answer is routed
  };
  void reply(Stanza answer);
  std::unique_ptr<State> state_;
};

// The handlers of requests of one domain on one shard.
class RequestTable {
 public:
  struct Handler {
    xmpp::IqType type;
    ElementName element;
    Targets targets;
    void* module;
    void (*call)(void* module, IqRequest request);
  };

  void add(const Handler& handler) { handlers_.emplace(key(handler.element), handler); }
  // nullptr when nobody answers this at `target`.
  const Handler* find(xmpp::IqType type, xml::Element payload, Targets target) const;
  void clear() { handlers_.clear(); }

 private:
  static std::pair<std::string_view, std::string_view> key(ElementName name) {
    return {name.ns, name.name};
  }
  std::multimap<std::pair<std::string_view, std::string_view>, Handler> handlers_;
};

}  // namespace herold::server
