#include <middleware/auth/casbin/functions.hpp>

#include <cstddef>
#include <string>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <middleware/auth/casbin/detail/pattern.hpp>

namespace casbin = kit::casbin;
using casbin::glob_match;
using casbin::ip_match;
using casbin::key_get;
using casbin::key_get2;
using casbin::key_get3;
using casbin::key_match;
using casbin::key_match2;
using casbin::key_match3;
using casbin::key_match4;
using casbin::key_match5;
using casbin::regex_match;
using kit::errc;

namespace {

template <class F>
kit::error problem(F f) {
  try {
    (void)f();
  } catch (const kit::error& e) {
    return e;
  }
  FAIL("nothing was thrown");
  return errc::unknown;
}

}  // namespace

TEST_CASE("casbin keyMatch: '*' stands for the rest behind the prefix [auth/casbin:6]") {
  CHECK(key_match("/foo", "/foo"));
  CHECK(key_match("/foo", "/foo*"));
  CHECK_FALSE(key_match("/foo", "/foo/*"));
  CHECK_FALSE(key_match("/foo/bar", "/foo"));
  CHECK(key_match("/foo/bar", "/foo*"));
  CHECK(key_match("/foo/bar", "/foo/*"));
  CHECK(key_match("/foo/", "/foo/*"));
  CHECK_FALSE(key_match("/foobar", "/foo"));
  CHECK(key_match("/foobar", "/foo*"));
  CHECK_FALSE(key_match("/foobar", "/foo/*"));
  CHECK(key_match("/foo/bar", "/f*/nothing"));
  CHECK_FALSE(key_match("", "/"));
}

TEST_CASE("casbin regexMatch: finds the expression anywhere [auth/casbin:6]") {
  CHECK(regex_match("/topic/create", "/topic/create"));
  CHECK(regex_match("/topic/create/123", "/topic/create"));
  CHECK_FALSE(regex_match("/topic/delete", "/topic/create"));
  CHECK_FALSE(regex_match("/topic/edit", "/topic/edit/[0-9]+"));
  CHECK(regex_match("/topic/edit/123", "/topic/edit/[0-9]+"));
  CHECK_FALSE(regex_match("/topic/edit/abc", "/topic/edit/[0-9]+"));
  CHECK(regex_match("FORGET", "GET"));
  CHECK_FALSE(regex_match("FORGET", "^GET$"));
  CHECK(regex_match("POST", "(GET)|(POST)"));
  CHECK(regex_match("anything", ""));
  CHECK(
      regex_match("a\xff"
                  "GET\xff",
                  "GET"));
  CHECK(regex_match("\xef\xbf\xbd", "\xef\xbf\xbd"));
  CHECK(regex_match("\xff", "\xef\xbf\xbd"));
}

TEST_CASE("casbin keyMatch2: places by ':', '*' behind a '/'") {
  CHECK(key_match2("/foo", "/foo"));
  CHECK(key_match2("/foo", "/foo*"));
  CHECK_FALSE(key_match2("/foo", "/foo/*"));
  CHECK_FALSE(key_match2("/foo/bar", "/foo"));
  CHECK_FALSE(key_match2("/foo/bar", "/foo*"));
  CHECK(key_match2("/foo/bar", "/foo/*"));
  CHECK_FALSE(key_match2("/foobar", "/foo*"));
  CHECK_FALSE(key_match2("/foobar", "/foo/*"));
  CHECK_FALSE(key_match2("/", "/:resource"));
  CHECK(key_match2("/resource1", "/:resource"));
  CHECK_FALSE(key_match2("/myid", "/:id/using/:resId"));
  CHECK(key_match2("/myid/using/myresid", "/:id/using/:resId"));
  CHECK_FALSE(key_match2("/proxy/myid", "/proxy/:id/*"));
  CHECK(key_match2("/proxy/myid/", "/proxy/:id/*"));
  CHECK(key_match2("/proxy/myid/res/res2/res3", "/proxy/:id/*"));
  CHECK_FALSE(key_match2("/proxy/", "/proxy/:id/*"));
  CHECK(key_match2("/alice/all", "/:id/all"));
  CHECK_FALSE(key_match2("/alice", "/:id/all"));
  CHECK_FALSE(key_match2("/alice/all", "/:id"));
  CHECK_FALSE(key_match2("/alice/all", "/:/all"));
  CHECK(key_match2("/a/b/c/d", "/a/*/d"));
  CHECK_FALSE(key_match2("/a/b/c", "/a/*/d"));
  CHECK(key_match2("/v1/x.txt", "/v(1|2)/:name"));
  CHECK_FALSE(key_match2("/a/x\ny", "/a/*"));
}

