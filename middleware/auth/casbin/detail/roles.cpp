#include <middleware/auth/casbin/detail/roles.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <unordered_set>

#include <kit/error.hpp>
#include <middleware/auth/casbin/detail/words.hpp>

namespace kit::casbin::detail {
namespace {

// Roles in the order in which they are found, each once. As a rule there are few.
class found_roles {
 public:
  found_roles() { all_.reserve(few); }

  void add(symbol s) {
    if (all_.size() < few) {
      if (std::find(all_.begin(), all_.end(), s) != all_.end()) return;
    } else {
      if (many_.empty()) many_.insert(all_.begin(), all_.end());
      if (!many_.insert(s).second) return;
    }
    all_.push_back(s);
  }
  std::size_t size() const noexcept { return all_.size(); }
  std::span<const symbol> from(std::size_t i) const noexcept { return std::span(all_).subspan(i); }

  std::vector<symbol> in_order() && {
    std::sort(all_.begin(), all_.end());
    return std::move(all_);
  }

 private:
  static constexpr std::size_t few = 16;
  std::vector<symbol> all_;
  std::unordered_set<symbol> many_;  // the same, where they are many
};

}  // namespace

void role_graph::link(symbol user, symbol role, symbol domain) {
  auto& roles = roles_[key(domain, user)];
  if (rules_.matches) users_.insert(user);
  if (rules_.domain_matches) domains_.insert(domain);
  roles.push_back(role);
}

std::vector<symbol> role_graph::domains_of(const std::optional<named>& domain) const {
  if (!domain) return {no_symbol};
  std::vector<symbol> out;
  if (domain->number != no_symbol) out.push_back(domain->number);
  for (const auto d : domains_) {
    if (d != domain->number && rules_.domain_matches(domain->text, names_.text(d)))
      out.push_back(d);
  }
  return out;
}

void role_graph::add_direct(symbol of, const std::vector<symbol>& domains,
                            std::vector<symbol>& to) const {
  for (const auto d : domains) {
    const auto found = roles_.find(key(d, of));
    if (found != roles_.end()) to.insert(to.end(), found->second.begin(), found->second.end());
  }
}

// The roles of the patterns that mean this name.
void role_graph::add_matching(std::string_view name, const std::vector<symbol>& domains,
                              std::vector<symbol>& to) const {
  for (const auto pattern : users_) {
    const auto text = names_.text(pattern);
    if (text != name && rules_.matches(name, text)) add_direct(pattern, domains, to);
  }
}

// Who has roles, and is meant by one of these.
std::vector<symbol> role_graph::meant_by(std::span<const symbol> patterns) const {
  std::vector<symbol> out;
  for (const auto pattern : patterns) {
    for (const auto user : users_) {
      if (user != pattern && rules_.matches(names_.text(user), names_.text(pattern))) {
        out.push_back(user);
      }
    }
  }
  return out;
}

std::vector<symbol> role_graph::reach(named user, const std::optional<named>& domain) const {
  const auto domains = domains_of(domain);
  found_roles found;
  std::vector<symbol> next;
  if (user.number != no_symbol) {
    found.add(user.number);
  } else if (rules_.matches) {
    add_matching(user.text, domains, next);
  }
  std::size_t level = 0;  // where its roles begin
  for (std::size_t depth = 0; depth < rules_.max_depth; ++depth) {
    for (const auto s : found.from(level)) {
      add_direct(s, domains, next);
      if (rules_.matches) add_matching(names_.text(s), domains, next);
    }
    level = found.size();
    for (const auto s : next)
      found.add(s);
    next.clear();
    if (found.size() == level) break;
    if (!rules_.matches) continue;
    for (const auto s : meant_by(found.from(level)))
      found.add(s);
  }
  return std::move(found).in_order();
}

bool role_graph::includes(const std::vector<symbol>& reached, named user, named role) const {
  if (user.text == role.text) return true;
  if (role.number != no_symbol && std::binary_search(reached.begin(), reached.end(), role.number)) {
    return true;
  }
  if (!rules_.matches) return false;
  if (rules_.matches(user.text, role.text)) return true;
  return std::any_of(reached.begin(), reached.end(), [&](symbol s) {
    const auto text = names_.text(s);
    return rules_.matches(text, role.text) || (s != user.number && rules_.matches(role.text, text));
  });
}

// In topological order from those that nobody is linked to.
std::unordered_map<std::uint64_t, std::size_t> role_graph::levels() const {
  std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> users;
  std::unordered_map<std::uint64_t, std::size_t> open;  // roles not yet passed
  for (const auto& [user, roles] : roles_) {
    const auto domain = static_cast<symbol>(user >> 32);
    open[user] += roles.size();
    for (const auto role : roles) {
      open.try_emplace(key(domain, role), 0);
      users[key(domain, role)].push_back(user);
    }
  }
  std::unordered_map<std::uint64_t, std::size_t> out;
  std::vector<std::uint64_t> ready;
  for (const auto& [name, count] : open) {
    if (count == 0) ready.push_back(name);
  }
  for (std::size_t i = 0; i < ready.size(); ++i) {
    const auto level = out[ready[i]];
    for (const auto user : users[ready[i]]) {
      out[user] = std::max(out[user], level + 1);
      if (--open[user] == 0) ready.push_back(user);
    }
  }
  for (const auto& [name, count] : open) {
    if (count == 0) continue;
    throw error(errc::invalid_argument,
                "casbin policy: the roles of " +
                    quoted(names_.text(static_cast<symbol>(name & 0xffffffff))) +
                    " go in a circle, which subjectPriority can't put in order");
  }
  return out;
}

}  // namespace kit::casbin::detail
