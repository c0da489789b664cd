# BoringSSL, the second stack: DTLS 1.3, and a TLS 1.3 that is not OpenSSL's. Off by default.
# Target seatls_boringssl has it, with symbols that do not meet OpenSSL's.
option(SEATLS_DTLS "Build the BoringSSL adapter (DTLS 1.3); ./run setup --dtls makes BoringSSL" OFF)
set(SEATLS_BORINGSSL_SOURCE "" CACHE PATH "BoringSSL's source, instead of what third_party/boringssl pins")
if(NOT SEATLS_DTLS)
  message(STATUS "DTLS 1.3 is left out (SEATLS_DTLS=OFF)")
  return()
endif()

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/tools/boringssl.sh ${PROJECT_SOURCE_DIR}/third_party/boringssl/Cargo.lock
  ${PROJECT_SOURCE_DIR}/third_party/boringssl/seatls.patch)
set(tool ${PROJECT_SOURCE_DIR}/tools/boringssl.sh)
if(SEATLS_BORINGSSL_SOURCE)
  execute_process(COMMAND ${tool} build ${SEATLS_BORINGSSL_SOURCE} COMMAND_ERROR_IS_FATAL ANY)
endif()
execute_process(COMMAND ${tool} where ${SEATLS_BORINGSSL_SOURCE}
  OUTPUT_VARIABLE home OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
if(NOT EXISTS ${home}/lib/libssl.a)
  message(FATAL_ERROR "SEATLS_DTLS=ON needs BoringSSL, and ${home} is not there. Run ./run setup --dtls once, "
    "or give -DSEATLS_BORINGSSL_SOURCE=DIR.")
endif()
add_library(seatls_boringssl INTERFACE)
target_include_directories(seatls_boringssl SYSTEM INTERFACE ${home}/include)
target_compile_definitions(seatls_boringssl INTERFACE BORINGSSL_PREFIX=seatls_bssl)
target_link_libraries(seatls_boringssl INTERFACE ${home}/lib/libssl.a ${home}/lib/libcrypto.a Threads::Threads)
