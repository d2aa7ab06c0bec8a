#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kit/http/field.hpp>

namespace kit::http {

/// The header or trailer fields of a message: ordered, multi-valued, names compared without case.
///
/// All names and values lie in one heap block, so that a typical message costs one allocation.
/// Lookup by `field` compares integers, and a field that is absent is found absent at once.
///
/// Errors:   whatever adds or sets throws `errc::invalid_argument`, naming the field, when the name
///           is no token or the value holds CR, LF, NUL or another control character: a response
///           cannot be split through it. Spaces and tabs around a value are dropped. A refused call
///           changes nothing. Names are limited to 65,535 bytes, one message to 65,535 fields and
///           4 GiB.
/// Lifetime: views and iterators are valid until the object is changed, assigned to or moved from.
///           Arguments may point into the object itself.
class headers {
 public:
  struct item {
    std::string_view name;  ///< as it was given or received
    std::string_view value;
    http::field field = http::field::other;
  };
  class iterator;
  using const_iterator = iterator;

  headers() noexcept = default;
  headers(std::initializer_list<std::pair<std::string_view, std::string_view>> fields);
  headers(const headers& other);
  headers(headers&& other) noexcept;
  headers& operator=(const headers& other);
  headers& operator=(headers&& other) noexcept;
  ~headers();

  bool empty() const noexcept { return count_ == 0; }
  /// Number of field lines.
  std::size_t size() const noexcept { return count_; }
  /// Precondition: `index < size()`.
  item operator[](std::size_t index) const noexcept;
  iterator begin() const noexcept;
  iterator end() const noexcept;

  /// The first value, or nothing.
  std::optional<std::string_view> get(field f) const noexcept;
  std::optional<std::string_view> get(std::string_view name) const noexcept;
  /// All values in their order.
  std::vector<std::string_view> get_all(field f) const;
  std::vector<std::string_view> get_all(std::string_view name) const;
  bool contains(field f) const noexcept {
    return f != field::other && (present_[word(f)] & bit(f)) != 0;
  }
  bool contains(std::string_view name) const noexcept;
  /// False when each name is one of `field`'s.
  bool has_other() const noexcept {
    return (present_[word(field::other)] & bit(field::other)) != 0;
  }
  /// How many lines have that name.
  std::size_t count(field f) const noexcept;
  std::size_t count(std::string_view name) const noexcept;
  /// Whether one of the field's comma-separated lists has that member, e.g. `close` in
  /// `Connection`.
  bool has_member(field f, std::string_view member) const noexcept;

  /// Replaces all values of that name; a new name goes to the end. `f` must not be `field::other`.
  headers& set(field f, std::string_view value);
  headers& set(std::string_view name, std::string_view value);
  /// Adds a line at the end and keeps those with the same name. `f` must not be `field::other`.
  headers& add(field f, std::string_view value);
  headers& add(std::string_view name, std::string_view value);
  /// Removes all lines of that name; returns how many there were.
  std::size_t remove(field f) noexcept;
  std::size_t remove(std::string_view name) noexcept;
  void clear() noexcept;

  /// Room for that many further fields with `text_bytes` of names and values together.
  void reserve(std::size_t fields, std::size_t text_bytes);

  /// For parsers: appends `line`, whose first `name_size` bytes are the name and whose bytes from
  /// `value_pos` on are the value. The caller has checked both; `f` is `find_field(name)`.
  void append_line(field f, std::string_view line, std::size_t name_size, std::size_t value_pos);

  void swap(headers& other) noexcept;
  /// Equal when the same fields come in the same order, names compared without case.
  friend bool operator==(const headers& a, const headers& b) noexcept;

 private:
  // The block: text grows up from its start, entries grow down from its end.
  struct entry {
    std::uint32_t name_pos;  // static_name: the field's usual spelling, not stored
    std::uint32_t value_pos;
    std::uint32_t value_size;
    std::uint16_t name_size;
    http::field field;
  };
  static constexpr std::uint32_t static_name = UINT32_MAX;
  static constexpr std::size_t npos = SIZE_MAX;

