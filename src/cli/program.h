// The command line as a whole: verbs, the options that they share, and how one of them is run.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/console.h"

namespace seatls::cli {

class Program {
 public:
  Program();

  // A verb's function gets the console when its command line is parsed.
  using Run = std::function<Exit(const Console& console)>;

  // verb adds a verb (below `parent` when given). `examples` ends its --help.
  CLI::App& verb(const std::string& name, const std::string& summary, const std::string& examples,
                 CLI::App* parent = nullptr);
  void on(CLI::App& verb, Run run) { runs_[&verb] = std::move(run); }

  [[nodiscard]] const CommonOptions& common() const { return common_; }
  [[nodiscard]] const CLI::App& app() const { return app_; }

  [[nodiscard]] int run(int argc, char** argv);

 private:
  [[nodiscard]] Exit parse_failed(const CLI::ParseError& error, int argc, char** argv);
  CommonOptions common_;
  CLI::App app_;
  std::map<const CLI::App*, Run> runs_;
};

// choice makes an option take one of the values of `values` ("tpm2|software"); help and completion
// show them. choices_of returns them, or nothing for an option that takes any value.
CLI::Option* choice(CLI::Option* option, const std::string& values);
[[nodiscard]] std::vector<std::string> choices_of(const CLI::Option& option);
[[nodiscard]] std::vector<std::string> split(std::string_view list, char separator);

// Each verb is one file of this folder, and puts itself into the program here.
void add_appraise(Program& program);
void add_attest(Program& program);
void add_bench(Program& program);
void add_check(Program& program);
void add_completion(Program& program);
void add_connect(Program& program);
void add_demo(Program& program);
void add_enroll(Program& program);
void add_init(Program& program);
void add_inspect(Program& program);
void add_key(Program& program);
void add_measure(Program& program);
void add_policy(Program& program);
void add_proxy(Program& program);
void add_serve(Program& program);
void add_simulate(Program& program);
void add_verifier(Program& program);
void add_version(Program& program);

}  // namespace seatls::cli
