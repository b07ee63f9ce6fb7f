//===- asan_options.cpp - Defaults of the sanitizers ----------------------===//
//
// LLVM's arena allocator poisons what it has not handed out where its headers
// are compiled with the sanitizer, and unpoisons it where it hands it out,
// which happens in libMLIR, compiled without. So such poison means nothing
// here.
//
//===----------------------------------------------------------------------===//

// The names are the sanitizers'.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)

extern "C" __attribute__((no_sanitize("address"), used, visibility("default")))
const char *
__asan_default_options();

extern "C" const char *__asan_default_options() {
  return "allow_user_poisoning=0";
}

extern "C" __attribute__((no_sanitize("address"), used, visibility("default")))
const char *
__lsan_default_suppressions();

// NVRTC and cublasLt never free what they allocate once per process.
extern "C" const char *__lsan_default_suppressions() {
  return "leak:libnvrtc\nleak:libcublasLt\n";
}

// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
