//===- DeviceSpecTest.cpp - Device files: numbers, origins, refusals ------===//

#include "ir/target/DeviceSpec.h"
#include "codegen/devices/Devices.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

using namespace sinter;

namespace {

std::string fileText(const std::string &name) {
  std::ifstream in(std::string(SINTER_SOURCE_DIR) + "/codegen/devices/" + name);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// The H200 file with the first occurrence of `from` replaced.
std::string edited(const std::string &from, const std::string &to) {
  std::string text = fileText("h200.json");
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

void expectRefused(const std::string &text, ErrorCode code,
                   const std::string &object) {
  Result<DeviceSpec> device = parseDeviceSpec(text, "gpu.json");
  ASSERT_FALSE(device.ok()) << text.substr(0, 400);
  EXPECT_EQ(errorCodeName(device.error().code), errorCodeName(code))
      << device.error().message();
  EXPECT_EQ(device.error().object, object) << device.error().message();
  EXPECT_EQ(device.error().exitCode(), 3);
}

TEST(DeviceSpec, H200) {
  Result<DeviceSpec> device = resolveDevice(defaultDevice);
  ASSERT_TRUE(device.ok()) << device.error().message();
  EXPECT_EQ(device->name, "h200");
  EXPECT_EQ(device->arch(), "sm_90a");
  EXPECT_EQ(device->limits.sms.value, 132u);
  EXPECT_EQ(device->limits.sharedBytesPerSm.value, 228u * 1024);
  EXPECT_EQ(device->limits.sharedBytesPerBlock.value, 227u * 1024);
  EXPECT_EQ(device->limits.registersPerSm.value, 65536u);
  EXPECT_EQ(device->limits.threadsPerSm.value, 2048u);
  EXPECT_EQ(device->limits.l2Bytes.value, 50u << 20);
  EXPECT_EQ(device->costs.dramRateSpec->origin, NumberOrigin::Spec);
  EXPECT_EQ(device->costs.dramReadRate->value, 4650u);
  EXPECT_EQ(device->costs.dramReadRate->origin, NumberOrigin::Measured);
  EXPECT_EQ(device->costs.edgeProgrammatic->value, 160u);
  EXPECT_EQ(device->text, fileText("h200.json"));
}

TEST(DeviceSpec, EveryEmbeddedFileIsSoundAndNamedAsItsFile) {
  std::vector<std::string> names = deviceNames();
  EXPECT_EQ(names, (std::vector<std::string>{"a100-80gb", "b200", "h100-sxm",
                                             "h200", "l4", "l40s", "rtx-3090",
                                             "rtx-4090", "rtx-5090"}));
  for (const std::string &name : names) {
    Result<DeviceSpec> device = resolveDevice(name);
    ASSERT_TRUE(device.ok()) << device.error().message();
    EXPECT_EQ(device->name, name);
  }
  EXPECT_EQ(resolveDevice("a100-80gb")->arch(), "sm_80");
  EXPECT_EQ(resolveDevice("rtx-3090")->arch(), "sm_86");
  EXPECT_EQ(resolveDevice("rtx-4090")->arch(), "sm_89");
  EXPECT_EQ(resolveDevice("b200")->arch(), "sm_100");
  EXPECT_EQ(resolveDevice("rtx-5090")->arch(), "sm_120");
  // What nobody has measured on a card that is not here says so.
  EXPECT_EQ(resolveDevice("rtx-4090")->costs.dramReadRate->origin,
            NumberOrigin::Prior);
}

TEST(DeviceSpec, ByPath) {
  Result<DeviceSpec> device = resolveDevice(std::string(SINTER_SOURCE_DIR) +
                                            "/codegen/devices/rtx-4090.json");
  ASSERT_TRUE(device.ok()) << device.error().message();
  EXPECT_EQ(device->limits.sms.value, 128u);
  Result<DeviceSpec> absent = resolveDevice("no/such/gpu.json");
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().code, ErrorCode::FileUnreadable);
}

TEST(DeviceSpec, UnknownNameListsTheKnownOnes) {
  Result<DeviceSpec> device = resolveDevice("h300");
  ASSERT_FALSE(device.ok());
  EXPECT_EQ(
      device.error().message(),
      "SIN2801 (unknown device): device \"h300\": wanted one of "
      "a100-80gb, b200, h100-sxm, h200, l4, l40s, rtx-3090, rtx-4090, "
      "rtx-5090, or a device file; write a device file and give its path");
}

TEST(DeviceSpec, NumberWithoutOriginOrSource) {
  expectRefused(edited("\"origin\": \"spec\", ", ""),
                ErrorCode::DeviceNumberOrigin,
                "gpu.json: /limits/compute_capability");
  expectRefused(edited("\"origin\": \"spec\"", "\"origin\": \"hearsay\""),
                ErrorCode::DeviceNumberOrigin,
                "gpu.json: /limits/compute_capability/origin");
  expectRefused(edited(", \"source\": \"NVIDIA H200 data sheet\"", ""),
                ErrorCode::DeviceNumberOrigin,
                "gpu.json: /limits/compute_capability");
  expectRefused(
      edited("\"source\": \"NVIDIA H200 data sheet\"", "\"source\": \"\""),
      ErrorCode::DeviceNumberOrigin,
      "gpu.json: /limits/compute_capability/source");
}

TEST(DeviceSpec, AnotherUnit) {
  expectRefused(edited("\"value\": 52428800, \"unit\": \"bytes\"",
                       "\"value\": 50, \"unit\": \"MB\""),
                ErrorCode::DeviceNumberUnit, "gpu.json: /limits/l2_bytes/unit");
}

TEST(DeviceSpec, AbsurdNumbers) {
  expectRefused(edited("\"sms\": {\"value\": 132", "\"sms\": {\"value\": 0"),
                ErrorCode::DeviceNumberAbsurd, "gpu.json: /limits/sms/value");
  expectRefused(edited("\"warp_threads\": {\"value\": 32",
                       "\"warp_threads\": {\"value\": 64"),
                ErrorCode::DeviceNumberAbsurd,
                "gpu.json: /limits/warp_threads/value");
  // A block with more shared memory than its SM.
  expectRefused(edited("\"value\": 232448", "\"value\": 262144"),
                ErrorCode::DeviceNumberAbsurd,
                "gpu.json: /limits/shared_bytes_per_block");
  expectRefused(edited("\"threads_per_sm\": {\"value\": 2048",
                       "\"threads_per_sm\": {\"value\": 512"),
                ErrorCode::DeviceNumberAbsurd,
                "gpu.json: /limits/threads_per_block");
  // Memory read faster than the data sheet says.
  expectRefused(edited("\"dram_read_rate\": {\"value\": 4650",
                       "\"dram_read_rate\": {\"value\": 4900"),
                ErrorCode::DeviceNumberAbsurd,
                "gpu.json: /costs/dram_read_rate");
}

TEST(DeviceSpec, FieldsUnknownMissingOrOfAnotherType) {
  expectRefused(edited("\"sms\":", "\"streaming_sms\":"),
                ErrorCode::JsonUnknownKey, "gpu.json: /limits/streaming_sms");
  expectRefused(edited("\"edge_hop\":", "\"edge_hopp\":"),
                ErrorCode::JsonUnknownKey, "gpu.json: /costs/edge_hopp");
  expectRefused(edited("\"title\":", "\"titel\":"), ErrorCode::JsonUnknownKey,
                "gpu.json: /titel");
  expectRefused(edited("\"value\": 132", "\"value\": 132.0"),
                ErrorCode::JsonWrongType, "gpu.json: /limits/sms/value");
  std::string text = fileText("h200.json");
  size_t from = text.find("    \"sms\"");
  text.erase(from, text.find('\n', from) + 1 - from);
  Result<DeviceSpec> device = parseDeviceSpec(text, "gpu.json");
  ASSERT_FALSE(device.ok());
  EXPECT_EQ(device.error().code, ErrorCode::JsonMissingKey);
}

/// A constant is where its key says, whatever the order of the list.
TEST(DeviceSpec, ConstantsByKey) {
  Result<DeviceSpec> device = resolveDevice("h200");
  ASSERT_TRUE(device.ok());
  ASSERT_EQ(allCostConstants().size(),
            static_cast<size_t>(CostConstant::LibraryTensorRate) + 1);
  EXPECT_EQ(constantKey(CostConstant::EdgeGraph), "edge_graph");
  EXPECT_EQ(constantUnit(CostConstant::EdgeGraph), "ns");
  EXPECT_EQ(constantKey(CostConstant::LibraryTensorRate),
            "library_tensor_rate");
  for (CostConstant constant : allCostConstants()) {
    const std::optional<DeviceNumber> &number = device->cost(constant);
    ASSERT_TRUE(number.has_value()) << constantKey(constant);
    std::string line = "\"" + std::string(constantKey(constant)) +
                       "\": {\"value\": " + std::to_string(number->value) +
                       ", \"unit\": \"" + std::string(constantUnit(constant)) +
                       "\"";
    EXPECT_NE(device->text.find(line), std::string::npos) << line;
  }
}

TEST(DeviceSpec, LaunchesAndTheirContradictions) {
  EXPECT_EQ(resolveDevice("h200")->launches.programmatic->value, 1u);
  EXPECT_EQ(resolveDevice("a100-80gb")->launches.programmatic->value, 0u);
  EXPECT_EQ(resolveDevice("a100-80gb")->launches.cooperative->value, 1u);
  // Programmatic launch on Ampere.
  expectRefused(edited("\"compute_capability\": {\"value\": 90",
                       "\"compute_capability\": {\"value\": 80"),
                ErrorCode::DeviceNumberAbsurd,
                "gpu.json: /launches/programmatic");
  expectRefused(
      edited("\"clusters\": {\"value\": 1", "\"clusters\": {\"value\": 2"),
      ErrorCode::DeviceNumberAbsurd, "gpu.json: /launches/clusters/value");
}

TEST(DeviceSpec, ConstantsThatContradictEachOther) {
  auto changed = [](const char *key, int from, int to) {
    std::string prefix = "\"" + std::string(key) + "\": {\"value\": ";
    return edited(prefix + std::to_string(from), prefix + std::to_string(to));
  };
  // An empty node dearer than a phase that reads.
  expectRefused(changed("node_graph", 550, 1300), ErrorCode::DeviceNumberAbsurd,
                "gpu.json: /costs/node_graph");
  expectRefused(changed("edge_graph_l2", 1250, 1700),
                ErrorCode::DeviceNumberAbsurd,
                "gpu.json: /costs/edge_graph_l2");
  expectRefused(changed("edge_programmatic", 160, 1200),
                ErrorCode::DeviceNumberAbsurd,
                "gpu.json: /costs/edge_programmatic");
  expectRefused(changed("exchange_idle", 360, 900),
                ErrorCode::DeviceNumberAbsurd,
                "gpu.json: /costs/exchange_idle");
  expectRefused(changed("l2_read_rate", 8800, 4630),
                ErrorCode::DeviceNumberAbsurd,
                "gpu.json: /costs/dram_slope_plain");
}

TEST(DeviceSpec, LibraryPrices) {
  Result<DeviceSpec> device = resolveDevice("h200");
  ASSERT_TRUE(device.ok());
  ASSERT_EQ(device->library.size(), 20u);
  const LibraryPrice &first = device->library.front();
  EXPECT_EQ(first.m, 1u);
  EXPECT_EQ(first.n, 1024u);
  EXPECT_EQ(first.k, 2048u);
  EXPECT_EQ(first.picoseconds, 12397000u);
  EXPECT_EQ(first.bestPicoseconds, 5558900u);
  EXPECT_EQ(first.origin, NumberOrigin::Measured);

  const std::string head = "{\"m\": 1, \"n\": 1024, \"k\": 2048, ";
  expectRefused(edited(head, "{\"m\": 0, \"n\": 1024, \"k\": 2048, "),
                ErrorCode::DeviceNumberAbsurd, "gpu.json: /library/0/m");
  // Out of order: the table is searched.
  expectRefused(edited(head, "{\"m\": 9, \"n\": 1024, \"k\": 2048, "),
                ErrorCode::DeviceNumberAbsurd, "gpu.json: /library/1");
  expectRefused(edited("\"best_ps\": 5558900", "\"best_ps\": 12397001"),
                ErrorCode::DeviceNumberAbsurd, "gpu.json: /library/0/best_ps");
  expectRefused(edited("\"dtype\": \"bf16\"", "\"dtype\": \"fp4\""),
                ErrorCode::DeviceNumberUnit, "gpu.json: /library/0/dtype");
  expectRefused(edited("\"best_ps\": 5558900, \"origin\": \"measured\", ",
                       "\"best_ps\": 5558900, "),
                ErrorCode::DeviceNumberOrigin, "gpu.json: /library/0");
  Result<DeviceSpec> single = parseDeviceSpec(
      edited("\"ps\": 12397000, \"best_ps\": 5558900", "\"ps\": 12397000"),
      "gpu.json");
  ASSERT_TRUE(single.ok()) << single.error().message();
  EXPECT_EQ(single->library.front().bestPicoseconds, 12397000u);
}

TEST(DeviceSpec, TunedConfigurations) {
  Result<DeviceSpec> device = resolveDevice("h200");
  ASSERT_TRUE(device.ok());
  const char *group = "16/8 x 128 norm rope append";
  const TunedConfig *tuned = device->findTuned("attention_decode", group, 512);
  ASSERT_TRUE(tuned);
  EXPECT_EQ(tuned->config,
            "depth = 4, heads = 2, splits = 8, stages = 2, warps = 8");
  EXPECT_EQ(device->findTuned("attention_decode", group, 193), tuned);
  EXPECT_NE(device->findTuned("attention_decode", group, 192), tuned);
  EXPECT_FALSE(device->findTuned("attention_decode", group, 40961));
  EXPECT_FALSE(device->findTuned("gemv", group, 512));
  Result<DeviceSpec> again =
      parseDeviceSpec(writeDeviceSpec(*device), "gpu.json");
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(again->tuned.size(), device->tuned.size());
  EXPECT_EQ(again->tuned.back().config, device->tuned.back().config);

  expectRefused(
      edited("\"contexts\": [193, 1280]", "\"contexts\": [192, 1280]"),
      ErrorCode::DeviceNumberAbsurd, "gpu.json: /tuned/1");
  expectRefused(edited("\"contexts\": [193, 1280]", "\"contexts\": [1280]"),
                ErrorCode::DeviceNumberAbsurd, "gpu.json: /tuned/1/contexts");
  expectRefused(edited("warps = 8\", \"origin\": \"measured\"",
                       "warps = 8\", \"origin\": \"prior\""),
                ErrorCode::DeviceNumberOrigin, "gpu.json: /tuned/0/origin");
}

/// Files of version 1.0 have neither launches nor library prices.
TEST(DeviceSpec, EarlierMinorVersion) {
  std::string text = fileText("rtx-4090.json");
  size_t from = text.find("  \"launches\"");
  text.erase(from, text.find("  \"costs\"") - from);
  text.replace(text.find("\"minor\": 1"), 10, "\"minor\": 0");
  Result<DeviceSpec> device = parseDeviceSpec(text, "gpu.json");
  ASSERT_TRUE(device.ok()) << device.error().message();
  EXPECT_FALSE(device->launches.programmatic.has_value());
}

TEST(DeviceSpec, PrivateKeysAreLeftAlone) {
  Result<DeviceSpec> device = parseDeviceSpec(
      edited("\"sms\":", "\"x-note\": 1, \"sms\":"), "gpu.json");
  EXPECT_TRUE(device.ok()) << device.error().message();
}

TEST(DeviceSpec, OtherFormats) {
  expectRefused(edited("sinter.device", "sinter.plan"),
                ErrorCode::DeviceFileFormat, "gpu.json: /format/id");
  expectRefused(edited("\"major\": 1", "\"major\": 2"),
                ErrorCode::DeviceFileFormat, "gpu.json: /format/major");
  expectRefused(edited("\"minor\": 1", "\"minor\": 9"),
                ErrorCode::DeviceFileFormat, "gpu.json: /format/minor");
  expectRefused(edited("\"name\": \"h200\"", "\"name\": \"../h200\""),
                ErrorCode::DeviceFileFormat, "gpu.json: /name");
  expectRefused("{", ErrorCode::JsonSyntax,
                parseDeviceSpec("{", "gpu.json").error().object);
}

} // namespace
