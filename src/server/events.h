// The events of the server: what modules may watch, change or refuse. A misspelt one is no type.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "server/hooks.h"
#include "server/session.h"
#include "server/stanza.h"

namespace herold::xmpp {
struct DiscoInfo;
struct DiscoItems;
struct Report;
}  // namespace herold::xmpp

namespace herold::server {

class Account;
class IqRequest;
class Loading;
class ModuleHost;
struct AdhocCommand;
struct Capabilities;
struct Domain;
class RemovalWork;

// --- accounts: the rows of an address in memory, on its home shard -----------------------------

// An account is being loaded; take `loading.hold()` for what has to be read before anything else.
// Not a temporary one, of which there is nothing to read.
struct AccountLoading {
  Account& account;
  Loading& loading;
};
// The account is removed; its rows in the stores go by themselves.
struct AccountRemoved {
  const Jid& account;
};
// They are gone. Who keeps something of it elsewhere begins a part of the work for that; after a
// crash it is told again (removals.h).
struct AccountErased {
  const Jid& account;
  RemovalWork& work;
};
// One of its clients was switched off (XEP-0494), with a session or without.
struct ClientRevoked {
  Account& account;
  std::uint64_t client;  // ClientIdentity::id
};

// The domain has new settings, and the modules that they name run.
struct DomainConfigured {
  const Domain& domain;
};

// --- streams -----------------------------------------------------------------------------------

// <stream:features/>: a module appends its own, in the scope of jabber:client.
struct StreamFeatures {
  enum class Moment { before_login, after_login };
  const Domain& domain;
  Moment moment;
  std::string& xml;
};
// An IQ of jabber:iq:register before the login (XEP-0077): a module moves the request out of here
// to answer it, now or later.
struct PreauthRequest {
  ModuleHost& host;
  std::string_view peer_prefix;  // of the client's network address (gate.h)
  IqRequest& request;
};
// What is no stanza, such as <inactive/>: Flow::stop says that it was understood.
struct ClientNonza {
  Session& session;
  xml::Element element;
};

// XEP-0386: what may be switched on together with binding. A module adds the name that its
// specification announces,
struct InlineFeatures {
  const Domain& domain;
  std::vector<std::string_view>& names;
};
// and does it, before the session's first stanza; what it answers goes into <bound/>, in the scope
// of that namespace.
struct InlineFeature {
  Session& session;
  xml::Element element;
  std::string& results;
};
// A session is bound in this way; for what stands in <bound/> unasked.
struct InlineBound {
  Session& session;
  std::string& results;
};

// --- sessions ----------------------------------------------------------------------------------

struct SessionBound {
  Session& session;
};
// Its client is gone; the session waits for it (XEP-0198).
struct ClientLost {
  Session& session;
};
// Its client came back (XEP-0198), after everything it missed was sent again.
struct SessionResumed {
  Session& session;
  bool after_restart;  // of the server: presence of others may be stale
};
// It is about to go for good.
struct SessionEnded {
  Session& session;
  SessionEnd why;
};
// Initial presence (RFC 6121 section 4.2), or the first one with a priority that takes messages.
struct SessionAvailable {
  Session& session;
  bool is_initial;
  bool takes_messages;  // from now on
};
// What its client can do is known from a hash in its presence (client_caps.h): when it sent that,
// or somewhat later. Again whenever it sends one.
struct CapabilitiesKnown {
  Session& session;
  const Capabilities& capabilities;
};

// --- stanzas, the sender's side ----------------------------------------------------------------

struct MessageSent {
  Session& session;
  Stanza& stanza;
};
// A message that was committed and goes on its way.
struct MessageAccepted {
  Session& session;
  const Stanza& stanza;
};
// Presence with an address (directed, subscriptions); broadcasts have no `to`.
struct PresenceSent {
  Session& session;
  Stanza& stanza;
};
// A subscription that was journalled when its sender's side was not stored yet, after a crash.
struct SubscriptionRecovered {
  Account& account;
  Stanza& stanza;
};
// An IQ to another address than the server and the own account.
struct IqSent {
  Session& session;
  Stanza& stanza;
};
// Whatever came from the client, before anything is decided; for what counts or times.
struct ClientActive {
  Session& session;
};

// --- stanzas, the receiving side: on the home of `account` -------------------------------------

struct MessageReceived {
  Account& account;
  Stanza& stanza;
};
// After the sessions were chosen. `sessions` has got it; the others may get a copy.
struct MessageDelivered {
  Account& account;
  const Stanza& stanza;
  std::span<Session* const> sessions;
};
// No session takes it (RFC 6121 section 8.5): Flow::stop says that it is kept.
struct MessageUndelivered {
  Account& account;
  Stanza& stanza;
};
// It is kept for later.
struct MessageKept {
  Account& account;
  const Stanza& stanza;
};
// It was said in a room whose member the user of `account` is, and no client of his is in there.
struct MessageMissed {
  Account& account;
  const Stanza& stanza;
};
// One of an earlier run, of which it is not known whether the archive of `account` has it: as the
// sender's or as the recipient's.
struct MessageUnarchived {
  Account& account;
  const Stanza& stanza;
  Waits part;
  bool is_kept = false;
};
// A client of `account` was given these messages, by their stable ids, out of its archive.
struct ArchiveRead {
  Account& account;
  const std::vector<MessageId>& messages;
};
// Who is about to get presence of `account` by their subscription, and whom it is to ask for
// theirs: a module takes out whom it hides the account from.
struct PresenceRecipients {
  const Account& account;
  std::vector<Jid>& contacts;
};
struct PresenceReceived {
  Account& account;
  Stanza& stanza;
};
// To the account's bare address or to one of its sessions.
struct IqReceived {
  Account& account;
  Stanza& stanza;
};
// A stanza is about to be written to a session whose client is inactive: Flow::stop holds it back.
struct InactiveClient {
  Session& session;
  const Stanza& stanza;
  std::string_view extra;  // what Session::send() was given
};

// A stanza is about to be written to a session whose client reads slowly or is away: Flow::stop
// holds it back, for ClientReads after Session::hold_back().
struct SlowClient {
  Session& session;
  const Stanza& stanza;
};
// It takes stanzas again.
struct ClientReads {
  Session& session;
};

// A user blocks somebody and says why (XEP-0377).
struct ContactReported {
  const Account& account;
  const Jid& contact;
  const xmpp::Report& report;
};

// --- service discovery (XEP-0030) --------------------------------------------------------------

// Who is asked: the server (no account) or an account on behalf of its user. Each fills in what
// it has; a node that nobody knows is item-not-found.
struct DiscoInfoAsked {
  const Account* account;
  const Jid& asker;
  xmpp::DiscoInfo& info;  // its `node` was asked for
  bool node_known = false;
};
struct DiscoItemsAsked {
  const Account* account;
  const Jid& asker;
  xmpp::DiscoItems& items;
  bool node_known = false;
};

// Somebody asks what an account is or has; a module that has to read that first adds what reads it
// and goes on with its argument.
struct AccountDescribed {
  using Preparation = std::move_only_function<void(std::move_only_function<void()>)>;
  Account& account;
  std::vector<Preparation> preparations{};
};

// --- what an account publishes (XEP-0163) ------------------------------------------------------

// An item is in the store: to be copied to where other specifications keep the same.
struct ItemPublished {
  Account& account;
  const std::string& node;
  const std::string& id;
  const std::string& payload;  // canonical XML that stands anywhere; empty where there is none
};
struct ItemRetracted {
  Account& account;
  const std::string& node;
  const std::string& id;  // empty: all of the node
};

// The ad-hoc commands (XEP-0050) of the server: each module adds its own (commands.h).
struct CommandsAsked {
  std::vector<const AdhocCommand*>& commands;
};

using Hooks =
    HookTable<AccountLoading, AccountRemoved, AccountErased, ClientRevoked, DomainConfigured,
              StreamFeatures, PreauthRequest, ClientNonza, InlineFeatures, InlineFeature,
              InlineBound, SessionBound, ClientLost, SessionResumed, SessionEnded, SessionAvailable,
              CapabilitiesKnown, MessageSent, MessageAccepted, PresenceSent, SubscriptionRecovered,
              IqSent, ClientActive, MessageReceived, MessageDelivered, MessageUndelivered,
              MessageKept, MessageMissed, MessageUnarchived, ArchiveRead, PresenceRecipients,
              PresenceReceived, IqReceived, InactiveClient, SlowClient, ClientReads,
              AccountDescribed, ItemPublished, ItemRetracted, DiscoInfoAsked, DiscoItemsAsked,
              ContactReported, CommandsAsked>;

}  // namespace herold::server
