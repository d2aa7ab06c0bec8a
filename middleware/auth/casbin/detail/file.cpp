#include <middleware/auth/casbin/detail/file.hpp>

#include <algorithm>
#include <fstream>
#include <ios>

namespace kit::casbin::detail {

result<std::string> read_file(const std::string& path, std::size_t max_bytes,
                              std::string_view what) {
  const auto problem = [&](errc code, std::string_view why) {
    return fail(code, std::string(what) + ' ' + path + ": " + std::string(why));
  };
  std::ifstream file(path, std::ios::binary);
  if (!file) return problem(errc::not_found, "can't be opened");
  constexpr std::size_t piece = 64 * 1024;
  std::string text;
  for (;;) {
    const auto before = text.size();
    text.resize(before + piece);
    file.read(text.data() + before, static_cast<std::streamsize>(piece));
    text.resize(before + static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
    if (text.size() > max_bytes) return problem(errc::resource_exhausted, "is too long");
    if (!file) break;
  }
  // A directory opens, and then can't be read.
  if (!file.eof()) return problem(errc::not_found, "can't be read");
  return text;
}

}  // namespace kit::casbin::detail
