# seatls_module(NAME [DEPENDS module…] [LIBRARIES target…])
#
# One folder of src/ is one library. Its sources are the folder's .cpp files (not those of folders
# below that are modules themselves). DEPENDS names modules of lower layers only: the table below is
# the architecture, and an edge that does not go down is refused. tools/check_layers.py checks the
# includes against the same table.
set(SEATLS_LAYERS
  base=0
  codec=1 crypto=1 net=1 sandbox=1
  wire=2 rats=2 tee=2
  binder=3 negotiate=3 session=3
  early=4 exported=4 attest=4 appraise=4
  stack=5 reattest=5 collateral=5 remote=5
  stack_openssl=6 stack_boringssl=6
  channel=7 config=7 service=7 preload=7
  proxy=8
  bench=9
  cli=10)

function(seatls_layer NAME OUT)
  foreach(row IN LISTS SEATLS_LAYERS)
    if(row MATCHES "^${NAME}=(.+)$")
      set(${OUT} ${CMAKE_MATCH_1} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "module ${NAME} has no layer in cmake/SeatlsModule.cmake")
endfunction()

function(seatls_module NAME)
  cmake_parse_arguments(M "" "" "DEPENDS;LIBRARIES;SOURCES" ${ARGN})
  seatls_layer(${NAME} own)
  foreach(d IN LISTS M_DEPENDS)
    seatls_layer(${d} theirs)
    if(NOT theirs LESS own)
      message(FATAL_ERROR "module ${NAME} (layer ${own}) may not depend on ${d} (layer ${theirs})")
    endif()
  endforeach()
  if(NOT M_SOURCES)
    file(GLOB_RECURSE M_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  endif()
  add_library(seatls_${NAME} STATIC ${M_SOURCES})
  target_include_directories(seatls_${NAME} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  list(TRANSFORM M_DEPENDS PREPEND seatls_)
  target_link_libraries(seatls_${NAME} PUBLIC ${M_DEPENDS} PRIVATE seatls_flags ${M_LIBRARIES})
endfunction()

# seatls_test(NAME [THREADS] [SLOW] SOURCES file… [DEPENDS module…] [LIBRARIES target…] [LABELS label…])
# THREADS: more than one thread takes part, so it also runs under the thread sanitizer (label `threads`,
# target `threads_tests`). SLOW: only `./run test --all` runs it (label `slow`).
add_custom_target(threads_tests)
function(seatls_test NAME)
  cmake_parse_arguments(T "THREADS;SLOW" "" "SOURCES;DEPENDS;LIBRARIES;LABELS" ${ARGN})
  add_executable(${NAME} ${T_SOURCES})
  list(TRANSFORM T_DEPENDS PREPEND seatls_)
  target_include_directories(${NAME} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${NAME} PRIVATE ${T_DEPENDS} ${T_LIBRARIES} seatls_test_support seatls_flags GTest::gtest GTest::gmock GTest::gtest_main)
  set_target_properties(${NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  set(properties TIMEOUT 300)
  if(T_THREADS)
    add_dependencies(threads_tests ${NAME})
    list(APPEND properties LABELS threads)
  endif()
  if(T_SLOW)
    list(APPEND properties LABELS slow)
  endif()
  if(T_LABELS)
    list(APPEND properties LABELS ${T_LABELS})
  endif()
  gtest_discover_tests(${NAME} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 PROPERTIES ${properties})
endfunction()
