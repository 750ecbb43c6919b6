// The gate before the stores.
#include "server/temporary_stores.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "xmpp/sasl/anonymous.h"

namespace herold::server {
namespace {

using store::Completion;
using store::Executor;

bool is_temporary(std::string_view owner) { return xmpp::is_anonymous_address(owner); }

// Completions never run inside the call that they were given to.
template <class T>
void answer(Executor& executor, Completion<T> done, Result<T> result) {
  executor.post(
      [done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
}

template <class T>
void refuse(Executor& executor, Completion<T> done) {
  answer<T>(executor, std::move(done), fail(Fault::refused, "Nothing is kept without an account"));
}

template <class T>
void find_nothing(Executor& executor, Completion<T> done) {
  answer<T>(executor, std::move(done), T());
}

void do_nothing(Executor& executor, Completion<> done) {
  answer<void>(executor, std::move(done), {});
}

template <class T>
void find_no_account(Executor& executor, Completion<T> done) {
  answer<T>(executor, std::move(done), fail(Fault::not_found, "There is no such account"));
}

class Accounts final : public store::Accounts {
 public:
  Accounts(store::Accounts& behind, Executor& executor) : behind_(behind), executor_(executor) {}

  void create(std::string address, std::vector<store::Credential> credentials, WallTime now,
              Completion<> done) override {
    if (is_temporary(address)) return refuse(executor_, std::move(done));
    behind_.create(std::move(address), std::move(credentials), now, std::move(done));
  }
  void create_distinct(std::string address, std::vector<store::Credential> credentials,
                       WallTime now, Completion<> done) override {
    if (is_temporary(address)) return refuse(executor_, std::move(done));
    behind_.create_distinct(std::move(address), std::move(credentials), now, std::move(done));
  }
  void name_state(std::string address, Completion<store::NameState> done) override {
    if (is_temporary(address)) return answer(executor_, std::move(done), {store::NameState::taken});
    behind_.name_state(std::move(address), std::move(done));
  }
  void remove(std::string address, std::vector<std::string> kept, Completion<> done) override {
    if (is_temporary(address)) return find_no_account(executor_, std::move(done));
    behind_.remove(std::move(address), std::move(kept), std::move(done));
  }
  void end_removal(std::string address, Completion<> done) override {
    if (is_temporary(address)) return find_no_account(executor_, std::move(done));
    behind_.end_removal(std::move(address), std::move(done));
  }
  void find(std::string address, Completion<store::Account> done) override {
    if (is_temporary(address)) return find_no_account(executor_, std::move(done));
    behind_.find(std::move(address), std::move(done));
  }
  void exists(std::string address, Completion<bool> done) override {
    if (is_temporary(address)) return find_nothing(executor_, std::move(done));
    behind_.exists(std::move(address), std::move(done));
  }
  void credentials(std::string address, Completion<std::vector<store::Credential>> done) override {
    if (is_temporary(address)) return find_no_account(executor_, std::move(done));
    behind_.credentials(std::move(address), std::move(done));
  }
  void set_credentials(std::string address, std::vector<store::Credential> credentials,
                       Completion<> done) override {
    if (is_temporary(address)) return find_no_account(executor_, std::move(done));
    behind_.set_credentials(std::move(address), std::move(credentials), std::move(done));
  }
  void add_credential(std::string address, store::Credential added, Completion<> done) override {
    if (is_temporary(address)) return find_no_account(executor_, std::move(done));
    behind_.add_credential(std::move(address), std::move(added), std::move(done));
  }
  void reseal(std::string after, std::uint32_t limit, Completion<store::Resealed> done) override {
    behind_.reseal(std::move(after), limit, std::move(done));
  }
  void set_state(std::string address, store::AccountState state, Completion<> done) override {
    if (is_temporary(address)) return find_no_account(executor_, std::move(done));
    behind_.set_state(std::move(address), state, std::move(done));
  }
  void signed_in(std::string address, WallTime now, Completion<> done) override {
    if (is_temporary(address)) return find_no_account(executor_, std::move(done));
    behind_.signed_in(std::move(address), now, std::move(done));
  }
  void list(std::string domain, std::string after, std::uint32_t limit,
            Completion<std::vector<store::Account>> done) override {
    behind_.list(std::move(domain), std::move(after), limit, std::move(done));
  }
  void count(std::string domain, Completion<std::uint64_t> done) override {
    behind_.count(std::move(domain), std::move(done));
  }
  void list_disabled(std::string domain, std::string after, std::uint32_t limit,
                     Completion<std::vector<store::Account>> done) override {
    behind_.list_disabled(std::move(domain), std::move(after), limit, std::move(done));
  }
  void count_disabled(std::string domain, Completion<std::uint64_t> done) override {
    behind_.count_disabled(std::move(domain), std::move(done));
  }

 private:
  store::Accounts& behind_;
  Executor& executor_;
};

class Clients final : public store::Clients {
 public:
  Clients(store::Clients& behind, Executor& executor) : behind_(behind), executor_(executor) {}

  void facts(std::string address, Completion<store::SignInFacts> done) override {
    if (is_temporary(address)) return find_no_account(executor_, std::move(done));
    behind_.facts(std::move(address), std::move(done));
  }
  void find(std::string address, std::string agent, Completion<store::FoundClient> done) override {
    if (is_temporary(address)) return find_no_account(executor_, std::move(done));
    behind_.find(std::move(address), std::move(agent), std::move(done));
  }
  void list(std::string address, Completion<std::vector<store::Client>> done) override {
    if (is_temporary(address)) return find_nothing(executor_, std::move(done));
    behind_.list(std::move(address), std::move(done));
  }
  void put(std::string address, store::Client client, store::Generation generation,
           std::uint64_t most, Completion<> done) override {
    if (is_temporary(address)) return find_no_account(executor_, std::move(done));
    behind_.put(std::move(address), std::move(client), generation, most, std::move(done));
  }
  void seen(std::string address, std::uint64_t id, WallTime now, Completion<> done) override {
    if (is_temporary(address)) return do_nothing(executor_, std::move(done));
    behind_.seen(std::move(address), id, now, std::move(done));
  }
  void revoke(std::string address, std::uint64_t id, Completion<> done) override {
    if (is_temporary(address)) return find_no_account(executor_, std::move(done));
    behind_.revoke(std::move(address), id, std::move(done));
  }
  void second_factor(std::string address,
                     Completion<std::optional<store::SecondFactor>> done) override {
    if (is_temporary(address)) return find_nothing(executor_, std::move(done));
    behind_.second_factor(std::move(address), std::move(done));
  }
  void set_second_factor(std::string address, std::optional<store::SecondFactor> factor,
                         Completion<> done) override {
    if (is_temporary(address)) return find_no_account(executor_, std::move(done));
    behind_.set_second_factor(std::move(address), std::move(factor), std::move(done));
  }

 private:
  store::Clients& behind_;
  Executor& executor_;
};

class Rosters final : public store::Rosters {
 public:
  Rosters(store::Rosters& behind, Executor& executor) : behind_(behind), executor_(executor) {}

  void load(std::string owner, Completion<store::Roster> done) override {
    if (is_temporary(owner)) return find_nothing(executor_, std::move(done));
    behind_.load(std::move(owner), std::move(done));
  }
  void change(std::string owner, std::vector<store::RosterChange> changes,
              Completion<std::uint64_t> done) override {
    if (is_temporary(owner)) return refuse(executor_, std::move(done));
    behind_.change(std::move(owner), std::move(changes), std::move(done));
  }
  void changes_since(std::string owner, std::uint64_t version,
                     Completion<std::optional<store::RosterDifference>> done) override {
    if (is_temporary(owner)) return find_nothing(executor_, std::move(done));
    behind_.changes_since(std::move(owner), version, std::move(done));
  }

 private:
  store::Rosters& behind_;
  Executor& executor_;
};

class Messages final : public store::Messages {
 public:
  Messages(store::Messages& behind, Executor& executor) : behind_(behind), executor_(executor) {}

  void add(store::SharedMessages messages, Completion<> done) override {
    const auto refers = [](const store::Reference& one) { return is_temporary(one.box.owner); };
    for (const store::NewMessage& message : *messages)
      if (std::ranges::any_of(message.references, refers))
        return refuse(executor_, std::move(done));
    behind_.add(std::move(messages), std::move(done));
  }
  void backlog(store::Box box, Completion<store::Backlog> done) override {
    if (is_temporary(box.owner)) return find_nothing(executor_, std::move(done));
    behind_.backlog(std::move(box), std::move(done));
  }
  void newest_id(std::string owner, Completion<std::uint64_t> done) override {
    if (is_temporary(owner)) return find_nothing(executor_, std::move(done));
    behind_.newest_id(std::move(owner), std::move(done));
  }
  void fetch(store::Box box, std::uint64_t after, std::uint32_t limit,
             Completion<std::vector<store::StoredMessage>> done) override {
    if (is_temporary(box.owner)) return find_nothing(executor_, std::move(done));
    behind_.fetch(std::move(box), after, limit, std::move(done));
  }
  void select(store::Box box, store::Selection what, store::PageBounds bounds,
              Completion<store::Page> done) override {
    if (is_temporary(box.owner)) return find_nothing(executor_, std::move(done));
    behind_.select(std::move(box), std::move(what), bounds, std::move(done));
  }
  void count(store::Box box, store::Selection what, Completion<std::uint64_t> done) override {
    if (is_temporary(box.owner)) return find_nothing(executor_, std::move(done));
    behind_.count(std::move(box), std::move(what), std::move(done));
  }
  void index_text(store::Box box, std::uint32_t limit, Completion<bool> done) override {
    if (is_temporary(box.owner)) return find_nothing(executor_, std::move(done));
    behind_.index_text(std::move(box), limit, std::move(done));
  }
  void wipe_text(Completion<bool> done) override { behind_.wipe_text(std::move(done)); }
  void replace(store::Box box, std::uint64_t stanza_id, std::string content,
               Completion<> done) override {
    if (is_temporary(box.owner)) return do_nothing(executor_, std::move(done));
    behind_.replace(std::move(box), stanza_id, std::move(content), std::move(done));
  }
  void remove(store::Box box, std::vector<std::uint64_t> ids, Completion<> done) override {
    if (is_temporary(box.owner)) return do_nothing(executor_, std::move(done));
    behind_.remove(std::move(box), std::move(ids), std::move(done));
  }
  void remove_stanzas(store::Box box, std::vector<std::uint64_t> stanza_ids,
                      Completion<> done) override {
    if (is_temporary(box.owner)) return do_nothing(executor_, std::move(done));
    behind_.remove_stanzas(std::move(box), std::move(stanza_ids), std::move(done));
  }
  void remove_all(store::Box box, Completion<> done) override {
    if (is_temporary(box.owner)) return do_nothing(executor_, std::move(done));
    behind_.remove_all(std::move(box), std::move(done));
  }
  void move(store::Box from, store::Box to, Completion<> done) override {
    if (is_temporary(from.owner)) return do_nothing(executor_, std::move(done));
    behind_.move(std::move(from), std::move(to), std::move(done));
  }
  void boxes(store::BoxKind kind, std::uint64_t after, std::uint32_t limit,
             Completion<std::vector<store::BoxUsage>> done) override {
    behind_.boxes(kind, after, limit, std::move(done));
  }
  void trim(store::Box box, WallTime older, Bytes most, std::uint32_t limit,
            Completion<bool> done) override {
    if (is_temporary(box.owner)) return find_nothing(executor_, std::move(done));
    behind_.trim(std::move(box), older, most, limit, std::move(done));
  }

 private:
  store::Messages& behind_;
  Executor& executor_;
};

class Records final : public store::Records {
 public:
  Records(store::Records& behind, Executor& executor) : behind_(behind), executor_(executor) {}

  void get(store::RecordKey key, Completion<std::optional<store::Record>> done) override {
    if (is_temporary(key.owner)) return find_nothing(executor_, std::move(done));
    behind_.get(std::move(key), std::move(done));
  }
  void list(std::string module, std::string owner, std::string prefix,
            Completion<std::vector<store::Record>> done) override {
    if (is_temporary(owner)) return find_nothing(executor_, std::move(done));
    behind_.list(std::move(module), std::move(owner), std::move(prefix), std::move(done));
  }
  void put(store::RecordKey key, std::string value, Completion<std::uint64_t> done) override {
    if (is_temporary(key.owner)) return refuse(executor_, std::move(done));
    behind_.put(std::move(key), std::move(value), std::move(done));
  }
  void put_if(store::RecordKey key, std::string value, std::uint64_t version,
              Completion<std::uint64_t> done) override {
    if (is_temporary(key.owner)) return refuse(executor_, std::move(done));
    behind_.put_if(std::move(key), std::move(value), version, std::move(done));
  }
  void remove(store::RecordKey key, Completion<> done) override {
    if (is_temporary(key.owner)) return do_nothing(executor_, std::move(done));
    behind_.remove(std::move(key), std::move(done));
  }
  void remove_all(std::string module, std::string owner, Completion<> done) override {
    if (is_temporary(owner)) return do_nothing(executor_, std::move(done));
    behind_.remove_all(std::move(module), std::move(owner), std::move(done));
  }
  void take_all(std::string module, std::string owner,
                Completion<std::vector<store::Record>> done) override {
    if (is_temporary(owner)) return find_nothing(executor_, std::move(done));
    behind_.take_all(std::move(module), std::move(owner), std::move(done));
  }
  void usage(std::string module, std::string owner, Completion<store::RecordUsage> done) override {
    if (is_temporary(owner)) return find_nothing(executor_, std::move(done));
    behind_.usage(std::move(module), std::move(owner), std::move(done));
  }

 private:
  store::Records& behind_;
  Executor& executor_;
};

class Nodes final : public store::Nodes {
 public:
  Nodes(store::Nodes& behind, Executor& executor) : behind_(behind), executor_(executor) {}

  void load(std::string service, Completion<std::vector<store::StoredNode>> done) override {
    if (is_temporary(service)) return find_nothing(executor_, std::move(done));
    behind_.load(std::move(service), std::move(done));
  }
  void change(std::string service, std::vector<store::NodeChange> changes,
              Completion<store::NodeOutcome> done) override {
    if (is_temporary(service)) return refuse(executor_, std::move(done));
    behind_.change(std::move(service), std::move(changes), std::move(done));
  }
  void items(std::string service, store::ItemQuery query,
             Completion<store::ItemPage> done) override {
    if (is_temporary(service)) return find_nothing(executor_, std::move(done));
    behind_.items(std::move(service), std::move(query), std::move(done));
  }
  void last_items(std::string service, std::vector<std::string> nodes,
                  Completion<std::vector<store::LastItem>> done) override {
    if (is_temporary(service)) return find_nothing(executor_, std::move(done));
    behind_.last_items(std::move(service), std::move(nodes), std::move(done));
  }
  void publishers(std::string service, std::string node,
                  Completion<std::vector<std::string>> done) override {
    if (is_temporary(service)) return find_nothing(executor_, std::move(done));
    behind_.publishers(std::move(service), std::move(node), std::move(done));
  }

 private:
  store::Nodes& behind_;
  Executor& executor_;
};

class Gate final : public store::Stores {
 public:
  Gate(std::unique_ptr<store::Stores> behind, Executor& executor)
      : behind_(std::move(behind)),
        accounts_(behind_->accounts(), executor),
        clients_(behind_->clients(), executor),
        rosters_(behind_->rosters(), executor),
        messages_(behind_->messages(), executor),
        records_(behind_->records(), executor),
        nodes_(behind_->nodes(), executor) {}

  store::Accounts& accounts() override { return accounts_; }
  store::Clients& clients() override { return clients_; }
  store::Rosters& rosters() override { return rosters_; }
  store::Messages& messages() override { return messages_; }
  store::Records& records() override { return records_; }
  store::Nodes& nodes() override { return nodes_; }

 private:
  std::unique_ptr<store::Stores> behind_;
  Accounts accounts_;
  Clients clients_;
  Rosters rosters_;
  Messages messages_;
  Records records_;
  Nodes nodes_;
};

}  // namespace

std::unique_ptr<store::Stores> without_temporary_accounts(std::unique_ptr<store::Stores> behind,
                                                          Executor& executor) {
  return std::make_unique<Gate>(std::move(behind), executor);
}

}  // namespace herold::server
