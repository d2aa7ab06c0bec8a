#pragma once

#include <string>
#include <string_view>

#include <kit/http/request.hpp>
#include <kit/random.hpp>

namespace kit::http {

/// Builds multipart/form-data content, as a browser does for a form with files (RFC 7578):
///
///     http::multipart_form form;
///     form.add("title", "Holidays").add_file("photo", "beach.jpg", "image/jpeg", bytes);
///     form.put_into(request);
///
/// Everything is kept in memory.
class multipart_form {
 public:
  /// The boundary is drawn from `random`, so that no content has it but by malice.
  explicit multipart_form(random_source random = random_source::from_entropy());

  /// `"`, CR and LF in names are sent as `%22`, `%0D` and `%0A`, as browsers do.
  /// Errors: throws `errc::invalid_argument` for a name with another control character, and for
  ///         content that has the boundary within; nothing is added then.
  multipart_form& add(std::string_view name, std::string_view value);
  /// Errors: as `add`, and for a content type with control characters.
  multipart_form& add_file(std::string_view name, std::string_view filename,
                           std::string_view content_type, std::string_view content);

  /// `multipart/form-data; boundary=...`
  std::string content_type() const;
  /// The whole content, with its end.
  std::string str() const&;
  std::string str() &&;
  /// Sets content and `Content-Type` of a request.
  void put_into(request& r) &&;

 private:
  multipart_form& add_part(std::string_view disposition, std::string_view content_type,
                           std::string_view content);

  std::string boundary_;
  std::string text_;
};

}  // namespace kit::http
