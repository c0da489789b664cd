# Warnings are errors, everywhere. Sanitizers are chosen by preset.
add_library(seatls_flags INTERFACE)
target_compile_options(seatls_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor -Werror
  -fstack-protector-strong)
target_compile_definitions(seatls_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
# g++ 12 reports uninitialised members of std::variant that are never read.
target_compile_options(seatls_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
if(SEATLS_SANITIZE)
  target_compile_options(seatls_flags INTERFACE
    -fsanitize=${SEATLS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(seatls_flags INTERFACE -fsanitize=${SEATLS_SANITIZE})
endif()
# libFuzzer sees what the modules do; only its own programs get its main().
if(SEATLS_FUZZERS)
  target_compile_options(seatls_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_program(SEATLS_CCACHE ccache)
if(SEATLS_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${SEATLS_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${SEATLS_CCACHE})
endif()
