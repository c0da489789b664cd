// Node: what a verb has to say, once, for people (a tree) and for programs (JSON).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace seatls::cli {

class Node {
 public:
  using Member = std::pair<std::string, Node>;
  using Array = std::vector<Node>;
  using Object = std::vector<Member>;  // in the order of writing

  Node() = default;  // null
  Node(bool v) : value_(v) {}
  Node(std::int64_t v) : value_(v) {}
  Node(int v) : value_(std::int64_t{v}) {}
  Node(unsigned v) : value_(std::int64_t{v}) {}
  Node(std::size_t v) : value_(static_cast<std::int64_t>(v)) {}
  Node(double v) : value_(v) {}
  Node(const char* v) : value_(std::string(v)) {}
  Node(std::string_view v) : value_(std::string(v)) {}
  Node(std::string v) : value_(std::move(v)) {}
  Node(Array v) : value_(std::move(v)) {}
  Node(Object v) : value_(std::move(v)) {}
  [[nodiscard]] static Node object() { return Node(Object{}); }
  [[nodiscard]] static Node array() { return Node(Array{}); }

  // set appends a member to an object (a null becomes one); add appends an element to an array.
  Node& set(std::string name, Node value);
  Node& add(Node value);

  [[nodiscard]] bool is_null() const { return value_.index() == 0; }
  [[nodiscard]] const Object* members() const { return std::get_if<Object>(&value_); }
  [[nodiscard]] const Array* elements() const { return std::get_if<Array>(&value_); }
  // scalar_text returns a scalar as people read it; "" for objects, arrays and null.
  [[nodiscard]] std::string scalar_text() const;
  [[nodiscard]] const Node* find(std::string_view name) const;

  [[nodiscard]] std::string json() const;  // one line
  struct TreeStyle {
    bool colour = false;
    std::size_t width = 0;  // cut longer values; 0: never
  };
  [[nodiscard]] std::string tree(const TreeStyle& style) const;

  using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object>;
  [[nodiscard]] const Value& value() const { return value_; }

 private:
  Value value_;
};

}  // namespace seatls::cli
