// What of an ELF file tells whether a preload library can cover it. Input from anywhere: nothing in it is
// trusted, every offset is checked.
#pragma once

#include <string>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::preload {

struct ElfFacts {
  bool native = false;   // of this machine and word size
  bool dynamic = false;  // asks for a dynamic loader
  std::vector<std::string> needed;
  std::vector<std::string> search;  // RPATH and RUNPATH, apart; "$ORIGIN" as written
};

[[nodiscard]] bool is_elf(ByteView file);

// read_elf reads the headers of a program or a library. Errors: malformed. A foreign machine's file is no
// error; of it nothing more is read.
[[nodiscard]] Result<ElfFacts> read_elf(ByteView file);

}  // namespace seatls::preload
