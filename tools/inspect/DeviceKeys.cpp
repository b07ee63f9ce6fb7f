//===- DeviceKeys.cpp - Numbers of a device file that decide --------------===//

#include "tools/inspect/DeviceKeys.h"

#include "ir/decoder/Decoder.h"
#include "ir/target/DeviceFields.h"
#include "ir/target/LibraryPrices.h"
#include "passes/planning/PhaseWork.h"

#include <algorithm>

namespace sinter {

namespace {

void addCosts(const DeviceSpec &device, std::vector<DeviceKey> &keys) {
  for (CostConstant constant : allCostConstants()) {
    if (!device.cost(constant)) {
      continue;
    }
    auto [least, most] = costRange(constant);
    for (auto [small, large] : costOrders()) {
      if (small == constant && device.cost(large)) {
        most = std::min(most, device.cost(large)->value);
      }
      if (large == constant && device.cost(small)) {
        least = std::max(least, device.cost(small)->value);
      }
    }
    keys.push_back(
        {"costs/" + std::string(constantKey(constant)),
         std::string(constantUnit(constant)), least, most,
         [constant](const DeviceSpec &of) { return of.cost(constant)->value; },
         [constant](DeviceSpec &of, uint64_t value) {
           costOf(of.costs, constant)->value = value;
         }});
  }
}

void addLimits(const DeviceSpec &device, std::vector<DeviceKey> &keys) {
  const DeviceLimits &limits = device.limits;
  for (const device_fields::Limit &field : device_fields::limitFields) {
    const auto member = field.member;
    uint64_t most = field.most;
    if (member == &DeviceLimits::sharedBytesPerBlock) {
      most = std::min(most, limits.sharedBytesPerSm.value);
    } else if (member == &DeviceLimits::l2Bytes) {
      most = std::min(most, limits.memoryBytes.value);
    } else if (member != &DeviceLimits::registersPerSm) {
      continue;
    }
    keys.push_back(
        {"limits/" + std::string(field.key), std::string(field.unit),
         field.least, most,
         [member](const DeviceSpec &of) { return (of.limits.*member).value; },
         [member](DeviceSpec &of, uint64_t value) {
           (of.limits.*member).value = value;
         }});
  }
}

void addLaunches(const DeviceSpec &device, std::vector<DeviceKey> &keys) {
  // The flag came with compute capability 9.0.
  if (device.launches.programmatic &&
      device.limits.computeCapability.value >= 90) {
    keys.push_back(
        {"launches/programmatic", "flag", 0, 1,
         [](const DeviceSpec &of) { return of.launches.programmatic->value; },
         [](DeviceSpec &of, uint64_t value) {
           of.launches.programmatic->value = value;
         }});
  }
}

/// The price that the planner takes: of the pinned algorithm (best_ps), or of
/// the one that the library picks (ps).
void addLibrary(const DeviceSpec &device, decoder::LinearOp linear,
                std::vector<DeviceKey> &keys) {
  const auto call = planning::libraryCallFor(linear);
  if (!call) {
    return;
  }
  const bool best = pinnedPrice(device, call->m, call->n, call->k,
                                linear.getBias() != nullptr) != nullptr;
  for (size_t i = 0; i < device.library.size(); ++i) {
    const LibraryPrice &listed = device.library[i];
    if (listed.m != call->m || listed.n != call->n || listed.k != call->k) {
      continue;
    }
    keys.push_back(
        {"library/ps and best_ps of m = " + std::to_string(listed.m) +
             ", n = " + std::to_string(listed.n) +
             ", k = " + std::to_string(listed.k),
         "ps", 1, 1000000000000,
         [best, i](const DeviceSpec &of) {
           return best ? of.library[i].bestPicoseconds
                       : of.library[i].picoseconds;
         },
         [best, i](DeviceSpec &of, uint64_t value) {
           // The best candidate is never the dearer one.
           LibraryPrice &price = of.library[i];
           price.picoseconds =
               best ? std::max(price.picoseconds, value) : value;
           price.bestPicoseconds =
               best ? value : std::min(price.bestPicoseconds, value);
         }});
  }
}

} // namespace

std::vector<DeviceKey> deviceKeys(const DeviceSpec &device,
                                  mlir::Operation *op) {
  std::vector<DeviceKey> keys;
  addCosts(device, keys);
  addLimits(device, keys);
  addLaunches(device, keys);
  if (auto linear = mlir::dyn_cast<decoder::LinearOp>(op)) {
    addLibrary(device, linear, keys);
  }
  return keys;
}

} // namespace sinter
