#include "bench/report.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace seatls::bench {
namespace {

std::string line(const char* format, auto... values) {
  char out[200];
  std::snprintf(out, sizeof out, format, values...);
  return out;
}

}  // namespace

double Series::median() const {
  if (samples.empty()) return 0;
  auto sorted = samples;
  std::sort(sorted.begin(), sorted.end());
  const auto middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
double Series::least() const {
  return samples.empty() ? 0 : *std::min_element(samples.begin(), samples.end());
}
double Series::most() const {
  return samples.empty() ? 0 : *std::max_element(samples.begin(), samples.end());
}

std::string Report::to_text() const {
  std::string out = line("%-44s %12s %12s %12s  %s\n", "", "median", "min", "max", "unit");
  for (const auto& c : cases)
    out += line("%-44s %12.1f %12.1f %12.1f  %s\n", c.name.c_str(), c.median(), c.least(), c.most(),
                c.unit.c_str());
  for (const auto& [name, value] : ratios) out += line("%-44s %12.3f\n", name.c_str(), value);
  for (const auto& note : notes) out += note + "\n";
  return out;
}

std::string Report::to_json() const {
  nlohmann::ordered_json json;
  for (const auto& c : cases)
    json["cases"][c.name] = {{"median", c.median()}, {"min", c.least()}, {"max", c.most()}, {"unit", c.unit}};
  for (const auto& [name, value] : ratios) json["ratio"][name] = value;
  json["notes"] = notes;
  return json.dump();
}

}  // namespace seatls::bench
