// Changing whom an account blocks (XEP-0191 sections 3.3 and 3.4): in force at once, then stored,
// then told to the other clients.
#pragma once

#include <string>
#include <vector>

#include "server/block_list.h"
#include "server/iq.h"
#include "server/module_host.h"

namespace herold::xmpp {
struct PrivacyList;
}

namespace herold::server {

store::RecordKey block_list_key(const Jid& account);

// As XEP-0016 has it: the list of this name denies each of them everything.
inline constexpr std::string_view privacy_list_name = "blocked";
xmpp::PrivacyList privacy_list_of(const BlockList& blocked);

// resource-constraint where there are too many.
Answer<> check_size(const ModuleHost& host, const BlockList& list);

// `changed` takes the place of the account's list; contacts who are blocked by it see the user go,
// those who are not any more see him come. The request is answered when it is stored, and then
// `pushes`, payloads of this command, go to whoever asked for the list.
void change_block_list(ModuleHost& host, Account& account, BlockList changed,
                       std::vector<std::string> pushes, IqRequest request);

}  // namespace herold::server
