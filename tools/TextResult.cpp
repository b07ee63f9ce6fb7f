//===- TextResult.cpp - A generated text, as it is printed ----------------===//

#include "tools/TextResult.h"

#include "runtime/format/StrictJson.h"

#include <algorithm>

namespace sinter {

uint32_t tokenCount(const RunOptions &options, uint32_t capacity,
                    size_t promptLength) {
  if (options.count) {
    return *options.count;
  }
  const size_t room = capacity - std::min<size_t>(capacity, promptLength) + 1;
  return static_cast<uint32_t>(std::min<size_t>(room, defaultCount));
}

GenerateRequest requestOf(const RunOptions &options, const Prompt &prompt,
                          uint32_t count, uint32_t vocabSize) {
  GenerateRequest request;
  request.prompt = prompt.ids;
  request.count = count;
  request.stopIds = prompt.endIds;
  request.seed = options.model.seed;
  request.sampling.temperature = options.temperature;
  request.sampling.topK = options.topK;
  request.sampling.topP = options.topP;
  if (prompt.isText) {
    // A vocabulary padded beyond the tokenizer has ids that no text can hold.
    request.sampling.limit = static_cast<uint32_t>(
        std::min<int64_t>(prompt.tokenizer->idLimit(), vocabSize));
  }
  return request;
}

/// The ids of a text that ended, without the end token.
static std::vector<int32_t> shownIds(const Generated &generated) {
  std::vector<int32_t> ids = generated.ids;
  if (generated.stoppedBy) {
    ids.pop_back();
  }
  return ids;
}

std::string jsonResult(const Prompt &prompt, const Generated &generated) {
  JsonWriter writer;
  auto list = [&](const char *name, const std::vector<int32_t> &ids) {
    writer.key(name);
    writer.beginArray(JsonWriter::Line::One);
    for (int32_t id : ids) {
      writer.value(id);
    }
    writer.endArray();
  };
  writer.beginObject(JsonWriter::Line::One);
  list("prompt_ids", prompt.ids);
  list("ids", generated.ids);
  writer.key("text");
  if (prompt.tokenizer) {
    writer.value(prompt.tokenizer->decode(shownIds(generated), true));
  } else {
    writer.null();
  }
  writer.key("stopped_by");
  if (generated.stoppedBy) {
    writer.value(*generated.stoppedBy);
  } else {
    writer.null();
  }
  writer.endObject();
  return writer.take();
}

} // namespace sinter
