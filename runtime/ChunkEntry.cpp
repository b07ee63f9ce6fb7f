//===- ChunkEntry.cpp - An entry of many tokens of one sequence -----------===//

#include "runtime/ChunkEntry.h"

#include "runtime/format/Bindings.h"

#include <algorithm>

namespace sinter {

using namespace format;

std::vector<size_t> ChunkEntry::find(const Plan &plan, const Entry &decode,
                                     std::string_view phase) {
  std::vector<size_t> found;
  for (size_t i = 0; i < plan.entries.size(); ++i) {
    const Workload &load = plan.entries[i].workload;
    if (load.phase == phase && load.batch == 1 &&
        load.maxContext == decode.workload.maxContext) {
      found.push_back(i);
    }
  }
  std::sort(found.begin(), found.end(), [&](size_t a, size_t b) {
    return std::pair(plan.entries[a].workload.tokens, a) <
           std::pair(plan.entries[b].workload.tokens, b);
  });
  return found;
}

Result<ChunkEntry> ChunkEntry::create(Session &session, size_t entry,
                                      uint32_t sequences) {
  ChunkEntry made(session, entry);
  const Entry &planned = made.planned();
  made.ids = boundValue(planned.inputs, "ids");
  made.positions = boundValue(planned.inputs, "positions");
  made.rows = boundValue(planned.inputs, "rows");
  made.pages = boundValue(planned.inputs, "pages");
  made.numbers.reserve(planned.workload.tokens);
  const uint32_t programs =
      made.pages.empty() ? sequences : std::min(sequences, 1u);
  for (uint32_t s = 0; s < programs; ++s) {
    SINTER_ASSIGN(ProgramId program,
                  session.prepareProgram(entry, planned.mode, {.sequence = s}));
    made.programs.push_back(program);
  }
  return made;
}

Status ChunkEntry::write(std::span<const int32_t> given, uint32_t position) {
  auto upload = [&](const std::string &value) {
    return session->write(value, std::as_bytes(std::span(numbers)));
  };
  numbers.assign(given.begin(), given.end());
  numbers.resize(tokens(), given.back()); // any id of the vocabulary
  SINTER_TRY(upload(ids));
  for (uint32_t row = 0; row < tokens(); ++row) {
    numbers[row] = static_cast<int32_t>(position + row);
  }
  SINTER_TRY(upload(positions));
  if (rows.empty()) {
    return Status::success();
  }
  numbers.assign(1, static_cast<int32_t>(given.size() - 1));
  return upload(rows);
}

Status ChunkEntry::run(std::span<const int32_t> given, uint32_t position,
                       uint32_t sequence) {
  SINTER_TRY(write(given, position));
  return session->device().run(programs[sequence]);
}

Status ChunkEntry::run(std::span<const int32_t> given, uint32_t position,
                       std::span<const int32_t> line) {
  SINTER_TRY(session->write(pages, std::as_bytes(line)));
  return run(given, position, 0);
}

std::string ChunkEntry::output(std::string_view role) const {
  return boundValue(planned().outputs, role);
}

} // namespace sinter
