//===- CacheTest.cpp - Compiler and kernel cache --------------------------===//

#include "test/unit/host/Bench.h"

#include "runtime/OpenDevice.h"
#include "runtime/format/Files.h"
#include "runtime/format/Sha256.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace sinter;
using namespace sinter::host;
namespace fs = std::filesystem;

namespace {

/// An environment variable for the length of a test.
class Variable {
public:
  Variable(const char *name, const char *value) : name(name) {
    if (const char *old = std::getenv(name)) {
      before = old;
    }
    set(value);
  }
  ~Variable() { set(before ? before->c_str() : nullptr); }

private:
  void set(const char *value) {
    if (value == nullptr) {
      unsetenv(name);
    } else {
      setenv(name, value, 1);
    }
  }
  const char *name;
  std::optional<std::string> before;
};

class Cache : public testing::Test {
protected:
  void SetUp() override {
    folder = fs::path(testing::TempDir()) /
             ("sinter-cache-" + std::to_string(getpid()));
    fs::remove_all(folder);
  }
  void TearDown() override { fs::remove_all(folder); }
  KernelCache open() {
    Result<KernelCache> cache = KernelCache::open(folder.string());
    EXPECT_TRUE(cache);
    return *cache;
  }
  fs::path folder;
  const std::string key = sha256Hex("one");
  const std::string other = sha256Hex("two");
};

TEST_F(Cache, StoresAndFinds) {
  const KernelCache cache = open();
  struct stat info{};
  ASSERT_EQ(stat(folder.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700u);
  EXPECT_FALSE(cache.lookup(key));
  ASSERT_TRUE(cache.store(key, "object"));
  EXPECT_TRUE(cache.lookup(key));
  EXPECT_FALSE(cache.lookup(other));
  ASSERT_TRUE(cache.store(other, ""));
  EXPECT_TRUE(cache.lookup(other));
}

TEST_F(Cache, EveryTruncationIsAMissAndSaid) {
  const KernelCache cache = open();
  ASSERT_TRUE(cache.store(key, "some bytes of an object"));
  const Result<std::string> whole = readFile(cache.fileOf(key), 1000);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->size(), 23u + 48u);
  for (size_t length = 0; length < whole->size(); ++length) {
    ASSERT_TRUE(writeFile(cache.fileOf(key), whole->substr(0, length)));
    testing::internal::CaptureStderr();
    EXPECT_FALSE(cache.lookup(key)) << length;
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find("damaged cache entry " + cache.fileOf(key)),
              std::string::npos)
        << said;
  }
}

TEST_F(Cache, EveryFlippedBitIsAMiss) {
  const KernelCache cache = open();
  ASSERT_TRUE(cache.store(key, "object"));
  const Result<std::string> whole = readFile(cache.fileOf(key), 1000);
  ASSERT_TRUE(whole);
  testing::internal::CaptureStderr();
  for (size_t bit = 0; bit < whole->size() * 8; ++bit) {
    std::string damaged = *whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    ASSERT_TRUE(writeFile(cache.fileOf(key), damaged));
    EXPECT_FALSE(cache.lookup(key)) << bit;
  }
  testing::internal::GetCapturedStderr();
  ASSERT_TRUE(writeFile(cache.fileOf(key), *whole + "x"));
  testing::internal::CaptureStderr();
  EXPECT_FALSE(cache.lookup(key));
  testing::internal::GetCapturedStderr();
}

TEST_F(Cache, ListsVerifiesAndClears) {
  const KernelCache cache = open();
  ASSERT_TRUE(cache.store(key, "object"));
  ASSERT_TRUE(cache.store(other, "second object"));
  ASSERT_TRUE(writeFile(cache.fileOf(other), "damaged"));
  std::ofstream(folder / ".build-1-2") << "left over";
  std::ofstream(folder / "notes.txt") << "the user's";
  const auto listed = cache.list(/*verify=*/true);
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 2u);
  std::map<std::string, std::pair<uint64_t, bool>> entries;
  for (const KernelCache::Entry &entry : *listed) {
    entries[entry.key] = {entry.bytes, entry.intact};
  }
  EXPECT_EQ(entries[key], std::pair(uint64_t{6 + 48}, true));
  EXPECT_EQ(entries[other], std::pair(uint64_t{7}, false));
  const auto removed = cache.clear();
  ASSERT_TRUE(removed);
  EXPECT_EQ(*removed, 3u);
  EXPECT_TRUE(fs::exists(folder / "notes.txt"));
  EXPECT_TRUE(cache.list(false)->empty());
}

