// Errors as values: Result<T>, the Error it carries, and TRY() which hands an error to the caller.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace herold {

// What kind of thing went wrong, as far as a caller has to decide differently.
enum class Fault {
  malformed,    // the peer's fault: bytes or values that the specification forbids
  limit,        // the peer's fault: a bound of limits.h was passed
  not_found,    // what was asked for does not exist
  conflict,     // it exists already, or changed meanwhile
  refused,      // forbidden to this caller
  unavailable,  // our surroundings: disk, database, network, memory; may pass
  invalid,      // configuration or command line, the operator's to mend
};

// An error with a sentence for a person; `text` never holds a secret or a message body.
struct Error {
  Fault fault = Fault::malformed;
  std::string text;
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Fault fault, std::string text) {
  return std::unexpected(Error{fault, std::move(text)});
}

}  // namespace herold

// Evaluates a std::expected; on error returns it from the enclosing function, else yields the
// value.
#define TRY(...)                                                  \
  ({                                                              \
    auto&& try_result_ = (__VA_ARGS__);                           \
    if (!try_result_) [[unlikely]]                                \
      return ::std::unexpected(::std::move(try_result_).error()); \
    *::std::move(try_result_);                                    \
  })
