//===- SharedLibraries.cpp - What the dynamic loader finds ----------------===//

#include "tools/SharedLibraries.h"

#include <cstddef>
#include <cstdlib>
#include <dlfcn.h>
#include <link.h>
#include <memory>

namespace sinter {

namespace {

struct Close {
  void operator()(void *handle) const { dlclose(handle); }
};
using Handle = std::unique_ptr<void, Close>;

Handle openFirst(const std::vector<std::string> &names) {
  for (const std::string &name : names) {
    if (void *handle = dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL)) {
      return Handle(handle);
    }
  }
  return nullptr;
}

std::string pathOf(void *handle) {
  link_map *map = nullptr;
  if (dlinfo(handle, RTLD_DI_LINKMAP, static_cast<void *>(&map)) != 0 ||
      map == nullptr) {
    return "";
  }
  std::unique_ptr<char, void (*)(void *)> real(realpath(map->l_name, nullptr),
                                               std::free);
  return real ? real.get() : map->l_name;
}

template <typename Function>
Function *symbol(void *handle, const char *name) {
  return reinterpret_cast<Function *>(dlsym(handle, name));
}

} // namespace

std::optional<std::string>
resolveLibrary(const std::vector<std::string> &names) {
  Handle handle = openFirst(names);
  return handle ? std::optional(pathOf(handle.get())) : std::nullopt;
}

std::optional<SharedLibrary> findCudaDriver() {
  Handle handle = openFirst({"libcuda.so.1"});
  if (!handle) {
    return std::nullopt;
  }
  SharedLibrary found{pathOf(handle.get()), "unknown"};
  int version = 0;
  auto *get = symbol<int(int *)>(handle.get(), "cuDriverGetVersion");
  if (get != nullptr && get(&version) == 0) {
    found.version = std::to_string(version / 1000) + "." +
                    std::to_string(version % 1000 / 10);
  }
  return found;
}

std::optional<SharedLibrary>
findCublasLt(const std::vector<std::string> &files) {
  Handle handle = openFirst(files);
  if (!handle) {
    return std::nullopt;
  }
  SharedLibrary found{pathOf(handle.get()), "unknown"};
  if (auto *get = symbol<size_t()>(handle.get(), "cublasLtGetVersion")) {
    // 10000 * major + 100 * minor + patch from version 11 on.
    size_t version = get();
    found.version = std::to_string(version / 10000) + "." +
                    std::to_string(version % 10000 / 100) + "." +
                    std::to_string(version % 100);
  }
  return found;
}

} // namespace sinter
