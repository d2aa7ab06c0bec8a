#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include <kit/result.hpp>
#include <middleware/auth/casbin/value.hpp>

namespace kit::casbin {

/// A function that matchers may call: gets the arguments, returns a value or an error; throwing is
/// the same as returning one. Called at once on several threads.
///
///     enforcer_options{.functions = {{"isWeekend", [](auto) { return kit::casbin::value(...); }}}}
using function = std::function<result<value>(std::span<const value> arguments)>;

/// Whether a name, of a role or a domain, is meant by another one that is a pattern. Called at once
/// on several threads; `key_match2` is one.
using name_matcher = std::function<bool(std::string_view name, std::string_view pattern)>;

// What matchers may call without further ado, under its name in casbin. In there patterns of a
// policy or the matcher itself are prepared when the enforcer gets them; here, at each call.
//
// keyMatch2 to keyMatch5, keyGet2 and keyGet3 make a regular expression of the pattern: `/*` is
// anything from there on, a place (`:id`, `{id}`) one or more characters other than `/`, and the
// rest is as in regular expressions: `.` is any character. Other than in Go casbin, `{a}-{b}` are
// two places.
//
// Regular expressions are RE2's. A text that isn't UTF-8 is matched as if each wrong byte were
// U+FFFD. Errors: all but `key_match` and `key_get` throw `errc::invalid_argument` for a pattern
// that is none.

/// keyMatch: equal up to the `*`, behind which the pattern isn't looked at; the same where it has
/// no `*`: `/foo/bar` and `/foo/*`.
bool key_match(std::string_view key, std::string_view pattern);
/// keyMatch2: `/foo/7/bar` and `/foo/:id/*`.
bool key_match2(std::string_view key, std::string_view pattern);
/// keyMatch3: `/foo/7/bar` and `/foo/{id}/*`.
bool key_match3(std::string_view key, std::string_view pattern);
/// keyMatch4: as keyMatch3, and places of the same name stand for the same text.
bool key_match4(std::string_view key, std::string_view pattern);
/// keyMatch5: as keyMatch3, and what follows a `?` in the key doesn't count.
bool key_match5(std::string_view key, std::string_view pattern);
/// regexMatch: whether the expression matches a part of the text.
bool regex_match(std::string_view text, std::string_view pattern);
/// globMatch: `*`, `?`, `[a-z]`, as Go's path.Match: `*` and `?` don't go beyond a `/`.
bool glob_match(std::string_view text, std::string_view pattern);
/// ipMatch: an IPv4 or IPv6 address, and an address or a network: `10.0.0.7` and `10.0.0.0/8`.
/// Errors: throws `errc::invalid_argument` where one of them is none.
bool ip_match(std::string_view address, std::string_view network);

/// keyGet: what `*` stands for; empty where the key doesn't match.
std::string key_get(std::string_view key, std::string_view pattern);
/// keyGet2: what the place `:name` stands for; empty where the key doesn't match.
std::string key_get2(std::string_view key, std::string_view pattern, std::string_view name);
/// keyGet3: the same of `{name}`.
std::string key_get3(std::string_view key, std::string_view pattern, std::string_view name);

}  // namespace kit::casbin
