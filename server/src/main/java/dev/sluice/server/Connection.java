package dev.sluice.server;

import dev.sluice.engine.Environment;
import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.concurrency.limits.LimitAlgorithm;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One connection whose client has to keep up: each wait for its bytes, or for it to take ours, has
/// a deadline that depends on what the connection is doing.
///
/// Threading: confined to the connection's thread, but for `check` and `close`, and for `take`,
/// which [ReadAhead] calls in turn with it.
final class Connection implements ServerConnection {
  /// What the server is waiting for when it reads.
  private enum Stage {
    IDLE,
    HEAD,
    BODY
  }

  /// The connection whose request a thread answers.
  private static final ScopedValue<Connection> CURRENT = ScopedValue.newInstance();

  private final ConnectionContext context;
  private final Connections connections;
  private final HttpLimits limits;
  private final Environment.Clock clock;
  private final String address;
  private final DataReader reader;
  private final ReadAhead client;
  private final Watched watched;
  private final ServerConnection http;
  private final Deadline reading = new Deadline();
  private final Deadline writing = new Deadline();
  private final BodyTime bodyTime;

  private Stage stage = Stage.IDLE;
  private long headSinceNanos;

  Connection(
      ConnectionContext context,
      ServerConnectionSelector http,
      Connections connections,
      HttpLimits limits,
      Environment environment) {
    this.context = context;
    this.connections = connections;
    this.limits = limits;
    this.clock = environment.clock();
    this.bodyTime = new BodyTime(limits);
    this.address = context.remotePeer().host();
    this.client = new ReadAhead(this::take, environment.threads());
    this.reader = DataReader.create(this::read);
    this.watched = new Watched(context, reader, new TimedWriter());
    this.http = http.connection(watched);
  }

  /// The connection whose request this thread answers.
  static Connection current() {
    return CURRENT.get();
  }

  String address() {
    return address;
  }

  /// The client, while the request under way waits: its body must have been read.
  ReadAhead client() {
    return client;
  }

  /// The time that is left for the body of the request under way.
  BodyTime bodyTime() {
    return bodyTime;
  }

  void check(long nowNanos) {
    reading.check(nowNanos);
    writing.check(nowNanos);
  }

  @Override
  public void handle(Limit limit) throws InterruptedException {
    connections.opened(this);
    try {
      ScopedValue.where(CURRENT, this)
          .<@Nullable Object, InterruptedException>call(() -> {
            http.handle(new Requests(limit));
            return null;
          });
    } finally {
      connections.closed(this);
    }
  }

  /// Idle connections are ended by their deadline, not by Helidon's own timer.
  @Override
  public Duration idleTime() {
    return Duration.ZERO;
  }

  @Override
  public void close(boolean interrupt) {
    http.close(interrupt);
  }

  // DataReader takes null for the end of the stream and its annotations do not say so.
  @SuppressWarnings("NullAway")
  private byte[] read() {
    long now = clock.monotonicNanos();
    if (stage == Stage.IDLE && reader.available() > 0) {
      beginHead(now);
    }
    byte[] bytes = reading.call(until(now), client::read);
    int length = bytes == null ? 0 : bytes.length;
    switch (stage) {
      case IDLE -> beginHead(clock.monotonicNanos());
      case HEAD -> {}
      case BODY -> bodyTime.came(length, clock.monotonicNanos() - now);
    }
    return bytes;
  }

  private byte @Nullable [] take() {
    DataReader inner = context.dataReader();
    try {
      inner.ensureAvailable();
    } catch (DataReader.InsufficientDataAvailableException end) {
      return null;
    }
    return inner.readBytes(inner.available());
  }

  private void beginHead(long now) {
    stage = Stage.HEAD;
    headSinceNanos = now;
  }

  private long until(long now) {
    return switch (stage) {
      case IDLE -> now + limits.idle().toNanos();
      case HEAD -> headSinceNanos + limits.headerTime().toNanos();
      case BODY -> now + bodyTime.leftNanos();
    };
  }

  /// The end of a request. Helidon 4.5 tells the client that the connection ends and goes on
  /// reading: what is left of a body would then be taken for the next request.
  private void endRequest() {
    stage = Stage.IDLE;
    if (watched.endsHere()) {
      throw new CloseConnectionException("The last answer of this connection was sent");
    }
  }

  /// Tells when a request begins, after its headers, and when it ends.
  private final class Requests implements Limit {
    private final Limit limit;

    Requests(Limit limit) {
      this.limit = limit;
    }

    @Override
    public Outcome tryAcquireOutcome(boolean wait) {
      Outcome outcome = limit.tryAcquireOutcome(wait);
      if (!(outcome instanceof Outcome.Accepted accepted)) {
        return outcome;
      }
      stage = Stage.BODY;
      bodyTime.begin();
      return Outcome.immediateAcceptance(
          outcome.originName(), outcome.algorithmType(), new Ended(accepted.token()));
    }

    // Helidon asks for an outcome; its interface still wants these two.
    @SuppressWarnings("removal")
    @Override
    public Optional<Token> tryAcquire() {
      return limit.tryAcquire();
    }

    @SuppressWarnings("removal") // as above
    @Override
    public Optional<Token> tryAcquire(boolean wait) {
      return limit.tryAcquire(wait);
    }

    @Override
    public Limit copy() {
      return new Requests(limit.copy());
    }

    @Override
    public String name() {
      return limit.name();
    }

    @Override
    public String type() {
      return limit.type();
    }
  }

  private final class Ended implements LimitAlgorithm.Token {
    private final LimitAlgorithm.Token token;

    Ended(LimitAlgorithm.Token token) {
      this.token = token;
    }

    @Override
    public void dropped() {
      token.dropped();
    }

    @Override
    public void ignore() {
      token.ignore();
    }

    @Override
    public void success() {
      token.success();
      endRequest();
    }
  }

  /// The connection's writer, with a deadline for each write.
  private final class TimedWriter implements DataWriter {
    @Override
    public void write(BufferData... buffers) {
      timed(length(buffers), () -> context.dataWriter().write(buffers));
    }

    @Override
    public void write(BufferData buffer) {
      timed(buffer.available(), () -> context.dataWriter().write(buffer));
    }

    @Override
    public void writeNow(BufferData... buffers) {
      timed(length(buffers), () -> context.dataWriter().writeNow(buffers));
    }

    @Override
    public void writeNow(BufferData buffer) {
      timed(buffer.available(), () -> context.dataWriter().writeNow(buffer));
    }

    @Override
    public void flush() {
      timed(0, () -> context.dataWriter().flush());
    }

    @Override
    public void close() {
      context.dataWriter().close();
    }

    private static int length(BufferData... buffers) {
      int length = 0;
      for (BufferData buffer : buffers) {
        length += buffer.available();
      }
      return length;
    }

    private void timed(int bytes, Runnable write) {
      long until = clock.monotonicNanos() + limits.writeTime().toNanos() + limits.nanosFor(bytes);
      writing.<@Nullable Object>call(
          until,
          () -> {
            write.run();
            return null;
          });
    }
  }
}
