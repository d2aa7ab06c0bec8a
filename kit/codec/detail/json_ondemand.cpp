#include <kit/codec/detail/json_ondemand.hpp>

#include <algorithm>
#include <bit>
#include <memory>

#include <kit/detail/pool.hpp>

#include <simdjson.h>

namespace kit::json::detail {

namespace ondemand = simdjson::ondemand;

static_assert(padding >= simdjson::SIMDJSON_PADDING);

struct ondemand_walk::workspace {
  ondemand::parser parser;
  padded_copy copy;
  ondemand::document document;
  ondemand::value value;  // the current one, unless it's the root
  bool root = true;
};

namespace {

/// A workspace made for a longer text than this is not kept, in bytes.
constexpr std::size_t longest_kept = 1024 * 1024;

}  // namespace

struct ondemand_walk::workspaces {
  static kit::detail::pool<workspace> all;
};
constinit kit::detail::pool<ondemand_walk::workspace> ondemand_walk::workspaces::all;

ondemand_walk::ondemand_walk() : work_(workspaces::all.take().release()) {}

ondemand_walk::~ondemand_walk() {
  std::unique_ptr<workspace> work(work_);
  work->copy.shrink(longest_kept);
  if (work->parser.capacity() <= longest_kept) workspaces::all.give_back(std::move(work));
}

std::string_view ondemand_walk::copy(std::string_view text) {
  return work_->copy.assign(text);
}

ondemand_walk::status ondemand_walk::open(std::string_view text) {
  work_->root = true;
  // Small parsers grow in steps, large ones are not kept anyway.
  const std::size_t room = text.size() > longest_kept ? text.size() : std::bit_ceil(text.size());
  if (work_->parser.capacity() < text.size() && work_->parser.allocate(room)) {
    return status::no_memory;
  }
  const simdjson::padded_string_view view(text.data(), text.size(), text.size() + padding);
  return work_->parser.iterate(view).get(work_->document) ? status::malformed : status::ok;
}

bool ondemand_walk::take_string() {
  return work_->root || !work_->value.get_raw_json_string().error();
}

bool ondemand_walk::each_element(element_function f, void* context, bool& broken) {
  ondemand::array array;
  broken = true;
  const auto found = work_->root ? work_->document.get_array() : work_->value.get_array();
  if (simdjson::simdjson_result<ondemand::array>(found).get(array)) return false;
  for (auto element : array) {
    ondemand::value v;
    if (std::move(element).get(v)) return false;
    work_->value = v;
    work_->root = false;
    if (!f(context, v.raw_json_token().data())) {
      broken = false;
      return false;
    }
  }
  broken = false;
  work_->root = false;
  return true;
}

bool ondemand_walk::each_member(member_function f, void* context, bool& broken) {
  ondemand::object object;
  broken = true;
  if ((work_->root ? work_->document.get_object() : work_->value.get_object()).get(object)) {
    return false;
  }
  for (auto member : object) {
    ondemand::field field;
    if (std::move(member).get(field)) return false;
    work_->value = field.value();
    work_->root = false;
    if (!f(context, field.key().raw(), work_->value.raw_json_token().data())) {
      broken = false;
      return false;
    }
  }
  broken = false;
  work_->root = false;
  return true;
}

const char* ondemand_walk::position(const char* end) {
  const char* next = end;
  return work_->document.current_location().get(next) ? end : next;
}

bool ondemand_walk::at_end() {
  return work_->document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

}  // namespace kit::json::detail