  static std::size_t word(field f) noexcept { return static_cast<std::size_t>(f) / 64; }
  static std::uint64_t bit(field f) noexcept {
    return std::uint64_t{1} << (static_cast<std::size_t>(f) % 64);
  }
  entry& at(std::size_t index) noexcept;
  const entry& at(std::size_t index) const noexcept;
  std::string_view name_of(const entry& e) const noexcept;
  std::string_view value_of(const entry& e) const noexcept;
  bool matches(const entry& e, field f, std::string_view name) const noexcept;
  std::size_t find(field f, std::string_view name, std::size_t from = 0) const noexcept;

  void put(field f, std::string_view name, std::string_view value, bool replace);
  void replace_value(std::size_t index, std::string_view value);
  void erase(std::size_t index) noexcept;
  std::size_t remove_from(std::size_t index, field f, std::string_view name) noexcept;
  std::size_t free_bytes() const noexcept {
    return capacity_ - text_size_ - count_ * sizeof(entry);
  }
  std::size_t live_text() const noexcept { return text_size_ - garbage_; }
  char* grow(std::size_t more, std::size_t min_capacity);
  void push(const entry& e) noexcept;

  char* block_ = nullptr;
  std::uint32_t capacity_ = 0;  // bytes; a multiple of alignof(entry)
  std::uint32_t text_size_ = 0;
  std::uint32_t garbage_ = 0;  // bytes of text that no entry refers to
  std::uint32_t count_ = 0;
  std::array<std::uint64_t, 2> present_{};  // which well-known fields there are
};

class headers::iterator {
 public:
  using iterator_category = std::input_iterator_tag;  // it yields values, not references
  using iterator_concept = std::random_access_iterator_tag;
  using value_type = item;
  using difference_type = std::ptrdiff_t;
  using reference = item;
  using pointer = void;

  iterator() noexcept = default;
  iterator(const headers& of, std::ptrdiff_t index) noexcept : of_(&of), index_(index) {}

  item operator*() const noexcept { return (*of_)[static_cast<std::size_t>(index_)]; }
  item operator[](difference_type n) const noexcept { return *(*this + n); }
  iterator& operator++() noexcept { return *this += 1; }
  iterator& operator--() noexcept { return *this -= 1; }
  iterator operator++(int) noexcept { return iterator(*of_, index_++); }
  iterator operator--(int) noexcept { return iterator(*of_, index_--); }
  iterator& operator+=(difference_type n) noexcept {
    index_ += n;
    return *this;
  }
  iterator& operator-=(difference_type n) noexcept { return *this += -n; }
  friend iterator operator+(iterator i, difference_type n) noexcept { return i += n; }
  friend iterator operator+(difference_type n, iterator i) noexcept { return i += n; }
  friend iterator operator-(iterator i, difference_type n) noexcept { return i -= n; }
  friend difference_type operator-(iterator a, iterator b) noexcept { return a.index_ - b.index_; }
  friend bool operator==(iterator a, iterator b) noexcept { return a.index_ == b.index_; }
  friend auto operator<=>(iterator a, iterator b) noexcept { return a.index_ <=> b.index_; }

 private:
  const headers* of_ = nullptr;
  std::ptrdiff_t index_ = 0;
};

inline headers::headers(headers&& other) noexcept
    : block_(std::exchange(other.block_, nullptr)),
      capacity_(std::exchange(other.capacity_, 0)),
      text_size_(std::exchange(other.text_size_, 0)),
      garbage_(std::exchange(other.garbage_, 0)),
      count_(std::exchange(other.count_, 0)),
      present_(std::exchange(other.present_, {})) {}

inline headers::iterator headers::begin() const noexcept {
  return {*this, 0};
}
inline headers::iterator headers::end() const noexcept {
  return {*this, static_cast<std::ptrdiff_t>(count_)};
}

}  // namespace kit::http
