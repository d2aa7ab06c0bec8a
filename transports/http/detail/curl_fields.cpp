#include <transports/http/detail/curl_fields.hpp>

#include <curl/curl.h>

namespace kit::http::detail {

curl_fields::curl_fields() = default;
curl_fields::~curl_fields() = default;

void curl_fields::clear() noexcept {
  text_.clear();
  lines_.clear();
  nodes_.clear();
}

// `name;` is how libcurl is told of a field without a value.
void curl_fields::add(std::string_view name, std::string_view value) {
  lines_.push_back(text_.size());
  text_ += name;
  if (value.empty()) {
    text_ += ';';
  } else {
    text_ += ": ";
    text_ += value;
  }
  text_ += '\0';
}

void curl_fields::suppress(std::string_view name) {
  lines_.push_back(text_.size());
  text_ += name;
  text_ += ':';
  text_ += '\0';
}

curl_slist* curl_fields::list() {
  nodes_.resize(lines_.size());
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    nodes_[i].data = text_.data() + lines_[i];
    nodes_[i].next = i + 1 < lines_.size() ? &nodes_[i + 1] : nullptr;
  }
  return nodes_.empty() ? nullptr : nodes_.data();
}

}  // namespace kit::http::detail
