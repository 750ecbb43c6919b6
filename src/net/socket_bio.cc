// The four functions that a BIO needs.
#include "net/socket_bio.h"

namespace herold::net {
namespace {

Socket& socket_of(BIO* bio) { return *static_cast<Socket*>(BIO_get_data(bio)); }

int read_socket(BIO* bio, char* buffer, std::size_t size, std::size_t* got) {
  BIO_clear_retry_flags(bio);
  *got = socket_of(bio).read({buffer, size});
  if (*got > 0) return 1;
  BIO_set_retry_read(bio);
  return 0;
}

int write_socket(BIO* bio, const char* bytes, std::size_t size, std::size_t* took) {
  BIO_clear_retry_flags(bio);
  *took = socket_of(bio).write({bytes, size});
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

bool set_socket(SSL& ssl, Socket& socket) {
  // OpenSSL wants its table of functions made at run time; it never changes afterwards.
  static const BioMethodHandle method = make_method();
  BIO* bio = method ? BIO_new(method.get()) : nullptr;
  if (!bio) return false;
  BIO_set_data(bio, &socket);
  BIO_set_init(bio, 1);
  SSL_set_bio(&ssl, bio, bio);  // takes it over
  return true;
}

}  // namespace herold::net
