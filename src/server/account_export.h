// XEP-0227 Portable Import/Export Format: what an account keeps here, as one document.
#pragma once

#include <string>

#include "base/bytes.h"
#include "store/database.h"
#include "xmpp/jid.h"

namespace herold::server {

// Its user's own: contacts, cards, private storage, nodes, messages that wait. The operator's has
// the archive of messages as well, and the keys by which the user signs in.
enum class ExportScope : std::uint8_t { own, whole };

// Fault::not_found without the account; Fault::limit where the document would be longer than
// `most`. `stores` stay until it is done.
void export_account(store::Stores& stores, const xmpp::Jid& account, ExportScope scope, Bytes most,
                    store::Completion<std::string> done);

}  // namespace herold::server
