// From a signed-in stream to a session: binding (RFC 6120 section 7), stream management (XEP-0198).
#include <algorithm>
#include <charconv>

#include "server/connection.h"
#include "server/module_host.h"
#include "server/session.h"
#include "server/shard.h"
#include "xmpp/ext/bind.h"
#include "xmpp/ext/stream_management.h"

namespace herold::server {
namespace {

constexpr std::string_view sm_ns = "urn:xmpp:sm:3";

// A counter of XEP-0198: 0 to 2^32 - 1, nothing else.
std::optional<std::uint32_t> read_count(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace

bool Connection::take_nonza(xml::Element root) {
  if (root.ns() == sm_ns) {
    if (root.name() == "r" && session_ && session_->managed()) {
      Managed& managed = *session_->managed();
      managed.ack_owed = managed.inbound.received();
      session_->answer_ack_request();
    } else if (root.name() == "a" && session_ && session_->managed()) {
      take_ack(root);
    } else if (root.name() == "enable") {
      send(enable_management(root, xmpp::ns::client));
    } else if (root.name() == "resume") {
      resume(root);
    } else {
      return false;
    }
    return true;
  }
  if (session_ == nullptr) return false;
  ClientNonza event{*session_, root};
  const Outcome outcome = host_->hooks().fire(event);
  return outcome && *outcome == Flow::stop;
}

// --- binding -------------------------------------------------------------------------------------

void Connection::take_bind(const xml::Document& iq) {
  auto head = xmpp::parse_head(iq.root());
  if (!head || !head->is(IqType::set) || !xmpp::find<xmpp::Bind>(iq.root()))
    return fail({xmpp::StreamCondition::not_authorized, "Bind a resource first"});
  auto request = xmpp::read<xmpp::Bind>(xmpp::find<xmpp::Bind>(iq.root()));
  if (!request) {
    head->from = stream_.account();
    make_error(*head, request.error()).write_to(output());
    return wrote(0);
  }
  when_admitted([head = std::move(*head), resource = std::move(request->resource)](
                    Connection& self) mutable { self.bind(std::move(head), std::move(resource)); });
}

// An address is loaded before its first session (DECISIONS.md 10); the stream waits meanwhile. What
// the client signed in with may have been taken back since: then it is too late to begin.
void Connection::when_admitted(Admitted then) {
  set_waiting(true);
  Account& account = shard().account(stream_.account());
  account.when_loaded([&account, shard = &shard(), id = id(), then = std::move(then)]() mutable {
    Connection* self = shard->find_connection(id);
    if (self == nullptr) return;
    if (account.is_temporary()) return then(*self);
    shard->stores().clients().find(
        account.address().text(), {},
        [shard, id, then = std::move(then)](Result<store::FoundClient> found) mutable {
          Connection* still = shard->find_connection(id);
          if (still == nullptr || !still->is_open()) return;
          if (!found && found.error().fault != Fault::not_found)
            return still->fail(xmpp::StreamCondition::internal_server_error);
          if (!found || found->generation != still->generation_ ||
              found->state == store::AccountState::disabled)
            return still->fail({xmpp::StreamCondition::not_authorized,
                                "What you signed in with has been taken back"});
          then(*still);
        });
  });
}

void Connection::bind(StanzaHead head, std::string resource) {
  set_waiting(false);
  if (!is_open()) return;
  Account& account = shard().account(stream_.account());
  head.from = head.to = Jid();
  if (account.is_temporary()) shard().begin_temporary(account);
  if (account.state() != Account::State::ready)
    return fail(account.state() == Account::State::missing
                    ? xmpp::StreamCondition::not_authorized
                    : xmpp::StreamCondition::internal_server_error);
  auto bound = shard().bind(account, resource);
  if (!bound) {
    make_error(head, bound.error()).write_to(output());
    wrote(0);
  } else {
    session_ = *bound;
    session_->set_client(client_);
    session_->attach(*this);
    deadline().stop();
    const xmpp::Bind answer{.jid = session_->address()};
    make_result(head, xmpp::to_xml(answer, xmpp::ns::client)).write_to(output());
    wrote(0);
    SessionBound event{*session_};
    std::ignore = host_->hooks().fire(event);
  }
  read_input();
}

// --- stream management ---------------------------------------------------------------------------

void Connection::sm_failed(Condition condition, std::optional<std::uint32_t> h) {
  send(xmpp::to_xml(xmpp::SmFailed{.h = h, .condition = condition, .text = {}}, xmpp::ns::client));
}

// The answer, in the scope of that namespace.
std::string Connection::enable_management(xml::Element enable, std::string_view scope) {
  const auto refused = [scope](Condition condition) {
    return xmpp::to_xml(xmpp::SmFailed{.h = {}, .condition = condition, .text = {}}, scope);
  };
  if (session_ == nullptr || session_->managed()) return refused(Condition::unexpected_request);
  auto request = xmpp::read<xmpp::SmEnable>(enable);
  if (!request) return refused(Condition::bad_request);
  Managed& managed = session_->manage();
  xmpp::SmEnabled answer;
  if (request->resume && !session_->account().is_temporary()) {
    const auto most = static_cast<std::uint32_t>(host_->limits().sm_resume_time);
    managed.resume_seconds = std::min(request->max.value_or(most), most);
    managed.token = shard().random().token(18);
    if (session_->remember())
      answer = {.id = managed.token, .resume = true, .max = managed.resume_seconds, .location = {}};
    else
      managed.token.clear();  // what the journal does not know cannot be resumed
  }
  return xmpp::to_xml(answer, scope);
}

void Connection::resume(xml::Element root) {
  if (session_ != nullptr) return sm_failed(Condition::unexpected_request);
  const auto h = read_count(root.attribute("h"));
  if (!h) return sm_failed(Condition::bad_request);
  when_admitted([token = std::string(root.attribute("previd")), h = *h](Connection& self) {
    self.begin_resumption(token, h);
  });
}

void Connection::begin_resumption(const std::string& token, std::uint32_t h) {
  resumption_ = shard().next_resumption();
  resume_session(token, h);
}

void Connection::resume_session(const std::string& token, std::uint32_t h) {
  set_waiting(false);
  if (!is_open()) return;
  Account& account = shard().account(this->account());
  Session* found = nullptr;
  for (const auto& session : account.sessions())
    if (session->resumable() && crypto::equal(session->managed()->token, token))
      found = session.get();
  if (found == nullptr) return cannot_resume(Condition::item_not_found);
  // The client gave this connection up while it waited, and asked again on another.
  if (found->managed()->resumption > resumption_) return fail(xmpp::StreamCondition::conflict);
  found->managed()->resumption = resumption_;
  if (Connection* old = found->connection()) {  // the client noticed the loss before we did
    old->forget_session();
    found->detach();
    old->fail(xmpp::StreamCondition::conflict);
  }
  if (!found->all_handled()) return resume_later(token, h);
  if (!found->note_handled(found->managed()->inbound.processed()))
    return fail(xmpp::StreamCondition::resource_constraint);
  session_ = found;
  if (!shard().resume(*found, *this, h)) return refuse_count(h);
  deadline().stop();
  read_input();
}

// The <resumed/> says what was handled; what still waits for the journal's sync or for an outcome
// would be sent twice. It is a matter of milliseconds.
void Connection::resume_later(const std::string& token, std::uint32_t h) {
  constexpr Milliseconds interval{2};
  if (time_left() == Duration(0)) return fail(xmpp::StreamCondition::internal_server_error);
  shard().ledger().journal().want_sync();
  set_waiting(true);
  deadline().start(shard().loop(), interval, [this, token, h] {
    await_login();
    resume_session(token, h);
  });
}

void Connection::take_ack(xml::Element root) {
  const auto h = read_count(root.attribute("h"));
  if (h && session_->acknowledge(*h)) return;
  refuse_count(h);
}

// XEP-0198 section 4: an ack that cannot be ends the session; what it had is handed over.
void Connection::refuse_count(std::optional<std::uint32_t> h) {
  Session& session = *session_;
  session_ = nullptr;
  session.detach();
  xmpp::StreamError error(xmpp::StreamCondition::undefined_condition);
  if (h) {
    error.application = {"handled-count-too-high", std::string(sm_ns)};
    error.application_attributes = {
        {"h", std::to_string(*h)},
        {"send-count", std::to_string(session.managed()->outbound.sent())}};
  }
  fail(error);
  shard().end_session(session, SessionEnd::lost);
}

}  // namespace herold::server
