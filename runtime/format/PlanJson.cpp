//===- PlanJson.cpp - plan.json <-> Plan ----------------------------------===//
//
// The reader and the writer both walk the lists of PlanFields.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/format/PlanJson.h"

#include "runtime/format/PlanFields.h"
#include "runtime/format/PlanWords.h"
#include "runtime/format/StrictJson.h"

namespace sinter {

namespace format {

std::span<const std::string_view> words(OperandClass) {
  static constexpr std::string_view list[] = {"weight", "cache", "activation",
                                              "io", "workspace"};
  return list;
}
std::span<const std::string_view> words(Access) {
  static constexpr std::string_view list[] = {"in", "inout", "out"};
  return list;
}
std::span<const std::string_view> words(StepKind) {
  static constexpr std::string_view list[] = {"launch", "library", "copy"};
  return list;
}
std::span<const std::string_view> words(PackLayout) {
  static constexpr std::string_view list[] = {"concat", "interleave"};
  return list;
}
std::span<const std::string_view> words(GemmEpilogue) {
  static constexpr std::string_view list[] = {"none", "bias"};
  return list;
}
std::span<const std::string_view> words(LaunchMode) {
  static constexpr std::string_view list[] = {"stream", "graph", "pdl"};
  return list;
}

} // namespace format

namespace {

using namespace format;

template <typename T>
concept Struct = std::is_class_v<T> && requires(T x) { x == x; } &&
                 !std::same_as<T, std::string>;

/// Structs that span several lines.
template <typename T>
constexpr bool tall = std::same_as<T, Plan> || std::same_as<T, ProducedBy> ||
                      std::same_as<T, Requires> || std::same_as<T, Model> ||
                      std::same_as<T, Kernel> || std::same_as<T, Entry>;

/// Lists that stand on one line.
template <typename T>
constexpr bool flat = !std::is_class_v<T> || std::same_as<T, std::string> ||
                      std::same_as<T, ParamTraffic> || std::same_as<T, Cubin> ||
                      std::same_as<T, PackPart>;

class Writer {
public:
  explicit Writer(JsonWriter &json) : json(json) {}

  template <typename T>
  void operator()(std::string_view key, const T &field) {
    json.key(key);
    write(field);
  }
  template <typename T>
  void operator()(std::string_view key, const std::optional<T> &field) {
    if (field) {
      (*this)(key, *field);
    }
  }

  /// Left out where it says what is meant without it.
  template <typename T>
  void orDefault(std::string_view key, const T &field, const T &byDefault) {
    if (field != byDefault) {
      (*this)(key, field);
    }
  }

  void write(const std::string &text) { json.value(text); }
  void write(bool flag) { json.value(flag); }
  void write(uint32_t number) { json.value(number); }
  void write(uint64_t number) { json.value(number); }
  void write(DType dtype) { json.value(dtypeName(dtype)); }
  template <typename E>
    requires std::is_enum_v<E>
  void write(E value) {
    json.value(word(value));
  }
  template <typename T>
  void write(const std::vector<T> &list) {
    writeList<T>(list);
  }
  template <typename T, size_t N>
  void write(const std::array<T, N> &list) {
    writeList<T>(list);
  }
  template <Struct T>
  void write(const T &value) {
    json.beginObject(tall<T> ? JsonWriter::Line::Many : JsonWriter::Line::One);
    fields(*this, value);
    json.endObject();
  }

private:
  template <typename T>
  void writeList(std::span<const T> list) {
    json.beginArray(flat<T> ? JsonWriter::Line::One : JsonWriter::Line::Many);
    for (const T &item : list) {
      write(item);
    }
    json.endArray();
  }

