// The list of modules as data.
#include "server/modules.h"

#include "server/module.h"

namespace herold::server {

#define HEROLD_MODULE_NAME(name) extern const Module name##_module;
#include "server/module_list.h"
#undef HEROLD_MODULE_NAME

std::span<const Module* const> all_modules() {
  static constexpr const Module* modules[] = {
#define HEROLD_MODULE_NAME(name) &name##_module,
#include "server/module_list.h"
#undef HEROLD_MODULE_NAME
  };
  return modules;
}

std::vector<ModuleDescription> module_descriptions() {
  std::vector<ModuleDescription> descriptions;
  for (const Module* module : all_modules()) descriptions.push_back(module->description);
  return descriptions;
}

}  // namespace herold::server
