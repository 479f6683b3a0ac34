package dev.sluice.server;

import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Callers whose tokens a test has made up.
///
/// Threading: immutable.
record ListedCallers(Map<String, Caller> byToken) implements Callers {
  static Caller caller(Set<String> queues, Scope... scopes) {
    return new Caller("test", Set.of(scopes), Optional.of(queues));
  }

  static Caller everywhere(Scope... scopes) {
    return new Caller("test", Set.of(scopes), Optional.empty());
  }

  @Override
  public boolean isOpen() {
    return false;
  }

  @Override
  public Optional<Caller> of(String token) {
    return Optional.ofNullable(byToken.get(token));
  }
}
