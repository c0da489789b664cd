// Feeds every file of the folders it is given to a fuzz target, for builds without libFuzzer.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "fuzz/fuzz.h"

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i)
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) files.push_back(entry.path());
  std::ranges::sort(files);
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    const seatls::Bytes content{std::istreambuf_iterator<char>(in), {}};
    // Told before it runs: the last name is the one that broke something.
    std::printf("%s\n", file.filename().c_str());
    std::fflush(stdout);
    LLVMFuzzerTestOneInput(content.data(), content.size());
  }
  if (files.empty()) std::fprintf(stderr, "no input: the corpus is empty\n");
  return files.empty() ? 1 : 0;
}
