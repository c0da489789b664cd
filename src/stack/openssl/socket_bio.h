// socket_bio: the transport of a Connection.
#pragma once

struct bio_st;

namespace seatls::openssl {

// socket_bio reads and writes `fd`, which stays its caller's, as BIO_s_socket does, but for this: a peer that
// is gone is an error of the write and no SIGPIPE, which would end a process that does not expect it. The
// caller owns what is returned (BIO_free); null where memory is out.
[[nodiscard]] bio_st* socket_bio(int fd);

}  // namespace seatls::openssl
