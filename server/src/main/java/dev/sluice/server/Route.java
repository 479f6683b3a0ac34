package dev.sluice.server;

import io.helidon.common.parameters.Parameters;
import io.helidon.http.Method;
import io.helidon.webserver.http.ServerRequest;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One line of the route table.
///
/// Threading: immutable.
///
/// @param method the HTTP method
/// @param path with `{names}` for its variable parts, as the OpenAPI document writes it
/// @param scope what the caller must be allowed to do; empty when everybody may, without a token
/// @param audited whether each call is written to the audit log
/// @param query the parameters that its query may have; others are refused, unless everybody may
///   call it: monitors send what they like
/// @param endpoint what it does
record Route(
    Method method,
    String path,
    Optional<Scope> scope,
    boolean audited,
    Set<String> query,
    Endpoint endpoint) {
  private static final Pattern PART = Pattern.compile("\\{([^}]*)}");

  /// Parts of paths that logs may show. The token of a lease is all that its holder has to know.
  private static final Set<String> SHOWN = Set.of("queue", "id", "name");

  static Route get(String path, Scope scope, Endpoint endpoint) {
    return get(path, scope, Set.of(), endpoint);
  }

  static Route get(String path, Scope scope, Set<String> query, Endpoint endpoint) {
    return strict(Method.GET, path, scope, false, query, endpoint);
  }

  /// A route that changes something, and is none of the everyday ones.
  static Route audited(Method method, String path, Scope scope, Endpoint endpoint) {
    return strict(method, path, scope, true, Set.of(), endpoint);
  }

  static Route post(String path, Scope scope, Endpoint endpoint) {
    return post(path, scope, Set.of(), endpoint);
  }

  static Route post(String path, Scope scope, Set<String> query, Endpoint endpoint) {
    return strict(Method.POST, path, scope, false, query, endpoint);
  }

  /// A route for everybody.
  static Route open(String path, Endpoint endpoint) {
    return new Route(Method.GET, path, Optional.empty(), false, Set.of(), endpoint);
  }

  /// The path of a request as logs may show it: with what its variable parts say, or with their
  /// names where that is a secret.
  String shown(ServerRequest request) {
    Parameters parts = request.path().pathParameters();
    return PART.matcher(path)
        .replaceAll(part ->
            Matcher.quoteReplacement(
                SHOWN.contains(part.group(1))
                    ? URLEncoder.encode(parts.get(part.group(1)), StandardCharsets.UTF_8)
                    : part.group()));
  }

  /// A parameter that nobody reads is a wish that would be lost.
  private static Route strict(
      Method method,
      String path,
      Scope scope,
      boolean audited,
      Set<String> query,
      Endpoint endpoint) {
    return new Route(
        method,
        path,
        Optional.of(scope),
        audited,
        query,
        call -> {
          call.requireQuery(query);
          endpoint.answer(call);
        });
  }
}
