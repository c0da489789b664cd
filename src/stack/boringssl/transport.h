// Transport: queues of bytes where BoringSSL expects a socket.
#pragma once

#include <openssl/bio.h>

#include <deque>
#include <vector>

#include "seatls/bytes.h"
#include "stack/boringssl/connection.h"

namespace seatls::boringssl {

class Transport {
 public:
  explicit Transport(Carrier carrier) : carrier_(carrier) {}

  // bio returns a BIO that refers to this transport, which outlives it. Its caller owns it.
  [[nodiscard]] bssl::UniquePtr<BIO> bio();

  void receive(ByteView bytes);
  void end() { ended_ = true; }
  [[nodiscard]] std::vector<Bytes> take_outgoing() { return std::exchange(outgoing_, {}); }
  [[nodiscard]] const Traffic& traffic() const { return traffic_; }

  // limit_amplification keeps what is sent within three times what came, until prove_address(). A
  // datagram beyond that is dropped as the network might: it is sent again when its timer says so.
  //= rfc9147#5.1 "MUST limit the amount of data [it sends] to three times the amount received"
  void limit_amplification() { limited_ = true; }
  void prove_address() { limited_ = false; }

 private:
  int read(BIO* bio, std::uint8_t* out, std::size_t size);
  int write(const std::uint8_t* data, std::size_t size);
  static int on_read(BIO* bio, char* out, int size);
  static int on_write(BIO* bio, const char* data, int size);
  static long on_control(BIO* bio, int command, long number, void* pointer);

  Carrier carrier_;
  bool limited_ = false, ended_ = false;
  std::deque<Bytes> incoming_;
  std::size_t taken_ = 0;  // of incoming_.front(); stream only
  std::vector<Bytes> outgoing_;
  Traffic traffic_;
};

}  // namespace seatls::boringssl