  JsonWriter &json;
};

Status read(JsonValue at, std::string &text) {
  SINTER_ASSIGN(std::string_view view, at.asString());
  text = view;
  return Status::success();
}
Status read(JsonValue at, bool &flag) {
  SINTER_ASSIGN(flag, at.asBool());
  return Status::success();
}
Status read(JsonValue at, uint32_t &number) {
  SINTER_ASSIGN(uint64_t wide, at.asUnsigned(0, UINT32_MAX));
  number = static_cast<uint32_t>(wide);
  return Status::success();
}
Status read(JsonValue at, uint64_t &number) {
  SINTER_ASSIGN(number, at.asUnsigned());
  return Status::success();
}

Error unknownWord(JsonValue at, std::span<const std::string_view> known) {
  std::string list;
  for (std::string_view item : known) {
    list += list.empty() ? "" : ", ";
    list += item;
  }
  return at.error(ErrorCode::PlanWord, "one of " + list);
}

Status read(JsonValue at, DType &dtype) {
  SINTER_ASSIGN(std::string_view text, at.asString());
  std::optional<DType> found = dtypeFromName(text);
  if (!found) {
    static constexpr std::string_view known[] = {"bf16", "f16", "f32", "i32",
                                                 "u32",  "u8",  "i64"};
    return unknownWord(at, known);
  }
  dtype = *found;
  return Status::success();
}
template <typename E>
  requires std::is_enum_v<E>
Status read(JsonValue at, E &value) {
  SINTER_ASSIGN(std::string_view text, at.asString());
  std::span<const std::string_view> known = words(E());
  for (size_t i = 0; i < known.size(); ++i) {
    if (known[i] == text) {
      value = static_cast<E>(i);
      return Status::success();
    }
  }
  return unknownWord(at, known);
}

template <Struct T>
Status read(JsonValue at, T &value);

template <typename T>
Status read(JsonValue at, std::vector<T> &list) {
  SINTER_ASSIGN(JsonElements elements, at.asArray());
  list.reserve(elements.size());
  for (JsonValue element : elements) {
    SINTER_TRY(read(element, list.emplace_back()));
  }
  return Status::success();
}
template <typename T, size_t N>
Status read(JsonValue at, std::array<T, N> &list) {
  SINTER_ASSIGN(JsonElements elements, at.asArray());
  if (elements.size() != N) {
    return at.error(ErrorCode::JsonWrongType,
                    "an array of " + std::to_string(N));
  }
  for (size_t i = 0; i < N; ++i) {
    SINTER_TRY(read(elements[i], list[i]));
  }
  return Status::success();
}

/// Reads the members of one object and remembers their keys.
class Reader {
public:
  explicit Reader(JsonValue at) : at(at) {}

  template <typename T>
  void operator()(std::string_view key, T &field) {
    known.push_back(key);
    if (!status) {
      return;
    }
    if (std::optional<JsonValue> member = at.find(key)) {
      status = read(*member, field);
    } else {
      status = at.get(key).takeError();
    }
  }
  template <typename T>
  void operator()(std::string_view key, std::optional<T> &field) {
    known.push_back(key);
    std::optional<JsonValue> member = at.find(key);
    if (status && member) {
      status = read(*member, field.emplace());
    }
  }
  template <typename T>
  void orDefault(std::string_view key, T &field, const T &byDefault) {
    std::optional<T> member;
    (*this)(key, member);
    field = member.value_or(byDefault);
  }

  Status finish() {
    SINTER_TRY(std::move(status));
    return at.onlyKeys(known);
  }

private:
  JsonValue at;
  std::vector<std::string_view> known;
  Status status;
};

template <Struct T>
Status read(JsonValue at, T &value) {
  SINTER_TRY(at.asObject());
  Reader reader(at);
  fields(reader, value);
  return reader.finish();
}

/// Before anything else is believed: another format may have any shape.
Status checkFormat(JsonValue root) {
  auto refuse = [&](std::string found) {
    return Error{ErrorCode::PlanFormat, root.object(), formatText(),
                 std::move(found), "compile the plan again with this Sinter"};
  };
  std::optional<JsonValue> found = root.find("format");
  if (!found) {
    return refuse("no format");
  }
  SINTER_ASSIGN(std::string_view id, found->getString("id"));
  if (id != formatId) {
    return refuse("the format " + quoteJson(id.substr(0, 64)));
  }
  SINTER_ASSIGN(uint64_t major, found->getUnsigned("major"));
  SINTER_ASSIGN(uint64_t minor, found->getUnsigned("minor"));
  if (!isReadable(major, minor)) {
    return refuse(std::to_string(major) + "." + std::to_string(minor));
  }
  return Status::success();
}

} // namespace

std::string writePlanJson(const Plan &plan) {
  JsonWriter json;
  Writer(json).write(plan);
  return json.take();
}

Result<Plan> readPlanJson(std::string_view text, std::string_view name) {
  SINTER_ASSIGN(JsonDocument document, JsonDocument::parse(text, name));
  SINTER_TRY(checkFormat(document.root()));
  Plan plan;
  SINTER_TRY(read(document.root(), plan));
  return plan;
}

} // namespace sinter
