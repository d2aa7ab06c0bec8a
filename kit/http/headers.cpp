#include <kit/http/headers.hpp>

#include <algorithm>
#include <cstring>
#include <new>
#include <type_traits>

#include <kit/error.hpp>
#include <kit/http/syntax.hpp>

namespace kit::http {
namespace {

constexpr std::size_t max_name = UINT16_MAX;
constexpr std::size_t max_fields = UINT16_MAX;
constexpr std::size_t max_block = UINT32_MAX / 2;

[[noreturn]] void refuse(std::string_view name, std::string_view why) {
  std::string shown;  // the name may be anything: show only what is harmless in a log
  for (char c : name.substr(0, 64))
    shown += is_token_char(c) ? c : '?';
  throw error(errc::invalid_argument, "header field '" + shown + "': " + std::string(why));
}

void check(std::string_view name, std::string_view value) {
  if (!is_token(name)) refuse(name, "the name is not a token");
  if (name.size() > max_name) refuse(name, "the name is too long");
  if (!is_field_value(value)) refuse(name, "the value holds a control character");
}

void check_value(field f, std::string_view value) {
  if (f == field::other || !is_field_value(value)) check(http::name(f), value);  // refuses
}

void copy_text(char* to, std::string_view text) noexcept {
  if (!text.empty()) std::memmove(to, text.data(), text.size());
}

}  // namespace

headers::headers(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  headers built;  // a throw below must not leak the block
  for (const auto& [name, value] : fields)
    built.add(name, value);
  swap(built);
}

headers::headers(const headers& other) {
  if (other.empty()) return;
  headers built;
  built.reserve(other.count_, other.live_text());
  for (std::size_t i = 0; i < other.count_; ++i) {
    const entry& e = other.at(i);
    const auto stored = e.name_pos == static_name ? std::string_view() : other.name_of(e);
    built.put(e.field, stored, other.value_of(e), false);
  }
  swap(built);
}

headers& headers::operator=(const headers& other) {
  headers copy(other);
  swap(copy);
  return *this;
}

headers& headers::operator=(headers&& other) noexcept {
  headers taken(std::move(other));
  swap(taken);
  return *this;
}

headers::~headers() {
  ::operator delete(block_);
}

void headers::swap(headers& other) noexcept {
  std::swap(block_, other.block_);
  std::swap(capacity_, other.capacity_);
  std::swap(text_size_, other.text_size_);
  std::swap(garbage_, other.garbage_);
  std::swap(count_, other.count_);
  std::swap(present_, other.present_);
}

headers::entry& headers::at(std::size_t index) noexcept {
  return *(std::launder(reinterpret_cast<entry*>(block_ + capacity_)) - 1 - index);
}
const headers::entry& headers::at(std::size_t index) const noexcept {
  return const_cast<headers*>(this)->at(index);
}

std::string_view headers::name_of(const entry& e) const noexcept {
  if (e.name_pos == static_name) return http::name(e.field);
  return {block_ + e.name_pos, e.name_size};
}
std::string_view headers::value_of(const entry& e) const noexcept {
  return {block_ + e.value_pos, e.value_size};
}

headers::item headers::operator[](std::size_t index) const noexcept {
  const entry& e = at(index);
  return {name_of(e), value_of(e), e.field};
}

bool headers::matches(const entry& e, field f, std::string_view name) const noexcept {
  return e.field == f && (f != field::other || iequals(name_of(e), name));
}

std::size_t headers::find(field f, std::string_view name, std::size_t from) const noexcept {
  if ((present_[word(f)] & bit(f)) == 0) return npos;
  for (std::size_t i = from; i < count_; ++i) {
    if (matches(at(i), f, name)) return i;
  }
  return npos;
}

std::optional<std::string_view> headers::get(field f) const noexcept {
  const auto i = f == field::other ? npos : find(f, {});
  if (i == npos) return std::nullopt;
  return value_of(at(i));
}

std::optional<std::string_view> headers::get(std::string_view name) const noexcept {
  const auto i = find(find_field(name), name);
  if (i == npos) return std::nullopt;
  return value_of(at(i));
}

std::vector<std::string_view> headers::get_all(field f) const {
  return get_all(http::name(f));
}

std::vector<std::string_view> headers::get_all(std::string_view name) const {
  std::vector<std::string_view> values;
  const field f = find_field(name);
  for (auto i = find(f, name); i != npos; i = find(f, name, i + 1)) {
    values.push_back(value_of(at(i)));
  }
  return values;
}

bool headers::contains(std::string_view name) const noexcept {
  return find(find_field(name), name) != npos;
}

std::size_t headers::count(field f) const noexcept {
  return count(http::name(f));
}

std::size_t headers::count(std::string_view name) const noexcept {
  std::size_t n = 0;
  const field f = find_field(name);
  for (auto i = find(f, name); i != npos; i = find(f, name, i + 1))
    ++n;
  return n;
}

bool headers::has_member(field f, std::string_view member) const noexcept {
  if (f == field::other) return false;
  for (auto i = find(f, {}); i != npos; i = find(f, {}, i + 1)) {
    if (list_contains(value_of(at(i)), member)) return true;
  }
  return false;
}

headers& headers::set(field f, std::string_view value) {
  check_value(f, value);
  put(f, {}, trim_ows(value), true);
  return *this;
}

headers& headers::set(std::string_view name, std::string_view value) {
  check(name, value);
  put(find_field(name), name, trim_ows(value), true);
  return *this;
}

headers& headers::add(field f, std::string_view value) {
  check_value(f, value);
  put(f, {}, trim_ows(value), false);
  return *this;
}

headers& headers::add(std::string_view name, std::string_view value) {
  check(name, value);
  put(find_field(name), name, trim_ows(value), false);
  return *this;
}

// An empty name stands for the usual spelling of a well-known field. Arguments may point into the
// block: it is freed only after they were copied.
void headers::put(field f, std::string_view name, std::string_view value, bool replace) {
  if (const auto found = replace ? find(f, name) : npos; found != npos) {
    remove_from(find(f, name, found + 1), f, name);  // moves no text
    return replace_value(found, value);
  }
  if (count_ >= max_fields) refuse(name, "too many fields");
  const std::size_t text = name.size() + value.size();
  char* old = text + sizeof(entry) > free_bytes() ? grow(text + sizeof(entry), 0) : nullptr;
  entry e{static_name, text_size_, static_cast<std::uint32_t>(value.size()), 0, f};
  if (!name.empty()) {
    e.name_pos = text_size_;
    e.name_size = static_cast<std::uint16_t>(name.size());
    e.value_pos += e.name_size;
    copy_text(block_ + e.name_pos, name);
  }
  copy_text(block_ + e.value_pos, value);
  text_size_ += static_cast<std::uint32_t>(text);
  push(e);
  ::operator delete(old);
}

void headers::push(const entry& e) noexcept {
  ++count_;
  ::new (static_cast<void*>(block_ + capacity_ - count_ * sizeof(entry))) entry(e);
  present_[word(e.field)] |= bit(e.field);
}

void headers::append_line(field f, std::string_view line, std::size_t name_size,
                          std::size_t value_pos) {
  if (count_ >= max_fields || name_size > max_name) refuse(line.substr(0, name_size), "too large");
  if (line.size() + sizeof(entry) > free_bytes()) {
    ::operator delete(grow(line.size() + sizeof(entry), 256));
  }
  std::memcpy(block_ + text_size_, line.data(), line.size());
  push({text_size_, text_size_ + static_cast<std::uint32_t>(value_pos),
        static_cast<std::uint32_t>(line.size() - value_pos), static_cast<std::uint16_t>(name_size),
        f});
  text_size_ += static_cast<std::uint32_t>(line.size());
}

void headers::replace_value(std::size_t index, std::string_view value) {
  if (const entry& e = at(index); value.size() <= e.value_size) {
    copy_text(block_ + e.value_pos, value);
    garbage_ += e.value_size - static_cast<std::uint32_t>(value.size());
    at(index).value_size = static_cast<std::uint32_t>(value.size());
    return;
  }
  char* old = value.size() > free_bytes() ? grow(value.size(), 0) : nullptr;
  entry& e = at(index);
  copy_text(block_ + text_size_, value);
  garbage_ += e.value_size;
  e.value_pos = text_size_;
  e.value_size = static_cast<std::uint32_t>(value.size());
  text_size_ += e.value_size;
  ::operator delete(old);
}

// Moves to a new block with `more` free bytes and without garbage; returns the old one, for the
// caller to free when its arguments are copied.
char* headers::grow(std::size_t more, std::size_t min_capacity) {
  const std::size_t used = live_text() + count_ * sizeof(entry);
  if (more > max_block || used > max_block - more) {
    throw error(errc::invalid_argument, "header fields are too large");
  }
  std::size_t capacity = std::max({used + more, min_capacity, count_ == 0 ? 0 : 2 * used});
  capacity = (capacity + sizeof(entry) - 1) / sizeof(entry) * sizeof(entry);
  if (block_ == nullptr) {
    block_ = static_cast<char*>(::operator new(capacity));
    capacity_ = static_cast<std::uint32_t>(capacity);
    return nullptr;
  }
  headers bigger;
  bigger.block_ = static_cast<char*>(::operator new(capacity));
  bigger.capacity_ = static_cast<std::uint32_t>(capacity);
  for (std::size_t i = 0; i < count_; ++i) {
    entry e = at(i);
    if (e.name_pos != static_name) {
      copy_text(bigger.block_ + bigger.text_size_, name_of(e));
      e.name_pos = bigger.text_size_;
      bigger.text_size_ += e.name_size;
    }
    copy_text(bigger.block_ + bigger.text_size_, value_of(e));
    e.value_pos = bigger.text_size_;
    bigger.text_size_ += e.value_size;
    bigger.push(e);
  }
  swap(bigger);
  return std::exchange(bigger.block_, nullptr);
}

void headers::reserve(std::size_t fields, std::size_t text_bytes) {
  if (fields > max_fields || text_bytes > max_block) refuse({}, "too large a reservation");
  const std::size_t more = fields * sizeof(entry) + text_bytes;
  if (more > free_bytes()) ::operator delete(grow(more, 0));
}

void headers::erase(std::size_t index) noexcept {
  const entry& e = at(index);
  garbage_ += e.value_size + e.name_size;
  for (std::size_t i = index; i + 1 < count_; ++i)
    at(i) = at(i + 1);
  --count_;
  if (count_ == 0) text_size_ = garbage_ = 0;
}

std::size_t headers::remove_from(std::size_t index, field f, std::string_view name) noexcept {
  std::size_t removed = 0;
  for (; index != npos; index = find(f, name, index)) {
    erase(index);
    ++removed;
  }
  return removed;
}

std::size_t headers::remove(field f) noexcept {
  if (f == field::other) return 0;
  const auto removed = remove_from(find(f, {}), f, {});
  present_[word(f)] &= ~bit(f);
  return removed;
}

std::size_t headers::remove(std::string_view name) noexcept {
  if (const field f = find_field(name); f != field::other) return remove(f);
  return remove_from(find(field::other, name), field::other, name);
}

void headers::clear() noexcept {
  text_size_ = garbage_ = count_ = 0;
  present_ = {};
}

bool operator==(const headers& a, const headers& b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.field == y.field && x.value == y.value && iequals(x.name, y.name);
  });
}

}  // namespace kit::http
