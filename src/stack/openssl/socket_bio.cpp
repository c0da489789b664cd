#include "stack/openssl/socket_bio.h"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <cerrno>

namespace seatls::openssl {
namespace {

int write_quietly(BIO* bio, const char* data, int size) {
  // Records of the kernel's TLS need a control message that OpenSSL's own function sends.
  if (BIO_get_ktls_send(bio) != 0) return BIO_meth_get_write(BIO_s_socket())(bio, data, size);
  errno = 0;
  const auto sent =
      ::send(static_cast<int>(BIO_get_fd(bio, nullptr)), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  BIO_clear_retry_flags(bio);
  if (sent <= 0 && BIO_sock_should_retry(static_cast<int>(sent)) != 0) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

BIO_METHOD* make_method() {
  const BIO_METHOD* const socket = BIO_s_socket();
  BIO_METHOD* const method = BIO_meth_new(BIO_TYPE_SOCKET, "socket without signals");
  if (method == nullptr) return nullptr;
  BIO_meth_set_write(method, write_quietly);
  BIO_meth_set_read(method, BIO_meth_get_read(socket));
  BIO_meth_set_puts(method, BIO_meth_get_puts(socket));
  BIO_meth_set_ctrl(method, BIO_meth_get_ctrl(socket));
  BIO_meth_set_create(method, BIO_meth_get_create(socket));
  BIO_meth_set_destroy(method, BIO_meth_get_destroy(socket));
  return method;
}

}  // namespace

BIO* socket_bio(int fd) {
  static BIO_METHOD* const method = make_method();
  BIO* const bio = method != nullptr ? BIO_new(method) : nullptr;
  if (bio != nullptr) BIO_set_fd(bio, fd, BIO_NOCLOSE);
  return bio;
}

}  // namespace seatls::openssl
