// Messages to the administrators that wait for those who are away.
#include "server/admin_notices.h"

#include "server/announcements.h"

namespace herold::server {

void AdminNotices::tell(std::string_view text) {
  if (pause_.running()) {
    ++untold_;
    return;
  }
  send(text);
  host_.after(pause_, pause, [this] {
    if (untold_ > 0) send(std::to_string(std::exchange(untold_, 0)) + ' ' + std::string(more_));
  });
}

void AdminNotices::send(std::string_view text) {
  const SharedBytes payload = announcement(subject_, text);
  for (const std::string& admin : host_.domain().admins) {
    StanzaHead head = StanzaHead::of(MessageType::normal);
    head.from = host_.address();
    head.to = Jid::trusted(admin);
    Stanza message(std::move(head), payload);
    if (host_.commit(message)) host_.send(std::move(message));
  }
}

}  // namespace herold::server
