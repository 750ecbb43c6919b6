// The three functions that a BIO needs, and reading ahead.
#include "net/handshake_bio.h"

#include <array>

namespace herold::net {
namespace {

HandshakeInput& input_of(BIO* bio) { return *static_cast<HandshakeInput*>(BIO_get_data(bio)); }

int read_socket(BIO* bio, char* buffer, std::size_t size, std::size_t* got) {
  BIO_clear_retry_flags(bio);
  *got = input_of(bio).read({buffer, size});
  if (*got > 0) return 1;
  BIO_set_retry_read(bio);
  return 0;
}

int write_socket(BIO* bio, const char* bytes, std::size_t size, std::size_t* took) {
  BIO_clear_retry_flags(bio);
  *took = input_of(bio).socket.write({bytes, size});
  if (*took > 0) return 1;
  BIO_set_retry_write(bio);
  return 0;
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BioMethodHandle make_method() {
  BioMethodHandle method(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "herold socket"));
  if (!method || BIO_meth_set_read_ex(method.get(), read_socket) != 1 ||
      BIO_meth_set_write_ex(method.get(), write_socket) != 1 ||
      BIO_meth_set_ctrl(method.get(), control) != 1)
    return nullptr;
  return method;
}

}  // namespace

std::size_t HandshakeInput::read(std::span<char> buffer) {
  if (ahead.empty() && (reading == Reading::as_asked || buffer.size() >= 4096))
    return socket.read(buffer);
  if (ahead.empty()) {
    std::array<char, 4096> flight;
    ahead.assign(flight.data(), socket.read(flight));
  }
  const std::size_t got = ahead.copy(buffer.data(), buffer.size());
  ahead.erase(0, got);
  if (ahead.empty()) std::string().swap(ahead);
  return got;
}

bool set_input(SSL& ssl, HandshakeInput& input) {
  // OpenSSL wants its table of functions made at run time; it never changes afterwards.
  static const BioMethodHandle method = make_method();
  BIO* bio = method ? BIO_new(method.get()) : nullptr;
  if (!bio) return false;
  BIO_set_data(bio, &input);
  BIO_set_init(bio, 1);
  SSL_set_bio(&ssl, bio, bio);  // takes it over
  return true;
}

}  // namespace herold::net
