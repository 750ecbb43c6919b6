// What tests of publish-subscribe say and expect, shortened: XEP-0060 requests and answers.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "server/testing/test_client.h"

namespace herold::server {

// The client announces that it wants to hear of these nodes, and says so when it is asked.
void wants(TestClient& client, std::initializer_list<std::string_view> nodes);

std::string pubsub_set(std::string_view inside, std::string_view to = {});
std::string pubsub_get(std::string_view inside, std::string_view to = {});
std::string owner_set(std::string_view inside, std::string_view to = {});
std::string owner_get(std::string_view inside, std::string_view to = {});

// A field of publish-options, "pubsub#" in front of its name.
std::string option(std::string_view name, std::string_view value);
std::string publish(std::string_view node, std::string_view id, std::string_view payload,
                    std::string_view options = {});
std::string publish_to(std::string_view to, std::string_view node, std::string_view id,
                       std::string_view payload, std::string_view options = {});
std::string published(std::string_view node, std::string_view id);
std::string items(std::string_view node);
std::string items_of(std::string_view to, std::string_view node);
std::string items_result(std::string_view node, std::string_view inside);

std::string pubsub_error(std::string_view type, std::string_view condition,
                         std::string_view application = {});

}  // namespace herold::server
