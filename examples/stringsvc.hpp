#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include <asio/awaitable.hpp>

#include <kit/endpoint.hpp>
#include <kit/reflect.hpp>

// The service of Go kit's stringsvc programs: a struct of endpoints; its requests and responses are
// structs.
namespace stringsvc {

struct uppercase_request {
  std::string s;
};
struct uppercase_response {
  std::string v;
  std::string err;  // of the business: status 200 all the same

  std::string failed() const { return err; }
};
struct count_request {
  std::string s;
};
struct count_response {
  std::size_t v = 0;  // bytes
};

struct service {
  kit::endpoint<uppercase_request, uppercase_response> uppercase;
  kit::endpoint<count_request, count_response> count;
};

inline asio::awaitable<uppercase_response> uppercase(uppercase_request r) {
  if (r.s.empty()) co_return uppercase_response{.v = "", .err = "empty string"};
  std::transform(r.s.begin(), r.s.end(), r.s.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  co_return uppercase_response{.v = std::move(r.s), .err = ""};
}

inline asio::awaitable<count_response> count(count_request r) {
  co_return count_response{.v = r.s.size()};
}

}  // namespace stringsvc

template <>
struct kit::reflect_traits<stringsvc::uppercase_response> {
  static constexpr auto fields =
      kit::fields(kit::field<&stringsvc::uppercase_response::err>().omit_empty());
};
