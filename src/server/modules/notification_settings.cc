// XEP-0492 Chat Notification Settings: what a user's bookmarks say of notifications, for whoever
// wakes his clients (push.cc).
//
// Clients that are woken are phones, which is the identity that counts here. In the absence of
// settings everything wakes: the client sees then whether it notifies.
#include "xmpp/ext/notification_settings.h"

#include <utility>

#include "server/chat_settings.h"
#include "server/module.h"
#include "server/own_xml.h"
#include "server/shard.h"

namespace herold::server {
namespace {

constexpr std::string_view node = xmpp::ns::bookmarks;

void note(ChatSettings& settings, const std::string& chat, const std::string& payload) {
  const auto bookmark = read_own<xmpp::NotifyBookmark>(payload);
  const auto when = bookmark && bookmark->extensions && bookmark->extensions->notify
                        ? bookmark->extensions->notify->when("client", "phone")
                        : std::nullopt;
  const auto jid = Jid::parse(chat);
  if (!jid) return;
  if (when)
    settings.chats[std::string(jid->bare_text())] = {*when, bookmark->nick};
  else
    settings.chats.erase(std::string(jid->bare_text()));
}

}  // namespace

class NotificationSettings {
 public:
  static constexpr About about{492, "0.2.0", "Chat Notification Settings", {}};

  static constexpr auto handlers() {
    return std::tuple{on<ItemPublished>(&NotificationSettings::follow),
                      on<ItemRetracted>(&NotificationSettings::forget)};
  }

  explicit NotificationSettings(ModuleHost& host) : host_(host) {
    host_.data<ChatSettingsReader>().read = [this](Account& account,
                                                   std::move_only_function<void()> then) {
      read(account, std::move(then));
    };
  }
  void stop() { host_.data<ChatSettingsReader>().read = nullptr; }

 private:
  void read(Account& account, std::move_only_function<void()> then) {
    if (account.find_data<ChatSettings>() != nullptr) return then();
    account.data<ChatSettings>();
    host_.stores().nodes().items(std::string(account.address().text()),
                                 {.node = std::string(node), .most = host_.limits().pubsub_items},
                                 [this, address = account.address(), then = std::move(then)](
                                     const Result<store::ItemPage>& page) mutable {
                                   // Also while it is loaded, when nobody else finds it.
                                   Account* found = host_.shard().find_account(address.bare_text());
                                   if (page && found != nullptr)
                                     for (const store::NodeItem& item : page->items)
                                       note(found->data<ChatSettings>(), item.id, item.payload);
                                   then();
                                 });
  }

  void follow(ItemPublished& event) {
    auto* settings = event.account.find_data<ChatSettings>();
    if (settings != nullptr && event.node == node) note(*settings, event.id, event.payload);
  }

  void forget(ItemRetracted& event) {
    auto* settings = event.account.find_data<ChatSettings>();
    if (settings == nullptr || event.node != node) return;
    if (event.id.empty()) return settings->chats.clear();
    note(*settings, event.id, {});
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(notification_settings, NotificationSettings)
