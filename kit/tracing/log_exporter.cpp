#include <kit/tracing/log_exporter.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace kit::tracing {
namespace {

constexpr std::array<std::string_view, 11> own_keys = {"level",    "ts",      "msg",       "name",
                                                       "trace_id", "span_id", "parent_id", "kind",
                                                       "took",     "status",  "error"};

// The fields of a record, and the texts that they refer to.
class record {
 public:
  explicit record(const span_data& s) {
    add("name", std::string_view(s.name));
    add_text("trace_id", to_string(s.context.trace_id));
    add_text("span_id", to_string(s.context.span_id));
    if (s.parent.valid()) add_text("parent_id", to_string(s.parent));
    add("kind", name(s.kind));
    add("took", s.length);
    add("status", name(s.status));
    if (!s.status_message.empty()) add("error", std::string_view(s.status_message));
    for (const auto& a : s.attributes)
      add(a);
  }
  record(const record&) = delete;

  const std::vector<log::field>& fields() const noexcept { return fields_; }

 private:
  template <class T>
  void add(std::string_view key, const T& v) {
    fields_.push_back({key, log::value(v)});
  }
  void add_text(std::string_view key, std::string text) {
    add(key, std::string_view(texts_.emplace_back(std::move(text))));
  }
  void add(const attribute& a) {
    std::string_view key = a.key;
    if (std::ranges::find(own_keys, key) != own_keys.end()) {
      key = texts_.emplace_back("attribute." + a.key);
    }
    std::visit(
        [&]<class T>(const T& v) {
          if constexpr (std::is_same_v<T, attribute::list_of_text>) {
            fields_.push_back({key, log::value::json(texts_.emplace_back(to_text(v)))});
          } else {
            add(key, v);
          }
        },
        a.value);
  }

  std::deque<std::string> texts_;
  std::vector<log::field> fields_;
};

}  // namespace

void log_exporter::on_end(const std::shared_ptr<const span_data>& ended) noexcept {
  if (!options_.unsampled && !ended->context.sampled()) return;
  const bool failed = ended->status == span_status::error;
  const auto level = failed ? options_.failed : options_.level;
  if (!log_.enabled(level)) return;
  try {
    log_.at(level, "span", record(*ended).fields());
  } catch (const std::bad_alloc&) {  // lost
  }
}

}  // namespace kit::tracing
