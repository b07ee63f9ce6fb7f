//===- WriteDeviceSpec.cpp - The text of a device file --------------------===//

#include "ir/target/DeviceFields.h"
#include "runtime/format/StrictJson.h"

namespace sinter {

using namespace device_fields;

namespace {

void writeNumber(JsonWriter &writer, std::string_view key,
                 const DeviceNumber &number, std::string_view unit) {
  writer.key(key);
  writer.beginObject(JsonWriter::Line::One);
  writer.member("value", number.value);
  writer.member("unit", unit);
  writer.member("origin", originName(number.origin));
  writer.member("source", number.source);
  writer.endObject();
}

void writeOptional(JsonWriter &writer, const auto &fields,
                   const auto &section) {
  for (const auto &field : fields) {
    if (const std::optional<DeviceNumber> &number = section.*field.member) {
      writeNumber(writer, field.key, *number, field.unit);
    }
  }
}

void writePrice(JsonWriter &writer, const LibraryPrice &price) {
  writer.beginObject(JsonWriter::Line::One);
  writer.member("m", price.m);
  writer.member("n", price.n);
  writer.member("k", price.k);
  writer.member("dtype", price.dtype);
  writer.member("ps", price.picoseconds);
  writer.member("best_ps", price.bestPicoseconds);
  if (!price.algorithm.empty()) {
    writer.member("algorithm", price.algorithm);
    writer.member("library", price.version);
  }
  writer.member("origin", originName(price.origin));
  writer.member("source", price.source);
  writer.endObject();
}

void writeTuned(JsonWriter &writer, const TunedConfig &tuned) {
  writer.beginObject(JsonWriter::Line::One);
  writer.member("family", tuned.family);
  writer.member("group", tuned.group);
  writer.key("contexts");
  writer.beginArray(JsonWriter::Line::One);
  writer.value(tuned.fromContext);
  writer.value(tuned.toContext);
  writer.endArray();
  writer.member("config", tuned.config);
  writer.member("origin", originName(tuned.origin));
  writer.member("source", tuned.source);
  writer.endObject();
}

} // namespace

std::string writeDeviceSpec(const DeviceSpec &device) {
  JsonWriter writer;
  writer.beginObject();
  writer.key("format");
  writer.beginObject(JsonWriter::Line::One);
  writer.member("id", formatId);
  writer.member("major", formatMajor);
  writer.member("minor", formatMinor);
  writer.endObject();
  writer.member("name", device.name);
  writer.member("title", device.title);
  writer.key("limits");
  writer.beginObject();
  for (const Limit &field : limitFields) {
    writeNumber(writer, field.key, device.limits.*field.member, field.unit);
  }
  writer.endObject();
  writer.key("launches");
  writer.beginObject();
  writeOptional(writer, launchFields, device.launches);
  writer.endObject();
  writer.key("costs");
  writer.beginObject();
  writeOptional(writer, costFields, device.costs);
  writer.endObject();
  writer.key("library");
  writer.beginArray();
  for (const LibraryPrice &price : device.library) {
    writePrice(writer, price);
  }
  writer.endArray();
  if (!device.tuned.empty()) {
    writer.key("tuned");
    writer.beginArray();
    for (const TunedConfig &tuned : device.tuned) {
      writeTuned(writer, tuned);
    }
    writer.endArray();
  }
  writer.endObject();
  return writer.take();
}

} // namespace sinter
