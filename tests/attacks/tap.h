// Tap is the eavesdropper: every byte that either end puts on the wire.
#pragma once

#include <openssl/bio.h>

#include <array>
#include <string>

#include "fake/tls_pair.h"

namespace seatls::attacks {

class Tap {
 public:
  // listen hears what the end of this setup sends. The tap outlives the connection.
  void listen(Role sender, fake::TlsSetup& setup) {
    setup.on_ssl = [&heard = heard_[static_cast<std::size_t>(sender)]](SSL* ssl) {
      BIO_set_callback_ex(SSL_get_wbio(ssl), on_bio);
      BIO_set_callback_arg(SSL_get_wbio(ssl), reinterpret_cast<char*>(&heard));
    };
  }
  [[nodiscard]] const std::string& sent_by(Role end) const { return heard_[static_cast<std::size_t>(end)]; }
  [[nodiscard]] std::string all() const { return heard_[0] + heard_[1]; }

 private:
  static long on_bio(BIO* bio, int what, const char* data, size_t, int, long, int result, size_t* written) {
    if (what == (BIO_CB_WRITE | BIO_CB_RETURN) && result > 0 && written != nullptr)
      reinterpret_cast<std::string*>(BIO_get_callback_arg(bio))->append(data, *written);
    return result;
  }
  std::array<std::string, 2> heard_;
};

}  // namespace seatls::attacks
