//===- OpenDevice.cpp - A device by its name ------------------------------===//

#include "runtime/OpenDevice.h"

#include <string>
#include <utility>

namespace sinter {

Result<std::unique_ptr<Device>> openDevice(std::string_view name,
                                           host::HostOptions options,
                                           cuda::CudaOptions cudaOptions) {
  if (name == "host") {
    SINTER_ASSIGN(std::unique_ptr<Device> device,
                  host::HostDevice::create(std::move(options)));
    return device;
  }
  if (name == "cuda") {
    SINTER_ASSIGN(std::shared_ptr<const cuda::DriverApi> api,
                  cuda::openDriver());
    SINTER_ASSIGN(
        std::unique_ptr<Device> device,
        cuda::CudaDevice::create(std::move(api), std::move(cudaOptions)));
    return device;
  }
  return Error{ErrorCode::BadArgument, "--device", "host or cuda",
               std::string(name), ""};
}

} // namespace sinter
