// A small client on libstrophe: signs in with the certificate verified, reads roster and presence,
// answers.
//
// strophe_client JID PASSWORD HOST PORT AUTHORITY PEER: prints one line an event and ends with 0
// when the peer's message "over" has come.
#include <strophe.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

struct Session {
  xmpp_ctx_t* context;
  std::string peer;
  bool done = false;
};

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

std::string attribute(xmpp_stanza_t* stanza, const char* name) {
  const char* value = xmpp_stanza_get_attribute(stanza, name);
  return value ? value : "";
}

int on_roster(xmpp_conn_t* connection, xmpp_stanza_t* stanza, void* userdata) {
  auto* session = static_cast<Session*>(userdata);
  xmpp_stanza_t* query = xmpp_stanza_get_child_by_name(stanza, "query");
  xmpp_stanza_t* item = query ? xmpp_stanza_get_children(query) : nullptr;
  for (; item; item = xmpp_stanza_get_next(item)) {
    say("roster " + attribute(item, "jid") + " " + attribute(item, "subscription"));
  }
  xmpp_stanza_t* presence = xmpp_presence_new(session->context);
  xmpp_send(connection, presence);
  xmpp_stanza_release(presence);
  return 0;
}

int on_presence(xmpp_conn_t*, xmpp_stanza_t* stanza, void*) {
  if (attribute(stanza, "type").empty()) say("presence " + attribute(stanza, "from"));
  return 1;
}

int on_message(xmpp_conn_t* connection, xmpp_stanza_t* stanza, void* userdata) {
  auto* session = static_cast<Session*>(userdata);
  char* body = xmpp_message_get_body(stanza);
  if (!body) return 1;
  say(std::string("message ") + body);
  const bool over = std::strcmp(body, "over") == 0;
  xmpp_stanza_t* reply = xmpp_message_new(session->context, "chat", session->peer.c_str(), "reply");
  xmpp_message_set_body(reply, (std::string("strophe heard ") + body).c_str());
  xmpp_send(connection, reply);
  xmpp_stanza_release(reply);
  xmpp_free(session->context, body);
  if (over) {
    session->done = true;
    xmpp_disconnect(connection);
  }
  return 1;
}

void on_connection(xmpp_conn_t* connection, xmpp_conn_event_t event, int, xmpp_stream_error_t*,
                   void* userdata) {
  auto* session = static_cast<Session*>(userdata);
  if (event != XMPP_CONN_CONNECT) {
    xmpp_stop(session->context);
    return;
  }
  say(xmpp_conn_is_secured(connection) ? "connected secured" : "connected in clear");
  xmpp_handler_add(connection, on_presence, nullptr, "presence", nullptr, session);
  xmpp_handler_add(connection, on_message, nullptr, "message", nullptr, session);
  xmpp_id_handler_add(connection, on_roster, "roster1", session);
  xmpp_stanza_t* iq = xmpp_iq_new(session->context, "get", "roster1");
  xmpp_stanza_t* query = xmpp_stanza_new(session->context);
  xmpp_stanza_set_name(query, "query");
  xmpp_stanza_set_ns(query, XMPP_NS_ROSTER);
  xmpp_stanza_add_child(iq, query);
  xmpp_stanza_release(query);
  xmpp_send(connection, iq);
  xmpp_stanza_release(iq);
}

}  // namespace

int main(int count, char** words) {
  if (count != 7) {
    std::fputs("usage: strophe_client JID PASSWORD HOST PORT AUTHORITY PEER\n", stderr);
    return 2;
  }
  xmpp_initialize();
  xmpp_ctx_t* context = xmpp_ctx_new(nullptr, xmpp_get_default_logger(XMPP_LEVEL_WARN));
  xmpp_conn_t* connection = xmpp_conn_new(context);
  Session session{context, words[6]};
  xmpp_conn_set_flags(connection, XMPP_CONN_FLAG_MANDATORY_TLS);
  xmpp_conn_set_jid(connection, words[1]);
  xmpp_conn_set_pass(connection, words[2]);
  xmpp_conn_set_cafile(connection, words[5]);
  const auto port = static_cast<unsigned short>(std::atoi(words[4]));
  if (xmpp_connect_client(connection, words[3], port, on_connection, &session) == XMPP_EOK) {
    xmpp_run(context);
  }
  xmpp_conn_release(connection);
  xmpp_ctx_free(context);
  xmpp_shutdown();
  return session.done ? 0 : 1;
}
