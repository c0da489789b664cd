// The TLS presentation language (RFC 8446, section 3): a strict reader and writer.
// Codec<T> is specialised per wire type, `read` beside `write`; decode<T> and encode are the doors.
#pragma once

#include <bit>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::codec {

template <class T>
struct Codec;  // static T read(Reader&); static void write(Writer&, const T&)

// prefix_width returns how many bytes hold the length of a vector of at most `max` bytes.
constexpr std::size_t prefix_width(std::size_t max) {
  return (static_cast<std::size_t>(std::bit_width(max)) + 7) / 8;
}

// Reader is a cursor over bytes that it does not own. Its first failure is kept, with the field it
// happened in; from then on it yields zeros and empty views, so that decoders are straight lines.
class Reader {
 public:
  explicit Reader(ByteView in) : in_(in) {}

  [[nodiscard]] bool done() const { return in_.empty(); }
  [[nodiscard]] std::uint8_t u8(std::string_view field) {
    return static_cast<std::uint8_t>(number(field, 1));
  }
  [[nodiscard]] std::uint16_t u16(std::string_view field) {
    return static_cast<std::uint16_t>(number(field, 2));
  }

  // opaque reads opaque field[N].
  template <std::size_t N>
  [[nodiscard]] ByteView opaque(std::string_view field) {
    return take(field, N);
  }

  // vector reads opaque field<Min..Max>.
  template <std::size_t Min, std::size_t Max>
  [[nodiscard]] ByteView vector(std::string_view field) {
    return vector(field, Min, Max);
  }

  // item reads T field.
  template <class T>
  [[nodiscard]] T item(std::string_view field) {
    const bool sound = !error_;
    T out = Codec<T>::read(*this);
    if (sound && error_) error_ = std::move(*error_).in(field);
    return out;
  }

  // list reads T field<Min..Max>: items until the vector is used up.
  template <class T, std::size_t Min, std::size_t Max>
  [[nodiscard]] std::vector<T> list(std::string_view field) {
    Reader items(vector(field, Min, Max));
    std::vector<T> out;
    while (!items.done()) {
      out.push_back(Codec<T>::read(items));
      if (items.error_)
        fail_in(std::string(field) + "[" + std::to_string(out.size() - 1) + "]", *std::move(items.error_));
    }
    return out;
  }

  // fail records that `field` cannot be read; `what` goes on after its name ("is 7; known are 0, 1").
  void fail(std::string_view field, Code code, std::string_view what);
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  ByteView vector(std::string_view field, std::size_t least, std::size_t most);
  ByteView take(std::string_view field, std::size_t n);
  std::size_t number(std::string_view field, std::size_t width);
  void fail_in(std::string_view place, Error error);

  ByteView in_;
  std::optional<Error> error_;
};

// Writer builds a message; a length outside of its field's bounds is its failure.
class Writer {
 public:
  void u8(std::uint8_t v) { number(v, 1); }
  void u16(std::uint16_t v) { number(v, 2); }
  void bytes(ByteView b) { out_.insert(out_.end(), b.begin(), b.end()); }

  template <std::size_t N>
  void opaque(std::string_view field, ByteView b) {
    if (b.size() != N)
      fail(field, Code::misuse, "is " + std::to_string(b.size()) + " bytes; it holds " + std::to_string(N));
    bytes(b);
  }

  // vector writes what `body` writes, with its length before it.
  template <std::size_t Min, std::size_t Max, std::invocable<Writer&> F>
  void vector(std::string_view field, F body) {
    const auto at = out_.size();
    out_.resize(at + prefix_width(Max));
    within([&] { return std::string(field); }, [&] { body(*this); });
    close(field, at, Min, Max);
  }
  template <std::size_t Min, std::size_t Max>
  void vector(std::string_view field, ByteView b) {
    vector<Min, Max>(field, [b](Writer& w) { w.bytes(b); });
  }
  template <class T>
  void item(std::string_view field, const T& v) {
    within([&] { return std::string(field); }, [&] { Codec<T>::write(*this, v); });
  }
  // list writes T field<Min..Max>.
  template <class T, std::size_t Min, std::size_t Max>
  void list(std::string_view field, const std::vector<T>& items) {
    const auto at = out_.size();
    out_.resize(at + prefix_width(Max));
    for (std::size_t i = 0; i < items.size(); ++i)
      within([&] { return std::string(field) + "[" + std::to_string(i) + "]"; },
             [&] { Codec<T>::write(*this, items[i]); });
    close(field, at, Min, Max);
  }

  // fail records that `field` cannot be written; `what` goes on after its name.
  void fail(std::string_view field, Code code, std::string_view what);
  [[nodiscard]] Bytes take() && { return std::move(out_); }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  // within puts `place` before the path of a failure that happens in `body`.
  template <std::invocable P, std::invocable F>
  void within(P place, F body) {
    const bool sound = !error_;
    body();
    if (sound && error_) error_ = std::move(*error_).in(place());
  }
  void number(std::size_t v, std::size_t width);
  void close(std::string_view field, std::size_t at, std::size_t least, std::size_t most);

  Bytes out_;
  std::optional<Error> error_;
};

//= early-attestation#body-parses-exactly
// decode reads exactly one T: bytes after it are trailing_data.
template <class T>
[[nodiscard]] Result<T> decode(ByteView in) {
  Reader r(in);
  T v = Codec<T>::read(r);
  if (r.error()) return *r.error();
  if (!r.done()) return Error{Code::trailing_data, "bytes follow the last field", ""};
  return v;
}

template <class T>
[[nodiscard]] Result<Bytes> encode(const T& v) {
  Writer w;
  Codec<T>::write(w, v);
  if (w.error()) return *w.error();
  return std::move(w).take();
}

}  // namespace seatls::codec
