package dev.sluice.server;

import io.helidon.http.Method;
import java.util.Optional;

/// One line of the route table.
///
/// Threading: immutable.
///
/// @param method the HTTP method
/// @param path with `{names}` for its variable parts, as the OpenAPI document writes it
/// @param scope what the caller must be allowed to do; empty when everybody may, without a token
/// @param audited whether each call is written to the audit log
/// @param endpoint what it does
record Route(
    Method method, String path, Optional<Scope> scope, boolean audited, Endpoint endpoint) {

  static Route get(String path, Scope scope, Endpoint endpoint) {
    return new Route(Method.GET, path, Optional.of(scope), false, endpoint);
  }

  /// A route that changes something, and is none of the everyday ones.
  static Route audited(Method method, String path, Scope scope, Endpoint endpoint) {
    return new Route(method, path, Optional.of(scope), true, endpoint);
  }

  static Route post(String path, Scope scope, Endpoint endpoint) {
    return new Route(Method.POST, path, Optional.of(scope), false, endpoint);
  }

  /// A route for everybody.
  static Route open(String path, Endpoint endpoint) {
    return new Route(Method.GET, path, Optional.empty(), false, endpoint);
  }
}
