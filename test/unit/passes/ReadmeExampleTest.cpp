//===- ReadmeExampleTest.cpp - The example of the README runs -------------===//

#include "runtime/OpenDevice.h"
#include "runtime/PlanWeights.h"
#include "runtime/Sequences.h"
#include "runtime/format/Checkpoint.h"
#include "tools/Compile.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

using namespace sinter;

namespace {

const std::string root = SINTER_SOURCE_DIR;

/// Lines of `path` between one that holds `begin` and one that holds `end`,
/// without leading blanks.
std::vector<std::string> linesBetween(const std::string &path,
                                      const std::string &begin,
                                      const std::string &end) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (inside && line.find(end) != std::string::npos) {
      return lines;
    }
    if (inside) {
      lines.push_back(
          line.substr(std::min(line.find_first_not_of(' '), line.size())));
    }
    inside |= line.find(begin) != std::string::npos;
  }
  ADD_FAILURE() << path << ": no " << begin << " ... " << end;
  return lines;
}

// clang-format off: the README's own lines
std::vector<int32_t> exampleOf(const std::string &model, const std::vector<int32_t> &prompt, size_t count) {
  std::vector<int32_t> shown;
  auto show = [&](int32_t token) { shown.push_back(token); return shown.size() < count; };
  // README begins
  auto plan = loadPlan("four.plan");
  auto device = openDevice("host", {});
  auto weights = openPlanWeights(plan->plan, model);
  auto session = Session::prepare(*plan, **weights, **device);
  auto texts = Sequences::create(**session, *(*session)->findEntry("decode"));
  SequenceId text = *texts->open();
  Status status = texts->feed(text, prompt); // ids; chunk by chunk through the prefill entries
  while (status && texts->waiting()) {
    auto chosen = texts->step();             // one step of the batch
    for (auto next : *chosen) {
      status = show(next.token) ? texts->feed(next.sequence, {&next.token, 1}) : texts->close(next.sequence);
    }
  }
  // README ends
  EXPECT_TRUE(status.ok()) << status.error().message();
  return shown;
}
// clang-format on

TEST(Readme, TheExampleRuns) {
  EXPECT_EQ(linesBetween(root + "/README.md", "```cpp", "```"),
            linesBetween(root + "/test/unit/passes/ReadmeExampleTest.cpp",
                         "// README begins", "// README ends"));
  CompileRequest request;
  const std::string model = root + "/test/data/checkpoints/qwen3-rand";
  Result<ModelSource> source = resolveModel(model);
  ASSERT_TRUE(source.ok());
  request.source = std::move(*source);
  auto checkpoint = Checkpoint::open(model);
  ASSERT_TRUE(checkpoint.ok());
  request.weights.fingerprint = (*checkpoint)->fingerprint();
  request.workload.batch = 2;
  request.workload.context = 12;
  request.workload.maxContext = 40;
  request.prefills = {4};
  Result<PlanArtifact> artifact = compileModel(request);
  ASSERT_TRUE(artifact.ok()) << artifact.error().message();
  setenv("SINTER_CACHE_DIR", SINTER_BINARY_DIR "/kernel-cache", 1);
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(testing::TempDir());
  ASSERT_TRUE(writePlan(*artifact, "four.plan").ok());
  const std::vector<int32_t> shown = exampleOf(model, {5, 17, 300, 42, 8}, 3);
  std::filesystem::current_path(before);
  unsetenv("SINTER_CACHE_DIR");
  EXPECT_EQ(shown.size(), 3u);
}

} // namespace
