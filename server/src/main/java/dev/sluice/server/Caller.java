package dev.sluice.server;

import io.helidon.http.Status;
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

  /// @throws ProblemException 403 when it may not use the queue
  String require(String queue) {
    if (!mayUse(queue)) {
      throw Problem.of(
              Status.FORBIDDEN_403, "forbidden", "the token is not for the queue '" + queue + "'")
          .exception();
    }
    return queue;
  }

  boolean mayUse(String queue) {
    return mayUseAll() || queues.orElseThrow().contains(queue);
  }
}
