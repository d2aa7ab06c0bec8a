#include <kit/http/multipart_form.hpp>

#include <utility>

#include <kit/error.hpp>
#include <kit/http/syntax.hpp>

namespace kit::http {
namespace {

// A name as it stands in quotes (WHATWG HTML 4.10.21.8).
void append_name(std::string& out, std::string_view parameter, std::string_view name) {
  out.append("; ").append(parameter).append("=\"");
  for (char c : name) {
    if (c == '"') {
      out += "%22";
    } else if (c == '\r') {
      out += "%0D";
    } else if (c == '\n') {
      out += "%0A";
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

multipart_form::multipart_form(random_source random) : boundary_("----cokit") {
  constexpr std::string_view letters =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
  for (int i = 0; i < 24; ++i)  // 144 bits
    boundary_ += letters[random.below(letters.size())];
}

multipart_form& multipart_form::add_part(std::string_view disposition,
                                         std::string_view content_type, std::string_view content) {
  if (!is_field_value(disposition) || !is_field_value(content_type)) {
    throw error(errc::invalid_argument, "a form's name or type holds a control character");
  }
  for (const auto text : {disposition, content_type, content}) {
    if (text.find(boundary_) == text.npos) continue;
    throw error(errc::invalid_argument, "a form's content holds the boundary");
  }
  text_.append("--").append(boundary_);
  text_.append("\r\nContent-Disposition: form-data").append(disposition);
  if (!content_type.empty()) text_.append("\r\nContent-Type: ").append(content_type);
  text_.append("\r\n\r\n").append(content).append("\r\n");
  return *this;
}

multipart_form& multipart_form::add(std::string_view name, std::string_view value) {
  std::string disposition;
  append_name(disposition, "name", name);
  return add_part(disposition, {}, value);
}

multipart_form& multipart_form::add_file(std::string_view name, std::string_view filename,
                                         std::string_view content_type, std::string_view content) {
  std::string disposition;
  append_name(disposition, "name", name);
  append_name(disposition, "filename", filename);
  return add_part(disposition, content_type, content);
}

std::string multipart_form::content_type() const {
  return "multipart/form-data; boundary=" + boundary_;
}

std::string multipart_form::str() const& {
  return text_ + "--" + boundary_ + "--\r\n";
}

std::string multipart_form::str() && {
  text_.append("--").append(boundary_).append("--\r\n");
  return std::move(text_);
}

void multipart_form::put_into(request& r) && {
  r.headers.set(field::content_type, content_type());
  r.body = std::move(*this).str();
}

}  // namespace kit::http
