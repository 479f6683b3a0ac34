package dev.sluice.rabbitmq;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.BlockedListener;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.impl.DefaultExceptionHandler;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.EngineUnavailableException.Kind;
import dev.sluice.engine.Environment;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// One connection to the broker, which is made anew when it is lost: after a pause that doubles
/// from 100 ms to 10 s, with jitter.
///
/// A write to a broker that does not read blocks for as long as it likes. So everything that writes
/// does so under a [Watch]; when that lasts too long, the socket is cut, and the writer fails.
///
/// Threading: thread-safe. One loop connects and watches; `onConnected` is called from it.
final class Link {
  private static final System.Logger LOG = System.getLogger("dev.sluice.rabbitmq");
  private static final long TICK_NANOS = 200_000_000;
  private static final long FIRST_PAUSE_NANOS = 100_000_000;
  private static final long LONGEST_PAUSE_NANOS = 10_000_000_000L;
  private static final int HEARTBEAT_SECONDS = 15;
  private static final String SILENT = "the broker does not answer";

  /// A question that times out by itself is not the connection's fault.
  private static final Duration MARGIN = Duration.ofSeconds(1);

  private static final Duration CLOSE = Duration.ofSeconds(1);

  private final String name;
  private final RabbitUrl url;
  private final Transport transport;
  private final Environment environment;
  private final Duration limit;
  private final Runnable onConnected;
  private final Map<Long, Long> watched = new ConcurrentHashMap<>();
  private final AtomicLong watches = new AtomicLong();
  private volatile @Nullable Connection connection;
  private volatile @Nullable Socket socket;
  private volatile @Nullable String failure;
  private volatile @Nullable String blocked;

  private final Hearing hearing;
  private final AtomicBoolean probing = new AtomicBoolean();
  private volatile boolean closed;
  private volatile Environment.@Nullable Loop loop;

  /// Confined to the loop.
  private long pauseNanos = FIRST_PAUSE_NANOS;

  private long nextTryNanos;

  Link(
      String name,
      RabbitUrl url,
      Transport transport,
      Environment environment,
      Duration limit,
      Runnable onConnected) {
    this.name = name;
    this.url = url;
    this.transport = transport;
    this.environment = environment;
    this.limit = limit;
    this.onConnected = onConnected;
    hearing = new Hearing(environment.clock());
  }

  /// Connects for the first time, and from then on by itself.
  ///
  /// @throws EngineUnavailableException with the reason, when there is no connection to be had
  void open() {
    connect();
    if (connection == null) {
      throw unavailable();
    }
    loop = environment.threads().loop("sluice-rabbitmq-" + name, this::step);
  }

  /// The connection.
  ///
  /// @throws EngineUnavailableException with the reason, when there is none
  Connection connection() {
    Connection current = connection;
    if (current == null || !current.isOpen()) {
      throw unavailable();
    }
    requireHeard();
    return current;
  }

  /// @throws EngineUnavailableException while the broker is silent: one who waits for it is enough
  void requireHeard() {
    if (hearing.isSilent()) {
      throw new EngineUnavailableException(Kind.UNREACHABLE, SILENT);
    }
  }

  boolean isConnected() {
    Connection current = connection;
    return current != null && current.isOpen();
  }

  /// Why the broker takes no messages on this connection; null when it does.
  @Nullable String blocked() {
    return blocked;
  }

  Optional<String> trouble() {
    if (!isConnected()) {
      return Optional.of(lostSentence());
    }
    return Optional.ofNullable(blocked)
        .or(() -> hearing.isSilent() ? Optional.of(SILENT) : Optional.empty());
  }

  /// Takes down that an answer is overdue. A silent broker is asked again and again, and nobody
  /// else waits for it. Only the heartbeat, or a write that is stuck, ends the connection, for
  /// leases hang on it.
  ///
  /// @param askedNanos when it was asked for
  void unanswered(long askedNanos) {
    hearing.unanswered(askedNanos);
    Environment.Loop running = loop;
    if (running != null) {
      running.wake();
    }
  }

  private void probe() {
    Connection current = connection;
    if (current == null || !probing.compareAndSet(false, true)) {
      return;
    }
    environment
        .threads()
        .handler(
            "sluice-rabbitmq-probe",
            () -> {
              try {
                Optional<Channel> opened = call(current::openChannel);
                if (opened.isPresent()) {
                  end(opened.get());
                }
              } catch (IOException | AlreadyClosedException _) {
                // Then it is still silent, or the connection has ended.
              } finally {
                probing.set(false);
              }
            });
  }

