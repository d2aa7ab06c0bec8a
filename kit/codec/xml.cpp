#include <kit/codec/xml.hpp>

namespace kit::xml::detail {

void open(std::string& out, std::string_view name) {
  out += '<';
  out += name;
  out += '>';
}

void close(std::string& out, std::string_view name) {
  out += "</";
  out += name;
  out += '>';
}

bool append_text(std::string& out, std::string_view text, std::string& problem) {
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '\r':  // a parser would make a line feed of it
        out += "&#xD;";
        break;
      case '\t':
      case '\n':
        out += c;
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          problem = "control character";
          return false;
        }
        out += c;
    }
  }
  return true;
}

}  // namespace kit::xml::detail
