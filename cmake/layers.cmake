# herold_layer(NAME [PORTABLE] [PLAIN_TEST] [LINK lib...] [EXCLUDE regex...]): the library of one folder of src/ and its unit tests.
#
# Sources are every .cc below the folder, tests every *_test.cc; adding a file needs no edit here.
# PORTABLE layers also become WebAssembly: no exceptions, no RTTI. PLAIN_TEST: the test program
# needs neither OpenSSL nor ICU.
function(herold_layer name)
  cmake_parse_arguments(ARG "PORTABLE;PLAIN_TEST" "" "LINK;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  foreach(pattern ${ARG_EXCLUDE})
    list(FILTER sources EXCLUDE REGEX "${pattern}")
  endforeach()

  if(NOT sources)
    add_library(herold_${name} INTERFACE)
    return()
  endif()
  add_library(herold_${name} STATIC ${sources})
  target_include_directories(herold_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(herold_${name} PUBLIC ${ARG_LINK})
  if(ARG_PORTABLE)
    target_compile_options(herold_${name} PRIVATE -fno-exceptions -fno-rtti)
  endif()

  if(tests AND NOT HEROLD_WASM)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE herold_${name} GTest::gtest GTest::gtest_main)
    if(NOT ARG_PLAIN_TEST)
      target_link_libraries(${name}_test PRIVATE herold_crypto_openssl herold_unicode_icu)
    endif()
    add_test(NAME unit.${name} COMMAND ${name}_test --gtest_brief=1)
    set_tests_properties(unit.${name} PROPERTIES TIMEOUT 300 LABELS unit)
  endif()
endfunction()
