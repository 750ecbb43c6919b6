// Which messages belong into an archive (XEP-0313 section 6.1, XEP-0334), of accounts and of rooms.
#pragma once

#include "server/stanza.h"

namespace herold::server {

// By what it holds; its type and whether it is journalled at all are for the caller.
bool is_worth_archiving(xml::Element message);

}  // namespace herold::server