TEST_CASE("casbin keyMatch3 and keyMatch5: places by braces") {
  CHECK(key_match3("/myid/using/myresid", "/{id}/using/{resId}"));
  CHECK_FALSE(key_match3("/myid/using/myresid", "/{id/using/{resId}"));
  CHECK(key_match3("/proxy/myid/res", "/proxy/{id}/*"));
  CHECK_FALSE(key_match3("/proxy/", "/proxy/{id}/*"));
  CHECK(key_match3("/a-b", "/{x}-{y}"));
  CHECK_FALSE(key_match3("/ab", "/{x}-{y}"));
  CHECK_FALSE(key_match3("/a?x=1", "/a"));
  CHECK(key_match5("/parent/child?status=1&type=2", "/parent/child"));
  CHECK(key_match5("/parent/child?status=1", "/parent/*"));
  CHECK(key_match5("/parent/child?status=1", "/parent/{id}"));
  CHECK_FALSE(key_match5("/parent?status=1", "/parent/child"));
  CHECK_FALSE(key_match5("/parent/child/more?status=1", "/parent/{id}"));
}

TEST_CASE("casbin keyMatch4: places of the same name stand for the same") {
  CHECK(key_match4("/parent/123/child/123", "/parent/{id}/child/{id}"));
  CHECK_FALSE(key_match4("/parent/123/child/456", "/parent/{id}/child/{id}"));
  CHECK(key_match4("/parent/123/child/456", "/parent/{id}/child/{other}"));
  CHECK(key_match4("/1/1/2/1", "/{a}/{a}/{b}/{a}"));
  CHECK_FALSE(key_match4("/1/1/2/2", "/{a}/{a}/{b}/{a}"));
  CHECK(key_match4("/a-a", "/{x}-{x}"));
  CHECK(key_match4("/b/1/2/1", "/(a|b)/{x}/(1|2)/{x}"));
  CHECK_FALSE(key_match4("/a-b", "/{x}-{x}"));
  CHECK_FALSE(key_match4("/parent/1", "/parent/{id}/child/{id}"));
}

TEST_CASE("casbin keyGet, keyGet2, keyGet3: what a place stands for") {
  CHECK(key_get("/foo/bar/foo", "/foo/*") == "bar/foo");
  CHECK(key_get("/foo", "/foo/*").empty());
  CHECK(key_get("/bar/foo", "/foo/*").empty());
  CHECK(key_get("/foo", "/foo").empty());
  CHECK(key_get2("/myid/using/myresid", "/:id/using/:resId", "resId") == "myresid");
  CHECK(key_get2("/myid/using/myresid", "/:id/using/:resId", "id") == "myid");
  CHECK(key_get2("/myid/using/myresid", "/:id/using/:resId", "none").empty());
  CHECK(key_get2("/myid", "/:id/using/:resId", "id").empty());
  CHECK(key_get2("/x.y/z", "/x.y/:id", "id") == "z");
  CHECK(key_get3("/a-b/c", "/{x}-{y}/{z}", "y") == "b");
  CHECK(key_get3("/a/c", "/{x}-{y}/{z}", "y").empty());
  CHECK(key_get3("/b/1/2/3", "/(a|b)/{x}/(?P<own>1|2)/{y}", "y") == "3");
}

TEST_CASE("casbin globMatch: as Go's path.Match") {
  CHECK(glob_match("/foo/bar", "/foo/*"));
  CHECK_FALSE(glob_match("/foo/bar/baz", "/foo/*"));
  CHECK(glob_match("/foo/bar", "/*/b?r"));
  CHECK_FALSE(glob_match("/foo", "*/foo/*"));
  CHECK(glob_match("", "*"));
  CHECK_FALSE(glob_match("a", ""));
  CHECK(glob_match("abc", "*"));
  CHECK(glob_match("axbxcxdxe/f", "a*b*c*d*e*/f"));
  CHECK_FALSE(glob_match("axbxcxdxexxx/f", "a*b*c*d*e/f"));
  CHECK(glob_match("abxbbxdbxebxczzx", "a*b?c*x"));
  CHECK(glob_match("b", "[a-c]"));
  CHECK_FALSE(glob_match("d", "[a-c]"));
  CHECK(glob_match("d", "[^a-c]"));
  CHECK(glob_match("-", "[\\-x]"));
  CHECK(glob_match("a*b", "a\\*b"));
  CHECK_FALSE(glob_match("axb", "a\\*b"));
  CHECK(glob_match("\xe2\x98\xba", "?"));
  CHECK(glob_match("\xe2\x98\xba", "[\xce\xb1-\xe2\x98\xbb]"));
  CHECK_FALSE(glob_match("\xff\xff", "?"));
  CHECK(glob_match("\xff", "?"));
  CHECK_FALSE(glob_match("/", "?"));
}

