// An external component beside a TestServer (XEP-0114): a program that speaks text for a domain.
//
//   TestServer server({.domain = "[[component]]\nname = 'irc.xmpp.test'\nsecret = 'frog'"});
//   TestComponent irc(server, "irc.xmpp.test", "frog");
//   irc.connects();
//   juliet.sends("<message to='#verona@irc.xmpp.test'><body>hi</body></message>");
//   irc.receives("<message from='juliet@xmpp.test/balcony'><body>hi</body></message>");
#pragma once

#include <deque>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>

#include "net/sim/network.h"
#include "xml/parser.h"
#include "xml/scanner.h"

namespace herold::server {

class TestServer;

class TestComponent final : private net::Transport::Handler {
 public:
  using Place = std::source_location;

  TestComponent(TestServer& server, std::string name, std::string secret);
  ~TestComponent() override;

  void connects(Place place = Place::current());
  void cannot_connect(std::string_view condition, Place place = Place::current());
  // Sends it, and lets everything happen that comes of it.
  void sends(std::string_view xml, Place place = Place::current());
  void receives(std::string_view pattern, Place place = Place::current());
  void receives_nothing(Place place = Place::current());
  // Whether such a one waits to be looked at, wherever; it is looked at by this.
  bool takes(std::string_view pattern);
  std::deque<xml::Document> takes_all() { return std::exchange(inbox_, {}); }
  void skips() { inbox_.clear(); }
  xml::Element last() const { return last_.root(); }

  bool is_connected() const { return transport_ != nullptr; }
  void is_disconnected(std::string_view condition, Place place = Place::current());
  // Its program dies; what it has not read is lost with it.
  void dies();
  void stops_reading();
  void answers_pings(bool does) { answers_pings_ = does; }

 private:
  // net::Transport::Handler
  void on_readable() override;
  void on_writable() override { flush(); }
  void on_secured() override {}
  void on_ended(net::Ending ending, std::string_view detail) override;

  void connect();
  void send(std::string_view bytes);
  void flush();
  void feed();
  void take_item(xml::Scanner::Token token, std::string_view item);
  void take_element(xml::Document document);
  void drop();
  void expect(bool holds, const std::string& sentence, Place place) const;

  TestServer& server_;
  const std::string name_, secret_;
  net::sim::SimNetwork::Link link_{};
  std::unique_ptr<net::Transport> transport_;
  xml::Scanner scanner_;
  xml::NamespaceScope scope_;
  std::string input_, output_, failure_;
  std::deque<xml::Document> inbox_;
  xml::Document last_;
  bool is_admitted_ = false;
  bool answers_pings_ = true;  // unseen by the test
};

}  // namespace herold::server
