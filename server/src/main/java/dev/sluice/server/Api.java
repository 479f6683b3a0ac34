package dev.sluice.server;

import io.helidon.common.buffers.DataReader.InsufficientDataAvailableException;
import io.helidon.common.socket.SocketWriterException;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.http.PathMatchers;
import io.helidon.http.RequestException;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/// The route table at work: who calls, whether that is allowed, the endpoint, and a [Problem] for
/// whatever goes wrong.
///
/// Threading: thread-safe.
final class Api {
  private static final Header BEARER =
      HeaderValues.createCached(HeaderNames.WWW_AUTHENTICATE, "Bearer");

  private static final Set<Status> REFUSED = Set.of(Status.UNAUTHORIZED_401, Status.FORBIDDEN_403);

  private static final Problem NOTHING_HERE =
      Problem.of(Status.NOT_FOUND_404, "unknown-path", "there is nothing at this path");

  private final List<Route> routes;
  private final Gate gate;
  private final AuditLog audit;
  private final JsonMapper mapper;

  private final Metrics metrics;
  private final Complaints complaints;

  Api(
      List<Route> routes,
      Gate gate,
      AuditLog audit,
      Metrics metrics,
      Complaints complaints,
      JsonMapper mapper) {
    this.routes = List.copyOf(routes);
    this.gate = gate;
    this.audit = audit;
    this.metrics = metrics;
    this.complaints = complaints;
    this.mapper = mapper;
  }

  List<Route> routes() {
    return routes;
  }

  /// Hands the table to Helidon.
  void route(HttpRouting.Builder routing) {
    // Paths are tried in this order, so the everyday ones stand first in the table; but a verb is a
    // part of its path, and before the others `x:pause` would be taken for a name.
    Map<String, Header> allowed = allowed();
    Stream.concat(
            allowed.keySet().stream().filter(path -> !endsWithName(path)),
            allowed.keySet().stream().filter(Api::endsWithName))
        .forEach(path -> route(routing, path, Objects.requireNonNull(allowed.get(path))));
    routing
        .any((request, response) -> {
          metrics.measure(Metrics.NONE, Metrics.NONE, response);
          new Call(request, response, Caller.ANONYMOUS, mapper).refuse(NOTHING_HERE);
        })
        .error(Throwable.class, this::failed);
  }

  private static boolean endsWithName(String path) {
    return path.endsWith("}");
  }

  private void route(HttpRouting.Builder routing, String path, Header methods) {
    for (Route route : routes) {
      if (route.path().equals(path)) {
        routing.route(
            methods(route),
            PathMatchers.create(path),
            (request, response) -> answer(route, request, response));
      }
    }
    routing.any(path, notAllowed(path, methods));
  }

  /// Whatever can be read can be asked for without its body: [Call] leaves that out.
  private static Predicate<Method> methods(Route route) {
    return route.method().equals(Method.GET)
        ? Method.predicate(Method.GET, Method.HEAD)
        : Method.predicate(route.method());
  }

  private Map<String, Header> allowed() {
    Map<String, TreeSet<String>> methods = new LinkedHashMap<>();
    for (Route route : routes) {
      Set<String> some = methods.computeIfAbsent(route.path(), _ -> new TreeSet<>());
      some.add(route.method().text());
      if (route.method().equals(Method.GET)) {
        some.add(Method.HEAD.text());
      }
    }
    Map<String, Header> headers = new LinkedHashMap<>();
    methods.forEach((path, some) ->
        headers.put(path, HeaderValues.create(HeaderNames.ALLOW, String.join(", ", some))));
    return headers;
  }

  private Handler notAllowed(String path, Header methods) {
    return (request, response) -> {
      metrics.measure(Metrics.NONE, path, response);
      response.header(methods);
      new Call(request, response, Caller.ANONYMOUS, mapper)
          .refuse(
              Problem.of(
                  Status.METHOD_NOT_ALLOWED_405,
                  "method-not-allowed",
                  "this method is not allowed here, allowed: " + methods.get()));
    };
  }

  // What goes wrong is answered here and not by the error handler: only the call knows how much of
  // the body was read, and whether the connection can be used again.
  private void answer(Route route, ServerRequest request, ServerResponse response) {
    metrics.measure(route.method().text(), route.path(), response);
    Call call = new Call(request, response, Caller.ANONYMOUS, mapper);
    Caller caller = null;
    try {
      caller = gate.admit(route, request);
      call = new Call(request, response, caller, mapper);
      route.endpoint().answer(call);
      record(route, caller, request, call.refusal().orElse(response.status()));
    } catch (Exception failure) {
      // What was done was done, also when nobody could be told.
      Status status = call.hasBegun() ? response.status() : Complaints.problem(failure).status();
      record(route, caller, request, call.refusal().orElse(status));
      failed(call, failure);
    } catch (Error broken) {
      record(route, caller, request, Status.INTERNAL_SERVER_ERROR_500);
      throw broken;
    }
    // Helidon says that the connection will end, and then waits for the client to end it.
    if (response.isSent() && request.headers().containsToken(HeaderValues.CONNECTION_CLOSE)) {
      throw new CloseConnectionException("the client wanted no more");
    }
  }

  /// Writes a call down, if it is one of those that are. Whoever may not do what he asks for is
  /// refused, wherever that was found out.
  ///
  /// @param caller null when nobody was let in
  private void record(Route route, @Nullable Caller caller, ServerRequest request, Status status) {
    if (REFUSED.contains(status)) {
      Optional<String> name = caller == null ? gate.name(request) : Optional.of(caller.name());
      audit.refused(name, route, request, status);
    } else if (caller != null && route.audited()) {
      audit.record(caller.name(), route, request, status);
    }
  }

  private void failed(ServerRequest request, ServerResponse response, Throwable failure) {
    failed(new Call(request, response, Caller.ANONYMOUS, mapper), failure);
  }

  private void failed(Call call, Throwable failure) {
    // The client is gone, or does not speak HTTP: nobody is there to be answered.
    if (failure instanceof CloseConnectionException closed) {
      throw closed;
    }
    if (failure instanceof RequestException bad) {
      throw bad;
    }
    if (failure instanceof InsufficientDataAvailableException
        || failure instanceof IOException
        || failure instanceof UncheckedIOException
        || failure instanceof SocketWriterException) {
      throw new CloseConnectionException("the request was cut short", failure);
    }
    ServerResponse response = call.response();
    Problem problem = complaints.about(failure);
    if (call.hasBegun()) {
      throw new CloseConnectionException("the answer was cut short: " + problem.reason());
    }
    problem
        .retryAfterMillis()
        .ifPresent(millis ->
            response.header(HeaderNames.RETRY_AFTER, Long.toString((millis + 999) / 1000)));
    if (problem.status().equals(Status.UNAUTHORIZED_401)) {
      response.header(BEARER);
    }
    call.refuse(problem);
  }
}