TEST_F(Cache, RefusesWhatOthersMayWrite) {
  fs::create_directories(folder);
  for (const mode_t mode : {0770u, 0702u, 0777u}) {
    ASSERT_EQ(chmod(folder.c_str(), mode), 0);
    const Result<KernelCache> cache = KernelCache::open(folder.string());
    ASSERT_FALSE(cache);
    EXPECT_EQ(cache.error().code, ErrorCode::CacheUnsafe);
    EXPECT_EQ(cache.error().exitCode(), 4);
    EXPECT_NE(cache.error().message().find("only its owner may write"),
              std::string::npos);
  }
  ASSERT_EQ(chmod(folder.c_str(), 0755), 0);
  EXPECT_TRUE(KernelCache::open(folder.string() + "//"));
}

TEST_F(Cache, RefusesWhatBelongsToOthers) {
  fs::create_directories(folder);
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can give a directory away";
  }
  ASSERT_EQ(chown(folder.c_str(), 12345, 12345), 0);
  const Result<KernelCache> cache = KernelCache::open(folder.string());
  ASSERT_FALSE(cache);
  EXPECT_EQ(cache.error().code, ErrorCode::CacheUnsafe);
  EXPECT_NE(cache.error().message().find("found owner 12345"),
            std::string::npos);
}

TEST_F(Cache, RefusesAFile) {
  std::ofstream(folder) << "x";
  const Result<KernelCache> cache = KernelCache::open(folder.string());
  ASSERT_FALSE(cache);
  EXPECT_EQ(cache.error().code, ErrorCode::FileUnwritable);
}

TEST_F(Cache, DirectoryFromTheEnvironment) {
  const Variable home("HOME", "/users/me");
  const Variable xdg("XDG_CACHE_HOME", nullptr);
  const Variable own("SINTER_CACHE_DIR", nullptr);
  EXPECT_EQ(*KernelCache::defaultDirectory(), "/users/me/.cache/sinter");
  {
    const Variable relative("XDG_CACHE_HOME", "relative");
    EXPECT_EQ(*KernelCache::defaultDirectory(), "/users/me/.cache/sinter");
  }
  const Variable absolute("XDG_CACHE_HOME", "/caches");
  EXPECT_EQ(*KernelCache::defaultDirectory(), "/caches/sinter");
  {
    const Variable chosen("SINTER_CACHE_DIR", "/mine");
    EXPECT_EQ(*KernelCache::defaultDirectory(), "/mine");
  }
  const Variable nothing("XDG_CACHE_HOME", "");
  const Variable nowhere("HOME", nullptr);
  const Result<std::string> none = KernelCache::defaultDirectory();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::CacheUnsafe);
}

KernelSource simpleKernel(int value = 1) {
  KernelSource source;
  source.symbol = "k";
  source.text = preludeText() +
                "SINTER_KERNEL(k, 32, 1, (Out<i32> y)) { store(y, "
                "threadIndex(), " +
                std::to_string(value) + "); }\n";
  source.params = {out("y", DType::I32, 32)};
  return source;
}

TEST_F(Cache, DamagedKernelIsBuiltAgain) {
  const KernelCache cache = open();
  const KernelSource source = simpleKernel();
  const auto build = [&] {
    return buildKernels(std::span(&source, 1), cache, true, 1, {});
  };
  ASSERT_TRUE(build());
  const auto entries = cache.list(true);
  ASSERT_EQ(entries->size(), 1u);
  const std::string file = cache.fileOf(entries->front().key);
  fs::resize_file(file, fs::file_size(file) / 2);
  testing::internal::CaptureStderr();
  ASSERT_TRUE(build());
  EXPECT_NE(testing::internal::GetCapturedStderr().find("built again"),
            std::string::npos);
  EXPECT_TRUE(cache.list(true)->front().intact);
  // Intact: the compiler is not asked again.
  const auto time = fs::last_write_time(file);
  ASSERT_TRUE(build());
  EXPECT_EQ(fs::last_write_time(file), time);
}

