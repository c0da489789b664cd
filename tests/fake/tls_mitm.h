// The network attacker: every byte of a TlsPair passes through it. It changes what goes in the clear
// (the hellos). Where the handshake secrets of both ends leaked to it, it changes every message of the
// handshake, and where a TLS key leaked too it signs again what that key has to sign. With the master secret
// it sits between two ends that hold different keys, and reads and changes their application data.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fake/tls_message.h"
#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::crypto {
class PrivateKey;
}

namespace seatls::fake {

// Leaks are what the attacker has got hold of.
struct Leaks {
  bool handshake_secrets = false;                  // of both ends: leak_HSK
  const crypto::PrivateKey* server_key = nullptr;  // P-256; leak_TIK
  const crypto::PrivateKey* client_key = nullptr;
  bool application_secrets = false;  // of both ends, too: whoever has the master secret has them
};

class TlsMitm {
 public:
  // Change sees each handshake message on its way, with its 4-byte header.
  using Change = std::function<void(Role sender, Bytes& message)>;

  explicit TlsMitm(Leaks leaks = {}, Change change = {}) : leaks_(leaks), change_(std::move(change)) {}
  ~TlsMitm();
  TlsMitm(const TlsMitm&) = delete;
  TlsMitm& operator=(const TlsMitm&) = delete;

  // between puts it on the way: TlsPair calls it. The sockets become its own.
  void between(int client_fd, int server_fd, SSL_CTX* client, SSL_CTX* server);
  // pump passes on what has come.
  void pump();
  // passed lists the handshake messages as they were handed on, e.g. "server 11".
  [[nodiscard]] const std::vector<std::pair<Role, Bytes>>& passed() const { return passed_; }
  // on_data sees what each record of application data holds; where the application's secrets leaked.
  Change on_data;

 private:
  struct Secrets {
    Bytes client, server;                          // the traffic secrets of the handshake
    Bytes client_application, server_application;  // and those of after it
  };
  // Way is one direction; the sender's leg of it is keyed by that end's secrets, the other by the other's.
  struct Way {
    Bytes raw, messages;
    std::uint64_t read = 0, written = 0;
    bool finished = false;
  };
  static void on_keylog(const SSL* ssl, const char* line);
  void keylog(Role end, const std::string& line);
  void fill(Role from);
  // record handles one record; false: it must wait.
  bool record(Role from, std::uint8_t type, ByteView header, ByteView body);
  void take_messages(Role from, Bytes plain, bool encrypted);
  void hand_on(Role from, Bytes message, bool encrypted);
  void mend(Role from, Bytes& message);
  void send(Role from, std::uint8_t type, ByteView content, bool encrypted);
  [[nodiscard]] const Bytes& secret(Role leg, Role sender) const;
  Way& way(Role from) { return ways_[static_cast<std::size_t>(from)]; }
  Bytes& seen_by(Role end) { return seen_[static_cast<std::size_t>(end)]; }
  [[nodiscard]] int fd(Role end) const { return fds_[static_cast<std::size_t>(end)]; }

  const Leaks leaks_;
  const Change change_;
  std::array<int, 2> fds_{-1, -1};
  std::array<Way, 2> ways_;
  std::array<Bytes, 2> seen_;  // the transcript as each end has it
  std::array<Secrets, 2> secrets_;
  std::vector<std::pair<Role, Bytes>> passed_;
};

// on returns a Change of one kind of message of one sender.
[[nodiscard]] TlsMitm::Change on(Role sender, MessageType type, std::function<void(Bytes&)> change);

// Real messages hold more than a fake::Message does: these change one part and leave the rest as it is.
// edit_extensions is for both hellos, EncryptedExtensions and CertificateRequest.
void edit_extensions(Bytes& message, const std::function<void(Extensions&)>& edit);
void edit_entries(Bytes& certificate, const std::function<void(std::vector<CertificateEntry>&)>& edit);

}  // namespace seatls::fake
