//===- GenerateBatch.cpp - Several texts at once --------------------------===//

#include "tools/GenerateBatch.h"

#include "tools/PlanEngine.h"

#include <algorithm>
#include <map>

namespace sinter {

namespace {

class Batch {
public:
  Batch(Sequences &sequences, const std::vector<GenerateRequest> &requests)
      : sequences(sequences), requests(requests), texts(requests.size()) {}

  Result<std::vector<BatchText>> run() {
    SINTER_TRY(fill());
    while (sequences.waiting()) {
      SINTER_ASSIGN(std::vector<Sequences::Choice> choices, sequences.step());
      for (const Sequences::Choice &choice : choices) {
        SINTER_TRY(take(choice));
      }
      SINTER_TRY(fill());
    }
    return std::move(texts);
  }

private:
  /// Opens texts while there is room, in their order.
  Status fill() {
    for (; next < requests.size() && running.size() < sequences.most();
         ++next) {
      const GenerateRequest &request = requests[next];
      if (Status status = checkRequest(request, sequences.vocabSize(),
                                       sequences.capacity());
          !status) {
        texts[next].error = status.takeError();
        continue;
      }
      const std::span<const int32_t> prompt = request.prompt;
      // The last id is the text's own: it needs its logits.
      const auto prefix = sequences.findPrefix(prompt.first(prompt.size() - 1));
      const bool reuses = prefix && prefix->alike >= leastReused;
      if ((reuses && prefix->computed < prefix->alike) ||
          !hasPages(request, reuses ? prefix->alike : 0)) {
        break;
      }
      const uint32_t reused = reuses ? prefix->alike : 0;
      SINTER_ASSIGN(SequenceId sequence,
                    reuses ? sequences.open(prefix->sequence, reused)
                           : sequences.open());
      running.emplace(sequence, next);
      texts[next].reused = reused;
      SINTER_TRY(sequences.feed(sequence, prompt.subspan(reused)));
    }
    return Status::success();
  }

  /// Are there pages for a text to its end, beside what the others may still
  /// take? Alone it always has them.
  bool hasPages(const GenerateRequest &request, uint32_t reused) const {
    const std::optional<uint32_t> unused = sequences.unusedPages();
    if (!unused || running.empty()) {
      return true;
    }
    uint64_t wanted = pagesOf(request) - reused / sequences.pageSize();
    for (const auto &[sequence, index] : running) {
      wanted += pagesOf(requests[index]) - sequences.pagesOf(sequence);
    }
    return wanted <= *unused;
  }
  uint64_t pagesOf(const GenerateRequest &request) const {
    const uint64_t positions = request.prompt.size() + request.count;
    return (positions + sequences.pageSize() - 1) / sequences.pageSize();
  }

  Status take(const Sequences::Choice &choice) {
    const size_t index = running.at(choice.sequence);
    const GenerateRequest &request = requests[index];
    Generated &text = texts[index].generated;
    SINTER_ASSIGN(uint32_t length, sequences.length(choice.sequence));
    SINTER_ASSIGN(int32_t id,
                  chooseToken(request, choice.token, length - 1,
                              [&]() -> Result<std::vector<float>> {
                                SINTER_ASSIGN(
                                    std::vector<uint16_t> bits,
                                    sequences.logits(choice.sequence));
                                return widenBf16(bits);
                              }));
    text.ids.push_back(id);
    if (std::find(request.stopIds.begin(), request.stopIds.end(), id) !=
        request.stopIds.end()) {
      text.stoppedBy = id;
    }
    if (text.stoppedBy || text.ids.size() == request.count) {
      running.erase(choice.sequence);
      return sequences.close(choice.sequence);
    }
    return sequences.feed(choice.sequence, std::span(&id, 1));
  }

  Sequences &sequences;
  const std::vector<GenerateRequest> &requests;
  std::vector<BatchText> texts;
  std::map<SequenceId, size_t> running; ///< by number of the request
  size_t next = 0;
};

} // namespace

Result<std::vector<BatchText>>
generateBatch(Sequences &sequences,
              const std::vector<GenerateRequest> &requests) {
  return Batch(sequences, requests).run();
}

} // namespace sinter
