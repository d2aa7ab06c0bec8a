#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct curl_slist;

namespace kit::http::detail {

/// Field lines as libcurl takes them (curl_slist), all in two blocks that are kept for the next
/// call, where libcurl's own list would take two per line.
class curl_fields {
 public:
  curl_fields();
  curl_fields(const curl_fields&) = delete;
  curl_fields& operator=(const curl_fields&) = delete;
  ~curl_fields();

  void clear() noexcept;
  void add(std::string_view name, std::string_view value);
  /// Keeps libcurl from sending a field by itself.
  void suppress(std::string_view name);
  /// Valid until the object is changed; null when there is none.
  curl_slist* list();

 private:
  std::string text_;
  std::vector<std::size_t> lines_;  // where they start
  std::vector<curl_slist> nodes_;
};

}  // namespace kit::http::detail
