# Compiler choice and flags: Clang 19, C++23, warnings as errors in our own code.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR
    "Herold is built with Clang 19 or newer (found ${CMAKE_CXX_COMPILER_ID} "
    "${CMAKE_CXX_COMPILER_VERSION}). On Debian 12: apt-get install clang-19 lld-19. "
    "GCC 12 miscompiles aggregate temporaries inside co_await expressions.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

find_program(HEROLD_CCACHE ccache)
if(HEROLD_CCACHE)
  # The settings by which ccache knows files with a precompiled header again (its manual says so).
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros ${HEROLD_CCACHE})
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()

# Statement expressions carry TRY(); everything else is standard.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Werror=return-type
  -Wno-gnu-statement-expression-from-macro-expansion -Wno-missing-field-initializers)
option(HEROLD_WERROR "Treat warnings as errors" ON)
if(HEROLD_WERROR)
  add_compile_options(-Werror)
endif()

set(HEROLD_SANITIZE "" CACHE STRING "Comma separated list for -fsanitize")
set(HEROLD_ROUNDS 100 CACHE STRING "Percent of the rounds of tests that repeat (kills, seeds)")
option(HEROLD_FUZZ "Build the libFuzzer targets" OFF)
option(HEROLD_WASM "Compile base, xml and xmpp for wasm32-wasi" OFF)
if(HEROLD_SANITIZE)
  add_compile_options(-fsanitize=${HEROLD_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${HEROLD_SANITIZE})
  if(HEROLD_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize=vptr)  # needs RTTI, which the portable layers have not
  endif()
endif()
# herold_patience(RESULT SECONDS): how long a test may take; sanitizers slow programs down.
function(herold_patience result seconds)
  if(HEROLD_SANITIZE)
    math(EXPR seconds "${seconds} * 4")
  endif()
  set(${result} ${seconds} PARENT_SCOPE)
endfunction()
if(HEROLD_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)  # tests/fuzz/CMakeLists.txt links the driver
endif()
if(NOT HEROLD_WASM)
  add_link_options(-fuse-ld=lld)
  add_compile_options(-fstack-protector-strong -fPIE)
  add_link_options(-pie -Wl,-z,relro,-z,now)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
