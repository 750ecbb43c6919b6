// Questions to archives (XEP-0313 sections 4 and 5), for accounts and rooms alike. Who may ask is
// for the caller to judge.
#pragma once

#include <functional>

#include "server/iq.h"
#include "xmpp/ext/archive.h"

namespace herold::server {

// How one archive shows itself.
struct ArchiveView {
  enum class Kind : std::uint8_t { account, room };
  Kind kind = Kind::account;
  // Changes a stored message for who asks, or says that it is not for him. None: as it is, but that
  // rooms name no recipient (section 6.1.2).
  std::function<bool(Stanza&)> show;
};

// Sends what the query finds to who asked, from `owner`, and then the answer.
void answer_archive_query(IqRequest request, const Jid& owner, const xmpp::ArchiveQuery& query,
                          ArchiveView view);
// Section 5.
void answer_archive_metadata(IqRequest request, const Jid& owner);
// Section 4.1.5: the fields that a query may have.
xmpp::ArchiveQuery archive_query_form();
// What a stored stanza says to whoever looks for words (XEP-0431): its body, where that is plain.
std::string words_of(std::string_view stanza);

}  // namespace herold::server
