#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <kit/codec/detail/protobuf_fields.hpp>
#include <kit/codec/detail/type_kinds.hpp>

/// Repeated fields and maps: internal to the codec.
namespace kit::protobuf::detail {

/// Calls `f(element, index) -> bool` from the last element to the first, where the container can do
/// that.
template <class C, class F>
bool each_backwards(const C& v, F f) {
  const auto visit = [&](auto first, auto last, std::size_t i, std::size_t step) {
    for (; first != last; ++first, i += step) {
      if (!f(*first, i)) return false;
    }
    return true;
  };
  if constexpr (requires { v.rbegin(); }) {
    return visit(v.rbegin(), v.rend(), v.size() - 1, SIZE_MAX);
  } else {
    return visit(v.begin(), v.end(), 0, 1);
  }
}

/// Makes room for as many messages as follow each other, up to 64 KiB: copies of large structs are
/// dear, and a claim is cheap.
template <std::uint32_t Tag, class M>
void reserve_run(const reader& r, M& v) {
  if constexpr (requires { v.reserve(v.capacity()); }) {
    if (v.size() != v.capacity()) return;
    constexpr std::size_t most = std::max<std::size_t>(4, 65536 / sizeof(typename M::value_type));
    constexpr std::string_view tag(tag_bytes<Tag>.data(), tag_bytes<Tag>.size());
    const std::size_t n = r.count_run(tag, most);
    if (n > 1) v.reserve(std::max(v.size() + n, 2 * v.capacity()));
  }
}

template <many M, integer_form Form, std::uint32_t Number>
struct field<M, Form, Number> {
  using element = std::remove_const_t<typename M::value_type>;
  using one = value<element, Form>;
  static constexpr std::uint32_t tag = make_tag(Number, wire::delimited);
  static constexpr std::uint32_t other_tag = make_tag(Number, one::type);

  static bool write(writer& w, const M& v) {
    if (v.begin() == v.end()) return true;
    const std::size_t before = w.size();
    const bool ok = each_backwards(v, [&](const element& e, std::size_t i) {
      if (!one::write(w, e)) return w.in_element(i);
      if constexpr (!one::packable) w.template put_tag<tag>();
      return true;
    });
    if (!ok) return false;
    if constexpr (one::packable) {
      w.put_varint(w.size() - before);
      w.template put_tag<tag>();
    }
    return true;
  }

  static bool read(reader& r, M& v, std::uint32_t which) {
    static_assert(
        requires { v.clear(); } && requires(element& e) { one::read(r, e); },
        "kit::protobuf can only encode this type: views own no elements");
    if constexpr (one::packable) {
      if (which != tag) return read_element(r, v);
      reserve_packed(r, v);
      return r.read_packed([&] { return read_element(r, v); });
    } else {
      reserve_run<tag>(r, v);
      do {
        if (!read_element(r, v)) return false;
      } while (r.take_tag<tag>());
      return true;
    }
  }

 private:
  static bool read_element(reader& r, M& v) {
    if constexpr (codec_detail::set<M>) {
      element e{};
      clear(e);
      if (!one::read(r, e)) return false;
      v.insert(std::move(e));
      return true;
    } else if constexpr (requires {
                           { v.emplace_back() } -> std::same_as<element&>;
                         }) {
      element& e = v.emplace_back();
      if constexpr (!one::packable) clear(e);
      return one::read(r, e) || r.in_element(v.size() - 1);
    } else {
      element e{};  // of a vector<bool>
      if (!one::read(r, e)) return r.in_element(v.size());
      v.push_back(e);
      return true;
    }
  }
  static void reserve_packed(const reader& r, M& v) {
    if constexpr (one::type != wire::varint && requires { v.reserve(v.capacity()); }) {
      // The length is checked when the elements are read.
      const std::size_t n = r.count_packed(sizeof(std::uint32_t) << (one::type == wire::fixed64));
      if (v.capacity() - v.size() < n) v.reserve(std::max(v.size() + n, 2 * v.capacity()));
    }
  }
};

template <many_entries M, integer_form Form, std::uint32_t Number>
struct field<M, Form, Number> {
  using key_type = typename M::key_type;
  using mapped_type = typename M::mapped_type;
  using key = value<key_type, Form>;
  using mapped = value<mapped_type, Form>;
  static_assert(codec_detail::integer<key_type> || std::same_as<key_type, bool> ||
                    std::same_as<key_type, std::string>,
                "kit::protobuf: keys of a map are integers, bool or strings");
  static constexpr std::uint32_t tag = make_tag(Number, wire::delimited);
  static constexpr std::uint32_t other_tag = tag;
  static constexpr std::uint32_t key_tag = make_tag(1, key::type);
  static constexpr std::uint32_t mapped_tag = make_tag(2, mapped::type);

  static bool write(writer& w, const M& v) {
    return each_backwards(v, [&](const auto& entry, std::size_t) {
      const std::size_t before = w.size();
      const bool ok = w.write_message([&] { return write_entry(w, entry.first, entry.second); });
      if (!ok) return false;
      w.put_varint(w.size() - before);
      w.template put_tag<tag>();
      return true;
    });
  }
  static bool read(reader& r, M& v, std::uint32_t) {
    do {
      key_type k{};
      mapped_type m{};
      clear(m);
      if (!r.read_message([&] { return read_entry(r, k, m); })) return false;
      const auto [place, is_new] = v.try_emplace(std::move(k), std::move(m));
      if (!is_new) place->second = std::move(m);
    } while (r.take_tag<tag>());
    return true;
  }

 private:
  static bool write_entry(writer& w, const key_type& k, const mapped_type& m) {
    if (!mapped::write(w, m)) return w.in_field("value");
    w.template put_tag<mapped_tag>();
    if (!key::write(w, k)) return w.in_field("key");
    w.template put_tag<key_tag>();
    return true;
  }
  static bool read_entry(reader& r, key_type& k, mapped_type& m) {
    while (!r.at_end()) {
      std::uint32_t which = 0;
      if (!r.read_tag(which)) return false;
      if (which == key_tag) {
        if (!key::read(r, k)) return r.in_field("key");
      } else if (which == mapped_tag) {
        if (!mapped::read(r, m)) return r.in_field("value");
      } else if (!r.skip_unknown(which)) {
        return false;
      }
    }
    return true;
  }
};

}  // namespace kit::protobuf::detail
