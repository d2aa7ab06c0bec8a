#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace kit {

/// What a field's constraints come to, for documents of it such as JSON Schema. Made by the
/// constraints' `describe`; of several limits the tightest is kept.
struct constraint_facts {
  struct number {
    long double value = 0;
    std::string text;
  };
  struct constant {
    std::string text;
    bool is_text = true;  ///< else a number

    friend bool operator==(const constant&, const constant&) = default;
  };

  /// Of numbers; the value itself is allowed in the first two, and not in the others.
  std::optional<number> minimum, maximum, above, below;
  /// Each one.
  std::vector<number> multiples_of;
  /// Of texts in code points, of containers and maps in elements, of bytes in bytes.
  std::optional<std::size_t> min_size, max_size;
  /// Regular expressions that all of a text matches.
  std::vector<std::string> patterns;
  /// The only values there can be.
  std::optional<std::vector<constant>> values;
  bool unique_items = false;
  /// An optional or a pointer holds a value.
  bool present = false;
  /// The field has to be in the message: what is there without it breaks its constraints.
  bool required = false;
  /// Its values are not to be shown.
  bool secret = false;
  /// Of the elements, and of a map's keys: none or one.
  std::vector<constraint_facts> each, keys;

  void add_minimum(number n);
  void add_maximum(number n);
  void add_above(number n);
  void add_below(number n);
  void add_min_size(std::size_t n);
  void add_max_size(std::size_t n);
  /// Keeps those that are in both.
  void add_values(std::vector<constant> all);
};

}  // namespace kit
