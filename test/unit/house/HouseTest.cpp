//===- HouseTest.cpp - Rules that hold over the whole tree ----------------===//
//
// Include edges, file sizes, words that mark unfinished work, header guards,
// names of the top-level entries.
//
//===----------------------------------------------------------------------===//

#include "test/unit/house/Tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

using namespace sinter::house;
namespace fs = std::filesystem;

namespace {

bool isCxx(const std::string &path) {
  return endsWithAny(path, {".cpp", ".h", ".cuh"});
}

std::string topLevel(const std::string &path) {
  return path.substr(0, path.find('/'));
}

/// The text between the first pair of quotes after #include; empty for
/// anything else.
std::string quotedInclude(const std::string &line) {
  static const std::regex pattern(R"re(^\s*#\s*include\s+"([^"]+)")re");
  std::smatch match;
  return std::regex_search(line, match, pattern) ? match[1].str()
                                                 : std::string();
}

/// Does a file at `path` have the right to include `target`?
bool mayInclude(const std::string &path, const std::string &target) {
  static const std::map<std::string, std::set<std::string>> edges = {
      {"ir", {"ir"}},
      {"codegen", {"codegen", "ir"}},
      {"passes", {"passes", "codegen", "ir"}},
      {"models", {"models", "ir"}},
      {"runtime", {"runtime"}},
      {"tools", {"tools", "passes", "codegen", "models", "ir", "runtime"}},
      {"test",
       {"test", "tools", "passes", "codegen", "models", "ir", "runtime"}}};
  if (startsWith(path, "runtime/format/")) {
    return startsWith(target, "runtime/format/");
  }
  if (startsWith(target, "runtime/format/")) {
    return true;
  }
  // Of codegen, passes see the family contract but nothing that prints.
  if (startsWith(path, "passes/")) {
    for (const char *printing :
         {"codegen/families/", "codegen/device/", "codegen/CudaWriter",
          "codegen/NameAllocator", "codegen/Emit"}) {
      if (startsWith(target, printing)) {
        return false;
      }
    }
  }
  auto from = edges.find(topLevel(path));
  return from != edges.end() && from->second.count(topLevel(target)) != 0;
}

TEST(House, TopLevelEntriesAreTheFixedOnes) {
  const std::set<std::string> folders = {
      "ir", "passes", "codegen", "models", "runtime", "tools", "test", ".ci"};
  const std::set<std::string> plain = {"CMakeLists.txt", "CMakePresets.json",
                                       "README.md", "CHANGELOG.md", "LICENSE"};
  for (const fs::directory_entry &entry : fs::directory_iterator(root)) {
    std::string name = entry.path().filename().string();
    if (isOutside(name)) {
      continue;
    }
    if (entry.is_directory()) {
      EXPECT_TRUE(folders.count(name)) << "folder " << name;
    } else {
      EXPECT_TRUE(plain.count(name) || name[0] == '.') << "file " << name;
    }
  }
}

TEST(House, IncludesFollowTheEdges) {
  for (const File &file : files()) {
    if (!isCxx(file.path)) {
      continue;
    }
    for (size_t i = 0; i < file.lines.size(); ++i) {
      std::string target = quotedInclude(file.lines[i]);
      if (target.empty() || startsWith(target, "llvm/") ||
          startsWith(target, "mlir/")) {
        continue;
      }
      EXPECT_TRUE(mayInclude(file.path, target))
          << file.path << ":" << i + 1 << " must not include " << target;
    }
  }
}

TEST(House, EdgesRefuseWhatTheyShould) {
  EXPECT_TRUE(mayInclude("ir/plan/A.cpp", "runtime/format/Status.h"));
  EXPECT_FALSE(mayInclude("ir/plan/A.cpp", "codegen/KernelFamily.h"));
  EXPECT_FALSE(mayInclude("runtime/Session.cpp", "codegen/KernelFamily.h"));
  EXPECT_FALSE(mayInclude("runtime/format/A.cpp", "runtime/Device.h"));
  EXPECT_FALSE(mayInclude("models/A.cpp", "passes/Passes.h"));
  EXPECT_FALSE(mayInclude("passes/A.cpp", "codegen/families/Gemv.h"));
  EXPECT_FALSE(mayInclude("passes/A.cpp", "Sibling.h"));
  EXPECT_TRUE(mayInclude("passes/A.cpp", "codegen/KernelFamily.h"));
  EXPECT_FALSE(mayInclude("tools/A.cpp", "test/Helper.h"));
}

/// LLVM stays out of the runtime, and of the models' LLVM-free parts; each
/// third-party header stays in the file that wraps it.
TEST(House, ThirdPartyHeadersStayInTheirPlace) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> rules = {
      {"nlohmann/", {"runtime/format/"}},
      {"CLI/", {"tools/cli/"}},
      {"pcre2.h", {"models/tokenizer/"}},
      {"utf8proc.h", {"models/tokenizer/", "test/unit/tokenizer/"}},
      {"boost/", {"runtime/host/"}},
  };
  static const std::regex include(R"re(^\s*#\s*include\s+["<]([^">]+)[">])re");
  for (const File &file : files()) {
    if (!isCxx(file.path)) {
      continue;
    }
    for (size_t i = 0; i < file.lines.size(); ++i) {
      std::smatch match;
      if (!std::regex_search(file.lines[i], match, include)) {
        continue;
      }
      std::string target = match[1];
      if (startsWith(target, "llvm/") || startsWith(target, "mlir/")) {
        for (const char *without : {"runtime/", "models/config/",
                                    "models/tokenizer/", "models/chat/"}) {
          EXPECT_FALSE(startsWith(file.path, without))
              << file.path << ":" << i + 1 << " includes " << target;
        }
      }
      for (const auto &[prefix, homes] : rules) {
        if (startsWith(target, prefix)) {
          EXPECT_TRUE(std::any_of(homes.begin(), homes.end(),
                                  [&](const std::string &home) {
                                    return startsWith(file.path, home);
                                  }))
              << file.path << ":" << i + 1 << " includes " << target;
        }
      }
    }
  }
}

TEST(House, FilesAreOneThing) {
  for (const File &file : files()) {
    size_t limit = endsWithAny(file.path, {".cuh"}) ? 250
                   : endsWithAny(file.path, {".cpp", ".h", ".td", ".sh"})
                       ? 500
                       : SIZE_MAX;
    EXPECT_LE(file.lines.size(), limit) << file.path;
  }
}

/// Words that mark unfinished work, and paths of one machine.
TEST(House, NoUnfinishedWork) {
  // A bracket in each word, or this file would find itself.
  const std::regex word(
      R"re(\b([T]ODO|[F]IXME|[X]XX)\b|not (yet )?[i]mplemented|[p]laceholder|for [n]ow\b|[s]tub\b)re",
      std::regex::icase);
  const std::regex path(R"re(/[w]ork/|/[r]oot/|/tmp/[w]t|/[h]ome/)re");
  for (const File &file : files()) {
    for (size_t i = 0; i < file.lines.size(); ++i) {
      const std::string &line = file.lines[i];
      std::smatch match;
      EXPECT_FALSE(std::regex_search(line, match, word))
          << file.path << ":" << i + 1 << ": " << match.str();
      EXPECT_FALSE(std::regex_search(line, match, path))
          << file.path << ":" << i + 1 << ": " << match.str();
    }
  }
}

TEST(House, HeadersHaveGuardsAndBanners) {
  for (const File &file : files()) {
    if (!endsWithAny(file.path, {".h", ".cpp"}) || file.lines.empty()) {
      continue;
    }
    std::string name = fs::path(file.path).filename().string();
    EXPECT_TRUE(startsWith(file.lines[0], "//===- " + name + " - "))
        << file.path << " begins with: " << file.lines[0];
    if (!endsWithAny(file.path, {".h"})) {
      continue;
    }
    std::string guard = "SINTER_" + file.path;
    for (char &c : guard) {
      c = std::isalnum(static_cast<unsigned char>(c))
              ? static_cast<char>(std::toupper(static_cast<unsigned char>(c)))
              : '_';
    }
    EXPECT_NE(
        std::find(file.lines.begin(), file.lines.end(), "#define " + guard),
        file.lines.end())
        << file.path << " lacks " << guard;
  }
}

} // namespace