  private EngineUnavailableException unavailable() {
    return new EngineUnavailableException(Kind.UNREACHABLE, lostSentence());
  }

  private String lostSentence() {
    String known = failure;
    String why = known == null ? endWords() : known;
    return "no connection to "
        + url.shown()
        + (why == null ? "" : ": " + why)
        + (loop == null ? "" : "; trying again");
  }

  /// Whoever hangs on the connection hears of its end before [#ended] does.
  private @Nullable String endWords() {
    Connection current = connection;
    ShutdownSignalException end = current == null ? null : current.getCloseReason();
    return end == null ? null : Sentences.of(end, url);
  }

  long nowNanos() {
    return environment.clock().monotonicNanos();
  }

  /// Watches whoever writes now. To be closed when it is done. For one write or one question, and
  /// never while something else is waited for: whatever hangs on this connection ends with it.
  Watch watch() {
    return watch(limit.plus(MARGIN));
  }

  /// Something that the broker is told or asked.
  interface Call<T> {
    T make() throws IOException;
  }

  /// Makes a call, watched.
  <T> T call(Call<T> call) throws IOException {
    long asked = environment.clock().monotonicNanos();
    try (Watch _ = watch()) {
      return call.make();
    } catch (IOException failure) {
      if (Sentences.isTimeout(failure)) {
        unanswered(asked);
      }
      throw failure;
    }
  }

  /// Opens a channel.
  ///
  /// @throws EngineUnavailableException with the reason, when there is no connection
  Channel openChannel() throws IOException {
    return call(() -> connection().openChannel())
        .orElseThrow(() -> new IOException("the broker gives no more channels"));
  }

  /// Closes a channel, if it is open. Waits for the broker, but not when it owes an answer already:
  /// whoever waited for that one has waited enough.
  void closeChannel(Channel channel) throws IOException {
    if (hearing.isSilent()) {
      abandon(channel);
    } else {
      end(channel);
    }
  }

  /// Closes a channel and does not wait for it.
  void abandon(Channel channel) {
    environment
        .threads()
        .handler(
            "sluice-rabbitmq-abandon",
            () -> {
              try {
                end(channel);
              } catch (IOException | AlreadyClosedException _) {
                // It is closed then.
              }
            });
  }

  private void end(Channel channel) throws IOException {
    if (channel.isOpen()) {
      var _ =
          call(() -> {
            channel.abort();
            return true;
          });
    }
  }

  /// Gives back what was taken on a channel and not acknowledged, and closes it. In a word and not
  /// by the end of the channel alone: queues hear of that some time later, and who looks meanwhile
  /// finds them empty.
  void giveBack(Channel channel) throws IOException {
    try {
      if (channel.isOpen()) {
        try (Watch _ = watch()) {
          channel.basicNack(0, true, true);
        }
      }
    } catch (AlreadyClosedException _) {
      // Then they are given back by its end.
    } finally {
      closeChannel(channel);
    }
  }

