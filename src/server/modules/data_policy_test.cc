// XEP-0504: what is told follows the configuration.
#include <gtest/gtest.h>

#include "server/testing/disco_text.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

std::string field(std::string_view var, std::string_view type, std::string_view value) {
  return "<field var='" + std::string(var) + "' type='" + std::string(type) + "'><value>" +
         std::string(value) + "</value></field>";
}
std::string answer(std::string_view fields) {
  return server_info("<x xmlns='jabber:x:data' type='result'>" +
                     field("FORM_TYPE", "hidden", "urn:xmpp:data-policy:0") + std::string(fields) +
                     "</x>");
}

TEST(DataPolicy, TellsWhatTheServerDoes) {
  TestServer server;
  server.signs_in("romeo/orchard")
      .asks(server_info_question,
            answer(field("auth_data", "list-single", "plain") +
                   field("data_retention", "text-single", "infinite") +
                   field("data_deletion", "boolean", "true") +
                   field("encryption_at_rest", "boolean", "false") +
                   field("data_export", "boolean", "true") +
                   field("access_policy", "list-multi", "admins") +
                   field("full_erasure", "boolean", "true") +
                   "<ABSENT><field var='tos'/></ABSENT><ABSENT><field var='backup_frequency'/>"
                   "</ABSENT>"));
}

TEST(DataPolicy, FollowsTheSettings) {
  TestServer server({.modules = "[module.archive]\nkeep = '90m'\n"
                                "[module.account_export]\nenabled = false\n"
                                "[module.registration]\nenabled = false\n"
                                "[module.data_policy]\nterms = 'https://x.test/terms'\n"
                                "backup_frequency = '24'\nbackup_retention = '720'\n"
                                "access = ['admins', 'moderators']\nmore = ['One', 'Two']"});
  server.signs_in("romeo/orchard")
      .asks(server_info_question,
            answer(field("data_retention", "text-single", "2") +
                   field("tos", "text-single", "https://x.test/terms") +
                   field("data_export", "boolean", "false") +
                   "<field var='access_policy'><value>admins</value><value>moderators</value>"
                   "</field>" +
                   field("full_erasure", "boolean", "false") +
                   field("backup_frequency", "text-single", "24") +
                   field("backup_retention", "text-single", "720") +
                   "<field var='extra_info' type='text-multi'><value>One</value>"
                   "<value>Two</value></field>"));
}

TEST(DataPolicy, WithoutAnArchiveWhatWaitsIsKept) {
  TestServer server({.modules = "[module.archive]\nenabled = false\nkeep = '1h'"});
  server.signs_in("romeo/orchard")
      .asks(server_info_question, answer(field("data_retention", "text-single", "infinite")));
}

}  // namespace
}  // namespace herold::server
