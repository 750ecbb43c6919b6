// XEP-0442 Pubsub Message Archive Management: a node's items as an archive, asked for as others are
// (XEP-0313). What was retracted, or has had its time, is not in it.
#pragma once

#include <string>

#include "server/message_names.h"
#include "server/pubsub/service.h"
#include "xmpp/ext/archive.h"

namespace herold::server::pubsub {

// A query of items that its asker may read, which `query` is for. Items are known by where they
// stand, so that one that is published anew meanwhile tears no gap.
Answer<store::ItemQuery> read_archive_query(store::ItemQuery items, const xmpp::ArchiveQuery& query,
                                            const MessageNames& names, const Limits& limits);
// Section 4.1.5 of XEP-0313: the fields that a query may have.
xmpp::ArchiveQuery node_archive_form();

// One result, as the item's subscribers were told of it; and the answer behind all.
std::string archive_result(const Node& node, const Jid& service, const store::NodeItem& item,
                           const ReplyTo& reply, const xmpp::ArchiveQuery& query,
                           const MessageNames& names);
xmpp::ArchiveFin archive_end(const store::ItemPage& page, const store::ItemQuery& asked,
                             const MessageNames& names);

}  // namespace herold::server::pubsub
