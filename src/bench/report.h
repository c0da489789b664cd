// What a benchmark found: medians with their spread, and ratios within the same run.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace seatls::bench {

// Series is one figure, measured once per round.
struct Series {
  std::string name;
  std::string unit;  // "handshakes/s", "us CPU/handshake"
  std::vector<double> samples;

  [[nodiscard]] double median() const;
  [[nodiscard]] double least() const;
  [[nodiscard]] double most() const;
};

struct Report {
  std::vector<Series> cases;
  std::vector<std::pair<std::string, double>> ratios;
  std::vector<std::string> notes;

  // to_text is a table for people; to_json is {"cases":{NAME:{median,min,max,unit}},"ratio":{…}}.
  [[nodiscard]] std::string to_text() const;
  [[nodiscard]] std::string to_json() const;
};

}  // namespace seatls::bench
