# herold_layer(NAME [PORTABLE] [PLAIN_TEST] [LINK lib...] [EXCLUDE regex...]): the library of one folder of src/ and its unit tests.
#
# Sources are every .cc below the folder, tests every *_test.cc; adding a file needs no edit here.
# What lies in a folder testing/ becomes the library herold_NAME_testing: for tests, here and above.
# PORTABLE layers also become WebAssembly: no exceptions, no RTTI. PLAIN_TEST: the test program
# needs neither OpenSSL nor ICU.
function(herold_layer name)
  cmake_parse_arguments(ARG "PORTABLE;PLAIN_TEST" "" "LINK;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(helpers ${sources})
  list(FILTER sources EXCLUDE REGEX "/testing/")
  list(FILTER helpers INCLUDE REGEX "/testing/")
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

  if(helpers AND NOT HEROLD_WASM)
    add_library(herold_${name}_testing STATIC ${helpers})
    target_link_libraries(herold_${name}_testing PUBLIC herold_${name} GTest::gtest
                          herold_crypto_openssl herold_unicode_icu)
  endif()
  if(tests AND NOT HEROLD_WASM AND NOT HEROLD_FUZZ)
    add_executable(${name}_test ${tests})
    if(TARGET herold_${name}_testing)
      target_link_libraries(${name}_test PRIVATE herold_${name}_testing)
    endif()
    target_link_libraries(${name}_test PRIVATE herold_${name} GTest::gtest GTest::gtest_main)
    if(NOT ARG_PLAIN_TEST)
      target_link_libraries(${name}_test PRIVATE herold_crypto_openssl herold_unicode_icu)
    endif()
    add_test(NAME unit.${name} COMMAND ${name}_test --gtest_brief=1)
    herold_patience(seconds 300)
    set_tests_properties(unit.${name} PROPERTIES TIMEOUT ${seconds} LABELS unit)
  endif()
endfunction()
