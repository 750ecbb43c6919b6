// OpenSSL's way to our Socket: no copy in between, no SIGPIPE, bounded reading. Internal to net.
#pragma once

#include "net/openssl_handles.h"
#include "net/socket.h"

namespace herold::net {

// Makes `ssl` read and write `socket`, which outlives it. The end and errors of the socket look
// like "nothing now" to OpenSSL; the socket remembers them. False when there is no memory.
bool set_socket(SSL& ssl, Socket& socket);

}  // namespace herold::net
