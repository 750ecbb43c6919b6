// OpenSSL's way to our Socket: no copy in between, no SIGPIPE, bounded reading. Internal to net.
#pragma once

#include <string>

#include "net/openssl_handles.h"
#include "net/socket.h"

namespace herold::net {

// A socket as OpenSSL reads it. In the handshake one system call reads all that has come, while
// OpenSSL is given what it asks for; so what follows the handshake stays here, for whoever goes on.
struct HandshakeInput {
  enum class Reading { ahead, as_asked };

  explicit HandshakeInput(Socket& from) : socket(from) {}
  std::size_t read(std::span<char> buffer);

  Socket& socket;
  Reading reading = Reading::ahead;
  std::string ahead;  // has been read and not been asked for
};

// Makes `ssl` read `input`, which outlives it, and write to its socket. The end and errors of the
// socket look like "nothing now" to OpenSSL; the socket remembers them. False when there is no
// memory.
bool set_input(SSL& ssl, HandshakeInput& input);

}  // namespace herold::net
