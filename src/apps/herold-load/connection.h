// One connection to the server: transport, scanner, and what waits in either direction.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/transport.h"
#include "xml/scanner.h"

namespace herold::load {

class Worker;

// Lives as long as its worker's loop runs.
class Connection : private net::Transport::Handler {
 public:
  explicit Connection(Worker& worker);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection();

  void flush();  // by the worker, at the end of a turn
  void drop();   // closes at once; may be opened again
  bool is_open() const { return transport_ != nullptr; }

 protected:
  // Connects and, where TLS comes first, begins it. A failure comes by on_lost().
  void open();
  void begin_tls();
  void send(std::string_view bytes);
  bool has_unread() const { return unread_behind_; }
  void restart_scanner() { scanner_.restart(); }

  Worker& worker_;
  std::unique_ptr<net::Transport> transport_;

 private:
  virtual void on_tls() = 0;  // the handshake is done
  // One item of the scanner. May call drop() and open().
  virtual void take(xml::Scanner::Token token, std::string_view bytes) = 0;
  // The connection has ended without our drop(); it may be opened again.
  virtual void on_lost(std::string text) = 0;

  void on_readable() override;
  void on_writable() override { flush(); }
  void on_secured() override { on_tls(); }
  void on_ended(net::Ending ending, std::string_view detail) override;
  bool feed(std::string_view bytes);

  xml::Scanner scanner_;
  std::string unread_;  // the beginning of an item
  std::string out_;
  unsigned epoch_ = 0;  // how often it was dropped: input of an older one is not looked at
  bool will_flush_ = false;
  bool unread_behind_ = false;  // bytes stand behind the item being taken
};

}  // namespace herold::load