TEST_F(Cache, CheckedAndUncheckedAreTwoEntries) {
  const KernelCache cache = open();
  const KernelSource source = simpleKernel();
  ASSERT_TRUE(buildKernels(std::span(&source, 1), cache, true, 1, {}));
  ASSERT_TRUE(buildKernels(std::span(&source, 1), cache, false, 1, {}));
  EXPECT_EQ(cache.list(true)->size(), 2u);
}

TEST_F(Cache, WritersSideBySide) {
  const KernelCache cache = open();
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const KernelSource source = simpleKernel();
      if (buildKernels(std::span(&source, 1), cache, true, 1, {})) {
        ++good;
      }
    });
  }
  for (std::thread &thread : threads) {
    thread.join();
  }
  EXPECT_EQ(good, 4);
  EXPECT_EQ(cache.list(true)->size(), 1u);
  EXPECT_TRUE(cache.list(true)->front().intact);
}

TEST_F(Cache, ManyKernelsInOneCallWithProgress) {
  HostOptions options;
  options.cacheDirectory = folder.string();
  std::vector<std::pair<size_t, size_t>> progress;
  options.progress = [&](size_t ready, size_t total) {
    progress.emplace_back(ready, total);
  };
  options.threads = 2;
  auto device = HostDevice::create(options);
  ASSERT_TRUE(device);
  const std::vector<KernelSource> sources = {simpleKernel(7), simpleKernel(8),
                                             simpleKernel(7)};
  const auto ids = (*device)->loadKernels(sources);
  ASSERT_TRUE(ids) << ids.error().message();
  ASSERT_EQ(ids->size(), 3u);
  ASSERT_EQ(progress.size(), 3u);
  EXPECT_EQ(progress.back(), std::pair(size_t{3}, size_t{3}));
  EXPECT_EQ(open().list(true)->size(), 2u);
}

TEST_F(Cache, CompilerFromTheEnvironment) {
  {
    const Variable missing("SINTER_HOST_CXX", "no-such-compiler");
    const auto found = HostCompiler::find();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::HostCompilerMissing);
    EXPECT_EQ(found.error().exitCode(), 4);
    EXPECT_NE(found.error().message().find("no-such-compiler"),
              std::string::npos);
  }
  {
    const Variable broken("SINTER_HOST_CXX", "/bin/false");
    const auto found = HostCompiler::find();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::HostCompilerMissing);
  }
  const Variable nothing("SINTER_HOST_CXX", nullptr);
  const Variable path("PATH", "/nowhere");
  const auto found = HostCompiler::find();
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message().find("clang++-19"), std::string::npos);
}

TEST_F(Cache, TextThatDoesNotCompile) {
  const KernelCache cache = open();
  KernelSource source = simpleKernel();
  source.text += "int broken = undeclared;\n";
  const auto built = buildKernels(std::span(&source, 1), cache, true, 1, {});
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().code, ErrorCode::HostCompilerFailed);
  EXPECT_NE(built.error().message().find("undeclared"), std::string::npos)
      << built.error().message();
  EXPECT_TRUE(fs::is_empty(folder));
}

/// What the prelude forbids does not compile.
TEST_F(Cache, AccessesOfTheWrongKindDoNotCompile) {
  const KernelCache cache = open();
  const std::pair<const char *, const char *> wrong[] = {
      {"(In<i32> y)", "store(y, 0, 1);"},
      {"(Out<i32> y)", "store(y, 1, load(y, 0));"},
      {"(In<u32> y)", "atomicAddRelease(y, 0, 1u);"},
      {"(In<bf16> y)", "loadVec<16>(y, 0);"},
      {"(Out<i32> y)", "float large[20000]; for (int i = 0; i < 20000; ++i) "
                       "large[i] = i; warpSum(large[threadIndex()]); "
                       "store(y, 0, i32(large[blockIndex()]));"}};
  for (const auto &[params, body] : wrong) {
    for (const bool checked : {true, false}) {
      KernelSource source;
      source.symbol = "k";
      source.text = preludeText() + "SINTER_KERNEL(k, 32, 1, " + params +
                    ") {" + body + "}\n";
      const auto built =
          buildKernels(std::span(&source, 1), cache, checked, 1, {});
      ASSERT_FALSE(built) << body;
      EXPECT_EQ(built.error().code, ErrorCode::HostCompilerFailed) << body;
    }
  }
}

