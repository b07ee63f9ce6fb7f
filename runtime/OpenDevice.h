//===- OpenDevice.h - A device by its name ----------------------*- C++ -*-===//

#ifndef SINTER_RUNTIME_OPENDEVICE_H
#define SINTER_RUNTIME_OPENDEVICE_H

#include "runtime/Device.h"
#include "runtime/cuda/CudaDevice.h"
#include "runtime/host/HostDevice.h"

#include <memory>
#include <string_view>

namespace sinter {

/// "host" or "cuda", with its options. SIN1003 for any other name; else as
/// HostDevice::create, openDriver and CudaDevice::create.
Result<std::unique_ptr<Device>> openDevice(std::string_view name,
                                           host::HostOptions options,
                                           cuda::CudaOptions cudaOptions = {});

} // namespace sinter

#endif // SINTER_RUNTIME_OPENDEVICE_H
