package dev.sluice.server;

import dev.sluice.job.JobId;
import io.helidon.http.Header;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// One request and its answer, as the endpoints see them.
///
/// Threading: confined to the request's thread, but for `refused`.
final class Call {
  private static final Header JSON =
      HeaderValues.createCached(HeaderNames.CONTENT_TYPE, "application/json");
  private static final Header PROBLEM =
      HeaderValues.createCached(HeaderNames.CONTENT_TYPE, Problem.CONTENT_TYPE);

  private static final byte[] NOTHING = {};

  /// A rest of a body that is not worth a connection.
  private static final int SHORT = 64 << 10;

  /// What is let pass of a body that nobody wants.
  private static final int LINGER = 4 << 20;

  private final ServerRequest request;
  private final ServerResponse response;
  private final Caller caller;
  private final JsonMapper mapper;
  private @Nullable InputStream input;
  private boolean bodyRead;
  private boolean begun;
  private volatile @Nullable Status refusal;

  Call(ServerRequest request, ServerResponse response, Caller caller, JsonMapper mapper) {
    this.request = request;
    this.response = response;
    this.caller = caller;
    this.mapper = mapper;
  }

  Caller caller() {
    return caller;
  }

  ServerRequest request() {
    return request;
  }

  /// For answers that are streamed.
  ServerResponse response() {
    return response;
  }

  JsonMapper mapper() {
    return mapper;
  }

  /// A variable part of the path.
  String part(String name) {
    return request.path().pathParameters().get(name);
  }

  /// The id in the path.
  ///
  /// @throws ProblemException 404 when it is none: no such job can exist
  JobId id() {
    try {
      return JobId.parse(part("id"));
    } catch (IllegalArgumentException noId) {
      throw noJob();
    }
  }

  static ProblemException noJob() {
    return Problem.of(Status.NOT_FOUND_404, "unknown-job", "no job of this id is kept").exception();
  }

  /// The name of the queue in the path, if the caller may use it.
  ///
  /// @throws ProblemException 403 when the caller may not
  String queue() {
    return permitted(part("queue"));
  }

  /// A queue's name, if the caller may use it.
  ///
  /// @throws ProblemException 403 when the caller may not
  String permitted(String queue) {
    return caller.require(queue);
  }

  Optional<String> query(String name) {
    return request.query().first(name).asOptional();
  }

  /// A parameter of the query, made into something.
  ///
  /// @throws BadField when that is not possible
  <T> Optional<T> query(String name, Function<String, T> parser) {
    return query(name)
        .map(text -> {
          try {
            return parser.apply(text);
          } catch (IllegalArgumentException bad) {
            throw new BadField("?" + name, String.valueOf(bad.getMessage()));
          }
        });
  }

  /// Refuses parameters of the query that nobody reads.
  ///
  /// @throws BadField when there is one
  void requireQuery(Set<String> known) {
    for (String name : request.query().names()) {
      if (!known.contains(name)) {
        throw new BadField(
            "?" + oneLine(name),
            known.isEmpty()
                ? "is not known here; there are no parameters"
                : "is not known here; known are " + String.join(", ", new TreeSet<>(known)));
      }
    }
  }

  Optional<String> header(HeaderName name) {
    return request.headers().first(name);
  }

  /// The body, up to a bound; what is announced to be longer is not read at all.
  ///
  /// @throws ProblemException 413 when it is longer
  byte[] body(int most) throws IOException {
    if (!request.content().hasEntity()) {
      return NOTHING;
    }
    OptionalLong announced = request.headers().contentLength();
    if (announced.isPresent() && announced.getAsLong() > most) {
      throw tooLarge(most);
    }
    // Room for what is announced and no more: most bodies are small.
    byte[] body = input().readNBytes((int) announced.orElse(most + 1L));
    if (body.length > most) {
      throw tooLarge(most);
    }
    bodyRead();
    return body;
  }

  /// The body as a stream; whoever reads to its end says so with [#bodyRead].
  InputStream input() {
    InputStream stream = input;
    if (stream == null) {
      stream = new FramedInput(request.content().inputStream());
      input = stream;
    }
    return stream;
  }

  /// The body was read to its end, so that another request may follow on this connection.
  void bodyRead() {
    bodyRead = true;
  }

  /// The time that the client has for the body.
  BodyTime bodyTime() {
    return Connection.current().bodyTime();
  }

  /// Does something that waits, and looks meanwhile whether the client is still there. The body
  /// must have been read: what comes now is the next request.
  ///
  /// @param whenGone called once, by any thread, when the client goes during the work; must not
  ///   block
  <T> T watched(Runnable whenGone, Supplier<T> work) {
    ReadAhead client = Connection.current().client();
    client.watch(whenGone);
    try {
      return work.get();
    } finally {
      client.unwatch();
    }
  }

