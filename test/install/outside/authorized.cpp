// A program outside Cokit's tree that uses an installed cokit-casbin. It answers 0 when all is
// well.
#include <memory>

#include <middleware/auth/casbin.hpp>

int main() {
  namespace casbin = kit::casbin;
  casbin::model m;
  m.add("r", "sub, obj").add("p", "sub, obj").add("e", "some(where (p.eft == allow))");
  m.add("m", "r.sub == p.sub && regexMatch(r.obj, p.obj)");
  const auto enforcer =
      std::make_shared<casbin::enforcer>(m, casbin::policy().add("p", {"alice", "^/data/"}));
  const kit::middleware::auth::casbin layer(enforcer);
  return enforcer->enforce({"alice", "/data/1"}) && !enforcer->enforce({"bob", "/data/1"}) ? 0 : 1;
}