TEST_CASE("casbin ipMatch: addresses and networks") {
  CHECK(ip_match("192.168.2.123", "192.168.2.0/24"));
  CHECK_FALSE(ip_match("192.168.2.123", "192.168.3.0/24"));
  CHECK(ip_match("192.168.2.123", "192.168.2.123"));
  CHECK_FALSE(ip_match("192.168.2.123", "192.168.2.124"));
  CHECK(ip_match("192.168.2.123", "192.168.2.123/32"));
  CHECK(ip_match("10.0.0.11", "10.0.0.0/8"));
  CHECK(ip_match("2001:db8::7", "2001:db8::/32"));
  CHECK_FALSE(ip_match("2001:db9::7", "2001:db8::/32"));
  CHECK(ip_match("::ffff:10.0.0.1", "10.0.0.0/8"));
  CHECK(problem([] { return ip_match("alice", "10.0.0.0/8"); }) == errc::invalid_argument);
  CHECK(problem([] { return ip_match("10.0.0.1:80", "10.0.0.0/8"); }) == errc::invalid_argument);
  CHECK(problem([] { return ip_match("[::1]", "::1"); }) == errc::invalid_argument);
  CHECK(problem([] { return ip_match("fe80::1%eth0", "fe80::/10"); }) == errc::invalid_argument);
  CHECK(problem([] { return ip_match("10.0.0.1", "10.0.0.0/33"); }).message() ==
        "no IP network: '10.0.0.0/33'");
}

TEST_CASE("casbin patterns: what is none is an error that says so") {
  CHECK(problem([] { return regex_match("a", "(GET"); }).message().find("'(GET' is no pattern") ==
        0);
  CHECK(problem([] { return key_match2("a", "/(:id"); }) == errc::invalid_argument);
  CHECK(problem([] { return key_get2("a", "/(:id", "id"); }) == errc::invalid_argument);
  CHECK(problem([] { return key_get2("a", "\\Q/:id", "id"); }) == errc::invalid_argument);
  for (const auto* glob : {"[", "[]a]", "[-]", "[x-]", "a\\", "[a-", "[^", "[\\"}) {
    CAPTURE(glob);
    CHECK(problem([&] { return glob_match("a", glob); }) == errc::invalid_argument);
  }
  const std::string large = "(((((a{100}){100}){100}){100}){100})";
  CHECK(problem([&] { return regex_match("a", large); }) == errc::invalid_argument);
}

TEST_CASE("casbin patterns: a byte that isn't UTF-8 can't be used to get past a rule") {
  CHECK(regex_match("/admin/\xff", "^/admin/.*$"));
  CHECK(key_match2("/admin/\xff", "/admin/:id"));
  CHECK(key_match2("/admin.x/\xff", "/admin.x/:id"));
  CHECK(regex_match("\xc3(", "^..$"));
}

TEST_CASE("casbin patterns: places alone are matched as the regular expression would") {
  using casbin::detail::pattern;
  using casbin::detail::pattern_style;
  const std::string pieces[] = {"/", "a", "b", "/:x", "/*", "/a"};
  const std::string keys[] = {"",     "/",   "/a",   "/a/", "/a/b",   "//",    "a",
                              "/b/a", "/ab", "/a/a", "b",   "/a/b/a", "/a//b", "/b/"};
  std::size_t compared = 0;
  for (std::size_t n = 0; n < 6 * 6 * 6 * 6; ++n) {
    const auto text = pieces[n % 6] + pieces[n / 6 % 6] + pieces[n / 36 % 6] + pieces[n / 216];
    // An empty group changes nothing, and takes a regular expression.
    const pattern plain(pattern_style::key2, text, 1 << 20);
    const pattern regex(pattern_style::key2, "()" + text, 1 << 20);
    for (const auto& key : keys) {
      std::string problem;
      const bool expected = regex.matches(key, problem);
      if (plain.matches(key, problem) != expected) {
        CAPTURE(text);
        CAPTURE(key);
        CHECK(plain.matches(key, problem) == expected);
      }
      REQUIRE(problem == "");
      ++compared;
    }
  }
  CHECK(compared == 6 * 6 * 6 * 6 * std::size(keys));
}
