//===- PlanFilesTest.cpp - The directory of a plan ------------------------===//

#include "runtime/format/PlanJson.h"
#include "test/unit/format/SamplePlan.h"
#include "test/unit/format/TemporaryFolder.h"

using namespace sinter;
using namespace sinter::format;
using sinter::test::samplePlan;
using sinter::test::TemporaryFolder;

namespace {

TEST(PlanFiles, WrittenPlansLoad) {
  TemporaryFolder folder;
  PlanArtifact artifact = samplePlan();
  std::string path = folder.path("a.plan");
  ASSERT_TRUE(writePlan(artifact, path));
  EXPECT_TRUE(isPlanDirectory(path));
  EXPECT_FALSE(isPlanDirectory(folder.path()));
  auto loaded = loadPlan(path);
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->plan, artifact.plan);
  EXPECT_EQ(loaded->sources, artifact.sources);
  EXPECT_TRUE(loaded->cubins.empty());
  EXPECT_EQ(loadPlan(path, nullptr, "sm_90a")->cubins, artifact.cubins);
  EXPECT_EQ(folder.read("a.plan/plan.mlir"), "module {}\n");
  // Equal bytes elsewhere, and over an existing plan.
  ASSERT_TRUE(writePlan(artifact, folder.path("b.plan")));
  ASSERT_TRUE(writePlan(artifact, path));
  EXPECT_EQ(folder.read("a.plan/plan.json"), folder.read("b.plan/plan.json"));
  EXPECT_EQ(folder.list().size(), 16u);
}

TEST(PlanFiles, UnsoundPlansAreNotWritten) {
  TemporaryFolder folder;
  PlanArtifact artifact = samplePlan();
  artifact.sources.begin()->second += " ";
  Status changed = writePlan(artifact, folder.path("a.plan"));
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, ErrorCode::PlanFiles);
  artifact.sources.clear();
  EXPECT_EQ(writePlan(artifact, folder.path("a.plan")).error().code,
            ErrorCode::PlanFiles);
  artifact = samplePlan();
  artifact.cubins.clear();
  EXPECT_EQ(writePlan(artifact, folder.path("a.plan")).error().code,
            ErrorCode::PlanFiles);
  artifact = samplePlan();
  artifact.plan.values[2].offset = 8;
  EXPECT_EQ(writePlan(artifact, folder.path("a.plan")).error().code,
            ErrorCode::PlanPlacement);
  EXPECT_TRUE(folder.list().empty());
}

TEST(PlanFiles, DamagedDirectories) {
  TemporaryFolder folder;
  PlanArtifact artifact = samplePlan();
  std::string path = folder.path("a.plan");
  ASSERT_TRUE(writePlan(artifact, path));
  std::string first = "kernels/" + artifact.plan.kernels[0].source + ".cu";
  std::string second = "kernels/" + artifact.plan.kernels[1].source + ".cu";
  folder.write("a.plan/" + first, "// other\n");
  std::filesystem::remove(path + "/" + second);
  std::vector<Error> causes;
  auto loaded = loadPlan(path, &causes);
  ASSERT_FALSE(loaded);
  ASSERT_EQ(causes.size(), 2u);
  EXPECT_EQ(causes[0].message(),
            "SIN2515 (file of the plan missing or changed): " + path + "/" +
                first + ": wanted the SHA-256 digest " +
                artifact.plan.kernels[0].source + ", found " +
                sha256Hex("// other\n") + "; compile the plan again");
  EXPECT_EQ(causes[1].code, ErrorCode::PlanFiles);
  EXPECT_EQ(causes[1].found, "none");
  EXPECT_EQ(loaded.error().message(), causes[0].message());

  ASSERT_TRUE(writePlan(artifact, path));
  folder.write("a.plan/kernels/" + artifact.plan.kernels[1].source +
                   ".sm_90a.cubin",
               "other");
  EXPECT_TRUE(loadPlan(path));
  EXPECT_EQ(loadPlan(path, nullptr, "sm_90a").error().code,
            ErrorCode::PlanFiles);

  EXPECT_EQ(loadPlan(folder.path("none")).error().code,
            ErrorCode::FileUnreadable);
  // Every prefix of plan.json is refused.
  ASSERT_TRUE(writePlan(artifact, path));
  std::string text = folder.read("a.plan/plan.json");
  for (size_t size = 0; size + 1 < text.size(); size += 13) {
    auto cut = readPlanJson(text.substr(0, size), "p");
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, ErrorCode::JsonSyntax);
  }
}

} // namespace
