#include <kit/violations.hpp>

#include <algorithm>

namespace kit {

std::string violation::text() const {
  std::string out = path;
  out.append(out.empty() ? "expected " : ": expected ").append(wanted);
  if (!got.empty()) out.append(", got ").append(got);
  return out;
}

std::string violations::text(std::size_t most) const {
  std::string out;
  const auto shown = std::min(most, list.size());
  for (std::size_t i = 0; i < shown; ++i)
    out.append(i > 0 ? "; " : "").append(list[i].text());
  const auto left = list.size() - shown;
  if (left == 0 && !more) return out;
  out += out.empty() ? "" : "; and ";
  if (!more) out += std::to_string(left) + " ";
  out += "more";
  return out;
}

}  // namespace kit
