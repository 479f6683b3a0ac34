package dev.sluice.server;

import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Who gets in: the token, its scopes, its rate, and no browser page of somebody else.
///
/// Threading: thread-safe.
final class Gate {
  private static final HeaderName SEC_FETCH_SITE = HeaderNames.create("Sec-Fetch-Site");
  private static final Set<String> OWN_PAGES = Set.of("same-origin", "none");
  private static final Set<Method> SAFE = Set.of(Method.GET, Method.HEAD);
  private static final Pattern LOOPBACK =
      Pattern.compile(
          "(localhost|127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}|\\[::1])(:\\d{1,5})?",
          Pattern.CASE_INSENSITIVE);

  private final Callers callers;
  private final boolean behindProxy;

  Gate(Callers callers, boolean behindProxy) {
    this.callers = callers;
    this.behindProxy = behindProxy;
  }

  /// The caller of a request.
  ///
  /// @throws ProblemException 401, 403 or 429
  Caller admit(Route route, ServerRequest request) {
    if (callers.isOpen()) {
      requireLoopbackName(request);
    }
    Scope wanted = route.scope().orElse(null);
    if (wanted == null) {
      return Caller.ANONYMOUS;
    }
    requireOwnPage(request);
    Caller caller = caller(request);
    callers
        .delay(caller)
        .ifPresent(wait -> {
          throw tooFast(wait);
        });
    requireScope(caller, wanted);
    return caller;
  }

  /// Looks again at whoever sent a request that lasts: a token may have been revoked, or have
  /// expired. Its rate is not counted.
  ///
  /// @throws ProblemException 401 or 403
  Caller again(ServerRequest request, Scope wanted) {
    Caller caller = caller(request);
    requireScope(caller, wanted);
    return caller;
  }

  /// Whether whoever sent a request may look at all queues; for what everybody may ask, and gets
  /// more or less of. Whose rate is used up gets less.
  boolean mayReadAll(ServerRequest request) {
    return known(request)
        .filter(caller -> caller.may(Scope.READ) && caller.mayUseAll())
        .filter(caller -> callers.delay(caller).isEmpty())
        .isPresent();
  }

  private static void requireScope(Caller caller, Scope wanted) {
    if (!caller.may(wanted)) {
      throw forbidden("forbidden", "the token lacks the scope '" + wanted.text() + "'");
    }
  }

  private Optional<Caller> known(ServerRequest request) {
    Optional<String> authorization = request.headers().first(HeaderNames.AUTHORIZATION);
    if (authorization.isEmpty() && callers.isOpen()) {
      return Optional.of(Caller.ANONYMOUS);
    }
    return authorization
        .filter(text -> text.regionMatches(true, 0, "Bearer ", 0, 7))
        .flatMap(text -> callers.of(text.substring(7).strip()));
  }

  private Caller caller(ServerRequest request) {
    return known(request)
        .orElseThrow(() ->
            Problem.of(
                    Status.UNAUTHORIZED_401,
                    "unauthorized",
                    "a valid token is needed: Authorization: Bearer TOKEN")
                .exception());
  }

  private static ProblemException tooFast(Duration wait) {
    return Problem.of(
            Status.TOO_MANY_REQUESTS_429, "rate", "the token's rate is used up, try it later")
        .with(Problem.RETRY_AFTER, Math.max(1, wait.toMillis()))
        .exception();
  }

  private static ProblemException forbidden(String reason, String detail) {
    return Problem.of(Status.FORBIDDEN_403, reason, detail).exception();
  }

  /// Without a token the address is all that protects: a page whose own name was made to point to
  /// this machine (DNS rebinding) shows that name.
  private static void requireLoopbackName(ServerRequest request) {
    String host = request.headers().first(HeaderNames.HOST).orElse("");
    if (!LOOPBACK.matcher(host).matches()) {
      throw forbidden("host", "without a token the Host must be localhost, 127.0.0.1 or [::1]");
    }
  }

  /// A browser says which page a request comes from; what another site's page sends is refused, so
  /// that nobody's browser can be made to do things here. Older browsers send only Origin.
  private void requireOwnPage(ServerRequest request) {
    if (SAFE.contains(request.prologue().method())) {
      return;
    }
    Optional<String> site = request.headers().first(SEC_FETCH_SITE);
    boolean own =
        site.map(OWN_PAGES::contains)
            .orElseGet(() ->
                request.headers().first(HeaderNames.ORIGIN).stream()
                    .allMatch(origin -> isOwn(origin, request)));
    if (!own) {
      throw forbidden("cross-site", "requests from other sites are not taken");
    }
  }

  private boolean isOwn(String origin, ServerRequest request) {
    int scheme = origin.indexOf("://");
    String authority = scheme < 0 ? "" : origin.substring(scheme + 3);
    return Stream.concat(
            request.headers().first(HeaderNames.HOST).stream(),
            behindProxy
                ? request.headers().first(HeaderNames.X_FORWARDED_HOST).stream()
                : Stream.empty())
        .anyMatch(authority::equalsIgnoreCase);
  }
}
