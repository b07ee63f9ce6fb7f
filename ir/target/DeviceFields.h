//===- DeviceFields.h - Keys of a device file -------------------*- C++ -*-===//
//
// For what reads, writes or compares device files key by key.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_IR_TARGET_DEVICEFIELDS_H
#define SINTER_IR_TARGET_DEVICEFIELDS_H

#include "ir/target/DeviceSpec.h"

namespace sinter::device_fields {

inline constexpr std::string_view formatId = "sinter.device";
inline constexpr uint64_t formatMajor = 1;
inline constexpr uint64_t formatMinor = 2;

/// A key of the section "limits" or "costs" and the range that is sane.
template <typename Member>
struct Field {
  std::string_view key;
  std::string_view unit;
  uint64_t least;
  uint64_t most;
  Member member;
};

inline constexpr uint64_t kibibyte = 1024;
inline constexpr uint64_t gigabyte = 1000000000;

using Limit = Field<DeviceNumber DeviceLimits::*>;
inline constexpr Limit limitFields[] = {
    {"compute_capability", "10*major+minor", 80, 199,
     &DeviceLimits::computeCapability},
    {"sms", "count", 1, 1024, &DeviceLimits::sms},
    {"warp_threads", "threads", 32, 32, &DeviceLimits::warpThreads},
    {"threads_per_block", "threads", 32, 1024, &DeviceLimits::threadsPerBlock},
    {"threads_per_sm", "threads", 32, 4096, &DeviceLimits::threadsPerSm},
    {"blocks_per_sm", "count", 1, 64, &DeviceLimits::blocksPerSm},
    {"registers_per_sm", "registers", 16384, 1 << 20,
     &DeviceLimits::registersPerSm},
    {"registers_per_thread", "registers", 32, 255,
     &DeviceLimits::registersPerThread},
    {"shared_bytes_per_sm", "bytes", 16 * kibibyte, 4096 * kibibyte,
     &DeviceLimits::sharedBytesPerSm},
    {"shared_bytes_per_block", "bytes", 16 * kibibyte, 4096 * kibibyte,
     &DeviceLimits::sharedBytesPerBlock},
    {"shared_bytes_reserved", "bytes", 0, 64 * kibibyte,
     &DeviceLimits::sharedBytesReserved},
    {"l2_bytes", "bytes", 256 * kibibyte, gigabyte, &DeviceLimits::l2Bytes},
    {"memory_bytes", "bytes", gigabyte, 4096 * gigabyte,
     &DeviceLimits::memoryBytes},
};

using Cost = Field<std::optional<DeviceNumber> DeviceCosts::*>;
inline constexpr Cost costFields[] = {
#define SINTER_DEVICE_COST(ENUM, MEMBER, KEY, UNIT, LEAST, MOST)               \
  {KEY, UNIT, LEAST, MOST, &DeviceCosts::MEMBER},
#include "ir/target/DeviceCosts.def"
};

using Launch = Field<std::optional<DeviceNumber> DeviceLaunches::*>;
inline constexpr Launch launchFields[] = {
    {"programmatic", "flag", 0, 1, &DeviceLaunches::programmatic},
    {"clusters", "flag", 0, 1, &DeviceLaunches::clusters},
    {"cooperative", "flag", 0, 1, &DeviceLaunches::cooperative},
};

} // namespace sinter::device_fields

#endif // SINTER_IR_TARGET_DEVICEFIELDS_H
