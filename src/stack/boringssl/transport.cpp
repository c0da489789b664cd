#include "stack/boringssl/transport.h"

#include <algorithm>
#include <utility>

namespace seatls::boringssl {

bssl::UniquePtr<BIO> Transport::bio() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "seatls transport");
    if (made != nullptr) {
      BIO_meth_set_read(made, on_read);
      BIO_meth_set_write(made, on_write);
      BIO_meth_set_ctrl(made, on_control);
    }
    return made;
  }();
  bssl::UniquePtr<BIO> bio(method != nullptr ? BIO_new(method) : nullptr);
  if (bio) {
    BIO_set_data(bio.get(), this);
    BIO_set_init(bio.get(), 1);
  }
  return bio;
}

void Transport::receive(ByteView bytes) {
  ++traffic_.datagrams_received;
  traffic_.bytes_received += bytes.size();
  if (!bytes.empty()) incoming_.emplace_back(bytes.begin(), bytes.end());
}

int Transport::read(BIO* bio, std::uint8_t* out, std::size_t size) {
  if (incoming_.empty()) {
    if (ended_) return 0;
    BIO_set_retry_read(bio);
    return -1;
  }
  const Bytes& front = incoming_.front();
  const std::size_t n = std::min(size, front.size() - taken_);
  std::copy_n(front.begin() + static_cast<std::ptrdiff_t>(taken_), n, out);
  taken_ += n;
  // What of a datagram does not fit is lost, as with a socket.
  if (carrier_ == Carrier::datagrams || taken_ == front.size()) {
    incoming_.pop_front();
    taken_ = 0;
  }
  return static_cast<int>(n);
}

int Transport::write(const std::uint8_t* data, std::size_t size) {
  if (limited_ && traffic_.bytes_sent + size > 3 * traffic_.bytes_received) {
    ++traffic_.withheld;
    return static_cast<int>(size);
  }
  ++traffic_.datagrams_sent;
  traffic_.bytes_sent += size;
  outgoing_.emplace_back(data, data + size);
  return static_cast<int>(size);
}

int Transport::on_read(BIO* bio, char* out, int size) {
  BIO_clear_retry_flags(bio);
  if (size <= 0) return 0;
  return static_cast<Transport*>(BIO_get_data(bio))
      ->read(bio, reinterpret_cast<std::uint8_t*>(out), static_cast<std::size_t>(size));
}

int Transport::on_write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  if (size <= 0) return 0;
  return static_cast<Transport*>(BIO_get_data(bio))
      ->write(reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size));
}

long Transport::on_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

}  // namespace seatls::boringssl
