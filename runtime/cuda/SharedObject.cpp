//===- SharedObject.cpp - Libraries of a toolkit, by name -----------------===//

#include "runtime/cuda/SharedObject.h"

#include <cstdlib>

namespace sinter::cuda {

std::vector<std::string>
toolkitFiles(std::initializer_list<const char *> names) {
  std::vector<std::string> folders;
  const auto addRoot = [&](const std::string &root) {
    folders.push_back(root + "/lib64/");
    folders.push_back(root + "/lib/");
  };
  for (const char *variable : {"CUDA_PATH", "CUDA_HOME"}) {
    const char *root = std::getenv(variable);
    if (root != nullptr && *root != 0) {
      addRoot(root);
    }
  }
  addRoot("/usr/local/cuda");
  std::vector<std::string> files;
  for (const char *name : names) {
    files.emplace_back(name);
    for (const std::string &folder : folders) {
      files.push_back(folder + name);
    }
  }
  return files;
}

} // namespace sinter::cuda