TEST_F(Cache, ParametersMustBeThoseOfTheText) {
  const KernelCache cache = open();
  KernelSource source = simpleKernel();
  const auto refused = [&](const char *wanted) {
    const auto built = buildKernels(std::span(&source, 1), cache, true, 1, {});
    ASSERT_FALSE(built) << wanted;
    EXPECT_EQ(built.error().code, ErrorCode::KernelSignature);
    EXPECT_NE(built.error().message().find(wanted), std::string::npos)
        << built.error().message();
    EXPECT_NE(built.error().message().find("found k(Out<i32>)"),
              std::string::npos)
        << built.error().message();
  };
  source.params[0].access = format::Access::InOut;
  refused("k(InOut<i32>)");
  source.params[0] = out("y", DType::F32, 32);
  refused("k(Out<f32>)");
  source.params[0] = out("y", DType::U8, 32);
  refused("k(<u8>)");
  source.params = {out("y", DType::I32, 32), in("x", DType::I32, 1)};
  refused("k(Out<i32>, In<i32>)");
  source.params = {out("y", DType::I32, 32)};
  source.symbol = "other";
  refused("other(Out<i32>)");
}

TEST_F(Cache, ObjectThatIsNoKernel) {
  const KernelCache cache = open();
  KernelSource source = simpleKernel();
  source.text = preludeText() + "int nothing = 0;\n";
  const auto built = buildKernels(std::span(&source, 1), cache, true, 1, {});
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().code, ErrorCode::KernelUnloadable);
}

TEST(HostMemory, MoreThanTheAddressSpace) {
  HostOptions options;
  options.cacheDirectory = testCache();
  auto device = HostDevice::create(options);
  ASSERT_TRUE(device);
  const auto buffer = (*device)->allocate(1ull << 60, "the cache");
  ASSERT_FALSE(buffer);
  EXPECT_EQ(buffer.error().code, ErrorCode::HostMemory);
  EXPECT_NE(buffer.error().message().find("the cache"), std::string::npos);
}

TEST(OpenDevice, Names) {
  HostOptions options;
  options.cacheDirectory = testCache();
  auto host = openDevice("host", options);
  ASSERT_TRUE(host);
  EXPECT_EQ((*host)->name(), "host");
  EXPECT_TRUE((*host)->countsTraffic());
  options.checked = false;
  auto unverified = openDevice("host", options);
  ASSERT_TRUE(unverified);
  EXPECT_EQ((*unverified)->name(), "host unchecked");
  auto other = openDevice("tpu", options);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::BadArgument);
}

TEST(HostMemory, CopiesAndZeroes) {
  HostOptions options;
  options.cacheDirectory = testCache();
  auto made = HostDevice::create(options);
  ASSERT_TRUE(made);
  Device &device = **made;
  const BufferId a = *device.allocate(64, "a");
  const BufferId b = *device.allocate(64, "b");
  ASSERT_TRUE(device.zero(a, 0, 32));
  auto staged = device.stage(a, 32, 4);
  ASSERT_TRUE(staged);
  std::memset(staged->data(), 7, 4);
  ASSERT_TRUE(device.commit());
  ASSERT_TRUE(device.copy(a, 30, b, 10, 6));
  std::vector<std::byte> bytes(6);
  ASSERT_TRUE(device.download(b, 10, bytes));
  EXPECT_EQ(bytes[1], std::byte{0});
  EXPECT_EQ(bytes[2], std::byte{7});
  for (const Status &status :
       {device.zero(a, 60, 5), device.upload(b, UINT64_MAX, bytes),
        device.copy(a, 0, b, 0, 40), device.download(b, 0, bytes),
        device.zero(BufferId{9}, 0, 1)}) {
    EXPECT_FALSE(status);
  }
}

} // namespace
