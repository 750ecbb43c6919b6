// Compiled anew with every version; all else only links to it.
#include "server/version.h"

namespace herold {

const std::string_view version = HEROLD_VERSION;

}  // namespace herold