  /// Whether the client was seen to be gone.
  ///
  /// A client that goes after this look gets an answer that nobody reads: what it is told must not
  /// depend on being heard.
  boolean isClientGone() {
    return Connection.current().client().isGone();
  }

  /// The answer has begun: what goes wrong now can only cut it off.
  void begin() {
    begun = true;
  }

  /// Whoever called may not any more, and gets no more of an answer that has begun.
  void refused(Problem problem) {
    refusal = problem.status();
  }

  /// What [#refused] was told; empty when the caller was let in to the end.
  Optional<Status> refusal() {
    return Optional.ofNullable(refusal);
  }

  boolean hasBegun() {
    return begun || response.isSent();
  }

  static ProblemException tooLarge(int most) {
    return Problem.of(
            Status.REQUEST_ENTITY_TOO_LARGE_413,
            "too-large",
            "the body must have at most " + most + " bytes")
        .with("maxBytes", most)
        .exception();
  }

  /// The body as JSON, field by field; an empty one is an empty object.
  ///
  /// @throws ProblemException 400 when it is none
  Fields fields(int most) throws IOException {
    return new Fields(object(most), "");
  }

  /// The body as JSON; an empty one is an empty object.
  ///
  /// @throws ProblemException 400 when it is none
  JsonNode object(int most) throws IOException {
    byte[] body = body(most);
    if (body.length == 0) {
      return mapper.createObjectNode();
    }
    try {
      return mapper.readTree(body);
    } catch (JacksonException bad) {
      throw malformed(bad);
    }
  }

  /// 400 for what is no JSON; says where, and never what stood there.
  static ProblemException malformed(JacksonException bad) {
    return Problem.of(Status.BAD_REQUEST_400, "malformed", "the body " + fault(bad)).exception();
  }

  /// What is wrong with a JSON, and where; never what stood there. A text of one line, as those of
  /// a bulk are, has columns and no lines.
  static String fault(JacksonException bad) {
    String what =
        String.valueOf(bad.getOriginalMessage()).startsWith("Duplicate")
            ? "has the same key twice in one object"
            : "is no valid JSON";
    var location = bad.getLocation();
    if (location == null) {
      return what;
    }
    String line = location.getLineNr() > 1 ? "line " + location.getLineNr() + ", " : "";
    return what + " at " + line + "column " + location.getColumnNr();
  }

  /// A text of somebody else that cannot pretend to be more than one line.
  static String oneLine(String text) {
    return text.replaceAll("\\p{Cntrl}+", " ");
  }

  void header(Header header) {
    response.header(header);
  }

  /// Answers with JSON.
  void send(Status status, Object json) {
    send(status, mapper.writeValueAsBytes(json));
  }

  /// Answers with JSON that is ready.
  void send(Status status, byte[] json) {
    response.status(status).header(JSON);
    begin();
    send(json);
  }

  /// Answers with a body that is ready. HEAD is answered as GET is, but for the body itself, which
  /// the client would take for the next answer.
  void send(byte[] body) {
    if (isHead()) {
      response.headers().contentLength(body.length);
      response.send();
    } else {
      response.send(body);
    }
  }

  boolean isHead() {
    return request.prologue().method().equals(Method.HEAD);
  }

  void noContent() {
    response.status(Status.NO_CONTENT_204);
    begin();
    response.send();
  }

  void send(Problem problem) {
    response.status(problem.status()).header(PROBLEM);
    send(mapper.writeValueAsBytes(problem.json()));
  }

  /// Answers with a problem, however much of the body was read. A short rest is read first; with a
  /// long one the connection ends, but not before a part of it was let pass: a client that is cut
  /// off while it sends never sees the answer.
  void refuse(Problem problem) {
    boolean unread = request.content().hasEntity() && !bodyRead;
    boolean asked = request.headers().containsToken(HeaderValues.EXPECT_100);
    if (unread && !asked && request.headers().contentLength().orElse(Long.MAX_VALUE) <= SHORT) {
      unread = !pass(SHORT);
    }
    if (!unread) {
      send(problem);
      return;
    }
    response.header(HeaderValues.CONNECTION_CLOSE);
    send(problem);
    if (!asked) {
      pass(LINGER);
    }
    // Without this the rest of the body would be read as the next request.
    throw new CloseConnectionException("the rest of a refused request is not read");
  }

  /// Reads and forgets up to so many bytes.
  ///
  /// @return whether that was all
  private boolean pass(int most) {
    try {
      InputStream rest = input();
      byte[] some = new byte[8192];
      int left = most;
      while (left > 0) {
        int read = rest.read(some, 0, Math.min(some.length, left));
        if (read < 0) {
          return true;
        }
        left -= read;
      }
      return rest.read() < 0;
    } catch (IOException | RuntimeException _) {
      // The client is gone, or had asked for the body in another way.
      return false;
    }
  }
}
