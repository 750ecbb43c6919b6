# The standard library's headers are most of what a small file costs; they are parsed once for
# targets with exceptions and RTTI ("plain") and once for those without ("portable").
option(HEROLD_PRECOMPILE "Parse the standard library's headers once" ON)
if(HEROLD_PRECOMPILE AND NOT HEROLD_WASM)
  foreach(kind plain portable)
    add_library(herold_standard_${kind} OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled/standard.cc)
    target_precompile_headers(herold_standard_${kind}
                              PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled/standard.h)
  endforeach()
  target_compile_options(herold_standard_portable PRIVATE -fno-exceptions -fno-rtti)
endif()
function(herold_precompile target kind)
  if(TARGET herold_standard_${kind})
    target_precompile_headers(${target} REUSE_FROM herold_standard_${kind})
    # Clang takes libstdc++'s own use of what is deprecated for ours where it comes from there.
    target_compile_options(${target} PRIVATE -Wno-deprecated-declarations)
  endif()
endfunction()

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
    herold_precompile(herold_${name} portable)
  else()
    herold_precompile(herold_${name} plain)
  endif()

  if(helpers AND NOT HEROLD_WASM)
    add_library(herold_${name}_testing STATIC ${helpers})
    target_link_libraries(herold_${name}_testing PUBLIC herold_${name} GTest::gtest
                          herold_crypto_openssl herold_unicode_icu)
    herold_precompile(herold_${name}_testing plain)
  endif()
  if(tests AND NOT HEROLD_WASM AND NOT HEROLD_FUZZ)
    add_executable(${name}_test ${tests})
    herold_precompile(${name}_test plain)
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
