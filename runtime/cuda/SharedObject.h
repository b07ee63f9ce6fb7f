//===- SharedObject.h - Libraries of a toolkit, by name ---------*- C++ -*-===//

#ifndef SINTER_RUNTIME_CUDA_SHAREDOBJECT_H
#define SINTER_RUNTIME_CUDA_SHAREDOBJECT_H

#include <dlfcn.h>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <vector>

namespace sinter::cuda {

/// Where the libraries of a CUDA toolkit may be: each of `names` by the
/// loader's own search, then in lib64 and lib of $CUDA_PATH, $CUDA_HOME and
/// /usr/local/cuda.
std::vector<std::string>
toolkitFiles(std::initializer_list<const char *> names);

/// Takes functions out of an open library and remembers the first that is not
/// there.
class FunctionFinder {
public:
  explicit FunctionFinder(void *library) : library(library) {}

  /// Null where there is none.
  template <typename Function>
  void operator()(Function &function, const char *name) {
    void *address = dlsym(library, name);
    if (address == nullptr && firstMissing == nullptr) {
      firstMissing = name;
    }
    function = reinterpret_cast<std::decay_t<Function>>(address);
  }
  /// Null if all were there.
  const char *missing() const { return firstMissing; }

private:
  void *library;
  const char *firstMissing = nullptr;
};

} // namespace sinter::cuda

#endif // SINTER_RUNTIME_CUDA_SHAREDOBJECT_H
