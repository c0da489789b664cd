// Findings collects everything that one appraisal objects to, in the order of the stages and not of
// the code: the first fatal reason is the error that the endpoint reports.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "seatls/error.h"
#include "seatls/result.h"

namespace seatls::appraise {

enum class Stage : std::uint8_t { type, parse, signature, trust, binder, key, reuse, policy };

class Findings {
 public:
  // refuse notes a reason that no result survives. `path` is where in the credential.
  void refuse(Stage stage, Code code, std::string detail, std::string path = "") {
    rows_.push_back({stage, {code, std::move(detail), std::move(path), true}});
  }
  void refuse(Stage stage, Error error) {
    refuse(stage, error.code, std::move(error.detail), std::move(error.path));
  }
  // note tells what is worth telling but refuses nothing.
  void note(Stage stage, Code code, std::string detail, std::string path = "") {
    rows_.push_back({stage, {code, std::move(detail), std::move(path), false}});
  }

  // take adds what was found in the part of a compound that has this label.
  void take(const std::string& label, Findings part);

  [[nodiscard]] bool refused() const;
  [[nodiscard]] bool refused_at(Stage stage) const;
  [[nodiscard]] std::vector<Reason> reasons() const;  // by stage, then in the order of finding

 private:
  struct Row {
    Stage stage;
    Reason reason;
  };
  std::vector<Row> rows_;
};

// Minted<T, Maker> is a T that only Maker can have made: the token that a stage was passed.
template <class T, class Maker>
class Minted {
 public:
  [[nodiscard]] const T& operator*() const { return value_; }
  [[nodiscard]] const T* operator->() const { return &value_; }

 private:
  friend Maker;
  explicit Minted(T value) : value_(std::move(value)) {}
  T value_;
};

}  // namespace seatls::appraise