  /// Waits so long whatever happens. An interrupt ends nothing, and stays set.
  void pause(long nanos) {
    boolean interrupted = false;
    long until = nowNanos() + nanos;
    for (long left = nanos; left > 0; left = until - nowNanos()) {
      LockSupport.parkNanos(this, left);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private Watch watch(Duration time) {
    long ticket = watches.incrementAndGet();
    watched.put(ticket, environment.clock().monotonicNanos() + time.toNanos());
    return () -> watched.remove(ticket);
  }

  /// Gathers what is written until the end of it, where the socket can: not with TLS, whose records
  /// gather nothing.
  Cork cork() {
    return socket instanceof CorkedSocket corked ? corked.cork() : () -> {};
  }

  /// The time in which writes are gathered.
  interface Cork extends AutoCloseable {
    @Override
    void close() throws IOException;
  }

  /// The time in which somebody must have written what he writes.
  interface Watch extends AutoCloseable {
    @Override
    void close();
  }

  private long step() {
    long now = environment.clock().monotonicNanos();
    if (closed || isConnected()) {
      cutWhenStuck(now);
      // One that is blocked says so when it takes again, and answers nothing until then.
      if (hearing.isToBeAsked(now) && blocked == null && !closed) {
        probe();
      }
      return TICK_NANOS;
    }
    if (now - nextTryNanos < 0) {
      return Math.min(TICK_NANOS, nextTryNanos - now);
    }
    connect();
    if (isConnected()) {
      LOG.log(Level.INFO, "the {0} connection to {1} is there again", name, url.shown());
      pauseNanos = FIRST_PAUSE_NANOS;
      return TICK_NANOS;
    }
    nextTryNanos =
        environment.clock().monotonicNanos()
            + pauseNanos / 2
            + environment.random().nextLong(pauseNanos / 2 + 1);
    pauseNanos = Math.min(LONGEST_PAUSE_NANOS, pauseNanos * 2);
    return Environment.Step.AT_ONCE;
  }

  private void cutWhenStuck(long nowNanos) {
    if (watched.values().stream().anyMatch(deadline -> nowNanos - deadline > 0)) {
      failure = "the broker does not read what is sent to it";
      cut();
    }
  }

  private void cut() {
    Socket current = socket;
    if (current == null) {
      return;
    }
    try {
      // Without this a TLS socket waits for a writer that is stuck.
      current.setSoLinger(true, 0);
      current.close();
    } catch (IOException _) {
      // It is closed then.
    }
  }

  private void connect() {
    try {
      Connection made = factory().newConnection("sluice " + name);
      made.addBlockedListener(new Blocking());
      made.addShutdownListener(this::ended);
      connection = made;
      if (closed || !made.isOpen()) {
        cut();
        return;
      }
      blocked = null;
      hearing.heard();
      failure = null;
      onConnected.run();
    } catch (IOException | TimeoutException | RuntimeException refused) {
      failure = Sentences.of(refused, url);
    }
  }

  private ConnectionFactory factory() {
    int millis = Math.toIntExact(limit.toMillis());
    ConnectionFactory factory = new ConnectionFactory();
    factory.setHost(url.host());
    factory.setPort(url.port());
    factory.setUsername(url.user());
    factory.setPassword(url.password());
    factory.setVirtualHost(url.vhost());
    factory.setAutomaticRecoveryEnabled(false);
    factory.setTopologyRecoveryEnabled(false);
    factory.setConnectionTimeout(millis);
    factory.setHandshakeTimeout(millis);
    factory.setChannelRpcTimeout(millis);
    factory.setShutdownTimeout(1_000);
    factory.setRequestedHeartbeat(HEARTBEAT_SECONDS);
    factory.setExceptionHandler(new Defects());
    factory.setThreadFactory(named(factory.getThreadFactory()));
    factory.setSocketConfigurator(this::configure);
    factory.setTrafficListener(hearing);
    transport.carry(factory);
    return factory;
  }

  private void configure(Socket made) throws SocketException {
    made.setTcpNoDelay(true);
    socket = made;
  }

  private ThreadFactory named(ThreadFactory made) {
    return body -> {
      Thread thread = made.newThread(body);
      thread.setName("sluice-rabbitmq-" + name + "-client");
      thread.setDaemon(true);
      return thread;
    };
  }

  private void ended(ShutdownSignalException signal) {
    blocked = null;
    if (!closed) {
      String known = failure;
      String why = known == null ? Sentences.of(signal, url) : known;
      failure = why;
      LOG.log(Level.WARNING, "the {0} connection to {1} is lost: {2}", name, url.shown(), why);
    }
    Environment.Loop current = loop;
    if (current != null) {
      current.wake();
    }
  }

  /// Ends the connection for good, within about a second.
  void close() {
    closed = true;
    Connection current = connection;
    if (current != null && current.isOpen()) {
      try (Watch _ = watch(CLOSE)) {
        current.abort(Math.toIntExact(CLOSE.toMillis()));
      }
    }
    cut();
    Environment.Loop running = loop;
    if (running != null) {
      running.stop();
    }
  }

  /// A connection that ends is told where it is noticed, once and in words.
  ///
  /// Threading: immutable.
  private static final class Defects extends DefaultExceptionHandler {
    @Override
    public void handleUnexpectedConnectionDriverException(Connection ended, Throwable why) {
      LOG.log(Level.DEBUG, "a connection ended", why);
    }
  }

  /// Threading: as the link.
  private final class Blocking implements BlockedListener {
    @Override
    public void handleBlocked(String reason) {
      blocked = Sentences.blocked(reason);
      LOG.log(Level.WARNING, "{0} takes no messages: {1}", url.shown(), reason);
    }

    @Override
    public void handleUnblocked() {
      blocked = null;
      LOG.log(Level.INFO, "{0} takes messages again", url.shown());
    }
  }
}
