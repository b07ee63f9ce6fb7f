//===- SharedLibraries.h - What the dynamic loader finds --------*- C++ -*-===//
//
// CUDA libraries are opened at run time only, so that the binary starts on a
// machine without them; `doctor` says which ones a run would get.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TOOLS_SHAREDLIBRARIES_H
#define SINTER_TOOLS_SHAREDLIBRARIES_H

#include <optional>
#include <string>
#include <vector>

namespace sinter {

struct SharedLibrary {
  std::string path;    ///< resolved
  std::string version; ///< as the library itself says
};

/// The driver, libcuda.so.1: version "13.0" is the CUDA version it supports.
std::optional<SharedLibrary> findCudaDriver();

/// The first of `files` (cuda::cublasLtFiles) that opens.
std::optional<SharedLibrary>
findCublasLt(const std::vector<std::string> &files);

/// The first of `names` that opens, by its resolved path; the library is
/// closed again.
std::optional<std::string>
resolveLibrary(const std::vector<std::string> &names);

} // namespace sinter

#endif // SINTER_TOOLS_SHAREDLIBRARIES_H
