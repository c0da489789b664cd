// exec: an unmodified program whose TLS connections are attested.
#pragma once

namespace seatls::cli {

class Program;
void add_exec(Program& program);

}  // namespace seatls::cli
