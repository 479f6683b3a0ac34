package dev.sluice.server;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/// Whoever sent a request.
///
/// Threading: immutable.
///
/// @param name what the audit log calls it
/// @param scopes what it may do
/// @param queues the queues it may do that with; empty for all
public record Caller(String name, Set<Scope> scopes, Optional<Set<String>> queues) {
  /// Whoever calls a server that asks for no token: it may do everything.
  public static final Caller ANONYMOUS =
      new Caller("anonymous", EnumSet.allOf(Scope.class), Optional.empty());

  public Caller {
    scopes = Set.copyOf(scopes);
    queues = queues.map(Set::copyOf);
  }

  boolean may(Scope wanted) {
    return scopes.stream().anyMatch(scope -> scope.holds(wanted));
  }

  boolean mayUseAll() {
    return queues.isEmpty();
  }

  boolean mayUse(String queue) {
    return mayUseAll() || queues.orElseThrow().contains(queue);
  }
}
