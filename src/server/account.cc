// Accounts in memory.
#include "server/account.h"

#include <algorithm>

#include "base/check.h"
#include "server/contacts.h"
#include "server/module_host.h"
#include "server/shard.h"
#include "xmpp/sasl/anonymous.h"

namespace herold::server {
namespace {

void apply(Roster& roster, const store::RosterChange& change) {
  if (const auto* put = std::get_if<store::PutItem>(&change)) return roster.put(put->item);
  if (const auto* gone = std::get_if<store::RemoveItem>(&change))
    return roster.remove(gone->address);
  const auto* request = std::get_if<store::PutRequest>(&change);
  const std::string& from =
      request ? request->request.from : std::get<store::RemoveRequest>(change).from;
  std::erase_if(roster.requests, [&](const auto& known) { return known.from == from; });
  if (request) roster.requests.push_back(request->request);
}

}  // namespace

Account::Account(ModuleHost& host, Jid address)
    : host_(host),
      address_(std::move(address)),
      is_temporary_(xmpp::is_anonymous_name(address_.local())) {}
Account::~Account() = default;

void Account::when_loaded(std::move_only_function<void()> task) {
  if (state_ != State::loading) return task();
  if (!parked_) parked_ = std::make_unique<std::deque<std::move_only_function<void()>>>();
  parked_->push_back(std::move(task));
}

void Account::loaded(State state) {
  state_ = state;
  if (!parked_) return;
  const auto parked = std::move(parked_);
  for (auto& task : *parked) task();
}

// The store must not know more than the journal: of what it has, the contact has to be told, also
// after a power cut.
void Account::change_roster(std::vector<store::RosterChange> changes,
                            std::move_only_function<void(Result<std::uint64_t>)> stored) {
  if (is_temporary_)
    return stored(fail(Fault::refused, "Without an account there are no contacts"));
  for (const store::RosterChange& change : changes) apply(roster_, change);
  count_unstored(*this, 1);
  Shard& shard = host_.shard();
  auto finish = [&shard, address = address_.text(),
                 stored = std::move(stored)](Result<std::uint64_t> version) mutable {
    if (Account* account = shard.find_account(address)) {
      if (version)
        account->roster_.version = std::max(account->roster_.version, *version);
      else
        account->reload_roster();
    }
    stored(std::move(version));
    if (Account* account = shard.find_account(address)) count_unstored(*account, -1);
  };
  shard.when_safe([&shard, address = address_.text(), changes = std::move(changes),
                   finish = std::move(finish)]() mutable {
    shard.stores().rosters().change(address, std::move(changes), std::move(finish));
  });
}

void Account::reload_roster() {
  Shard& shard = host_.shard();
  shard.stores().rosters().load(address_.text(),
                                [&shard, address = address_.text()](Result<store::Roster> roster) {
                                  Account* account = shard.find_account(address);
                                  if (account != nullptr && roster)
                                    account->roster_.load(std::move(*roster));
                                });
}

Session* Account::find_session(std::string_view resource) const {
  for (const auto& session : sessions_)
    if (session->address().resource() == resource) return session.get();
  return nullptr;
}

Session& Account::add_session(std::unique_ptr<Session> session) {
  sessions_.push_back(std::move(session));
  return *sessions_.back();
}

std::unique_ptr<Session> Account::take_session(Session& session) {
  const auto place = std::ranges::find_if(
      sessions_, [&](const auto& candidate) { return candidate.get() == &session; });
  CHECK(place != sessions_.end());
  std::unique_ptr<Session> taken = std::move(*place);
  sessions_.erase(place);
  return taken;
}

bool Account::has_available_sessions() const {
  return std::ranges::any_of(sessions_, [](const auto& session) { return session->available(); });
}

void Loading::release() {
  if (--holds_ > 0) return;
  account_.loaded(failed_              ? Account::State::failed
                  : account_.existing_ ? Account::State::ready
                                       : Account::State::missing);
}

}  // namespace herold::server
