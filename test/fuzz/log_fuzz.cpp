// The encoders of the logger: whatever keys and values are, logfmt is one line that reads back, and
// JSON one valid object.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kit/codec/json.hpp>
#include <kit/codec/utf8.hpp>
#include <kit/log/json.hpp>
#include <kit/log/logger.hpp>

#include "test/fuzz/fuzz.hpp"

namespace {

struct nested {
  std::string text;
  std::vector<std::string> list;
};

struct last_line final : kit::log::sink {
  void write(const kit::log::record& r) override {
    line = r.line;
    ++count;
  }
  std::string line;
  int count = 0;
};

bool is_line(std::string_view text) {
  return text.ends_with('\n') && std::ranges::none_of(text.substr(0, text.size() - 1), [](char c) {
           return static_cast<unsigned char>(c) < 0x20;
         });
}

/// Logs the fields, and a nested value, with that encoder.
std::string log_with(kit::log::encoder encoder, const std::vector<kit::log::field>& fields,
                     std::string_view message) {
  const auto out = std::make_shared<last_line>();
  const kit::log::logger log({.sink = out,
                              .encoder = std::move(encoder),
                              .on_error = [](const kit::error&) { FUZZ_REQUIRE(false); }});
  log.at(kit::log::level::info, message, fields);
  FUZZ_REQUIRE(out->count == 1);
  FUZZ_REQUIRE(is_line(out->line));
  return out->line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  const auto kinds = in.below(256);
  const std::string message(in.until('\0'));
  std::vector<std::string> texts;
  while (!in.empty() && texts.size() < 100)
    texts.emplace_back(in.until('\0'));
  if (texts.size() % 2 != 0) texts.pop_back();

  const nested inner{message, texts};
  std::vector<kit::log::field> fields;
  for (std::size_t i = 0; i < texts.size(); i += 2)
    fields.push_back({texts[i], texts[i + 1]});
  if (kinds & 1) fields.push_back({"nested", inner});
  if (kinds & 2) fields.push_back({message, static_cast<double>(size) / 3});

  const auto line = log_with(kit::log::logfmt, fields, message);
  const auto pairs = kit::log::parse_logfmt(line);
  FUZZ_REQUIRE(pairs.has_value());
  const std::size_t before = message.empty() ? 1 : 2;
  FUZZ_REQUIRE(pairs->size() == before + fields.size());
  for (std::size_t i = 0; i < texts.size() / 2; ++i) {
    const auto& text = texts[2 * i + 1];
    if (kit::is_utf8(text)) FUZZ_REQUIRE((*pairs)[before + i].second == text);
  }

  const auto object = log_with(kit::log::json, fields, message);
  const auto members = kit::json::decode<std::map<std::string, kit::json::raw>>(object);
  FUZZ_REQUIRE(members.has_value());
  FUZZ_REQUIRE(members->size() <= before + fields.size());
  if (const auto found = members->find("level");
      found != members->end() && std::ranges::find(texts, "level") == texts.end()) {
    FUZZ_REQUIRE(message == "level" || found->second.text() == "\"info\"");
  }
  return 0;
}
