// A new key, everything sealed anew a page at a time, then the old keys go.
#include "server/admin/key_change.h"

#include <memory>

#include "base/limits.h"

namespace herold::server {
namespace {

struct Change {
  KeySealer& keys;
  store::Accounts& accounts;
  std::function<void(AdminReply)> done;
  std::uint32_t key = 0;
  std::uint64_t count = 0;

  // Shared by the pages under way.
  static void next(std::shared_ptr<Change> self, std::string after) {
    store::Accounts& accounts = self->accounts;
    accounts.reseal(std::move(after), bounds::accounts_page,
                    [self = std::move(self)](Result<store::Resealed> page) mutable {
                      if (!page) return self->give_up(page.error());
                      self->count += page->accounts;
                      if (page->last.empty()) return self->finish();
                      next(std::move(self), std::move(page->last));
                    });
  }

  void give_up(const Error& error) {
    keys.abandon_change();
    done(std::unexpected(error));
  }

  void finish() {
    if (auto finished = keys.finish_change(); !finished)
      return done(std::unexpected(finished.error()));
    done(nlohmann::json({{"key", key}, {"accounts", count}}));
  }
};

}  // namespace

void change_keys(KeySealer& keys, store::Accounts& accounts, std::function<void(AdminReply)> done) {
  const auto key = keys.begin_change();
  if (!key) return done(std::unexpected(key.error()));
  Change::next(std::make_shared<Change>(keys, accounts, std::move(done), *key), {});
}

}  // namespace herold::server
