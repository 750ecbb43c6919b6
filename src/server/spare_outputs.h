// Memory of outputs that were written, for the next ones: what goes to a crowd needs a buffer for
// each of its connections in every turn.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace herold::server {

class SpareOutputs {
 public:
  // Gives an empty output what memory there is.
  void lend(std::string& output) {
    if (spare_.empty() || output.capacity() > std::string().capacity()) return;
    output = std::move(spare_.back());
    spare_.pop_back();
  }
  // Leaves `output` empty and without memory of its own.
  void take_back(std::string& output) {
    std::string memory = std::exchange(output, {});
    const bool is_kept = memory.capacity() > std::string().capacity() &&
                         memory.capacity() <= bounds::spare_output &&
                         spare_.size() < bounds::spare_outputs;
    if (!is_kept) return;
    memory.clear();
    spare_.push_back(std::move(memory));
  }
  std::size_t size() const { return spare_.size(); }

 private:
  std::vector<std::string> spare_;
};

}  // namespace herold::server
