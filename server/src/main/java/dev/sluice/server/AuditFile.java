package dev.sluice.server;

import dev.sluice.engine.Environment;
import dev.sluice.engine.Environment.Loop;
import dev.sluice.engine.Environment.Step;
import dev.sluice.job.SluiceException;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import tools.jackson.databind.json.JsonMapper;

/// One file of the audit log: JSON lines that are only appended to. When it is full it becomes
/// `.1`, what was that becomes `.2`, and what was `.5` goes: five full ones are kept beside the one
/// that is written.
///
/// Threading: thread-safe; the file is written by a loop of its own, so that no request waits for
/// the disk. What comes faster than it can be written is counted and not kept.
final class AuditFile implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("dev.sluice.server.audit");
  private static final int KEPT = 5;
  private static final int MOST_WAITING = 10_000;
  private static final int LONGEST_PATH = 512;
  private static final long AGAIN_NANOS = 1_000_000_000;

  private record Line(
      long millis, String caller, String from, String method, String path, int status) {}

  private final Path file;
  private final long fullAt;
  private final boolean behindProxy;
  private final Environment.Clock clock;
  private final JsonMapper mapper = JsonMapper.builder().build();
  private final BlockingQueue<Line> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
  private final AtomicLong lost = new AtomicLong();
  private final Loop writing;

  /// Begins to write.
  ///
  /// @param fullAt bytes after which a new file is begun
  /// @throws SluiceException when the file cannot be written
  AuditFile(Path file, long fullAt, boolean behindProxy, Environment environment) {
    this.file = file;
    this.fullAt = fullAt;
    this.behindProxy = behindProxy;
    this.clock = environment.clock();
    try {
      append(new byte[0]);
    } catch (IOException failure) {
      throw new SluiceException("audit: cannot write to " + file + ": " + failure, failure);
    }
    writing = environment.threads().loop("sluice-audit", this::step);
  }

  void record(String caller, Route route, ServerRequest request, Status status) {
    record(
        caller,
        from(request),
        request.prologue().method().text(),
        route.shown(request),
        status.code());
  }

  void record(String caller, String from, String method, String path, int status) {
    String cut = path.length() <= LONGEST_PATH ? path : path.substring(0, LONGEST_PATH) + "...";
    if (waiting.offer(new Line(clock.wallMillis(), caller, from, method, cut, status))) {
      writing.wake();
    } else {
      lost.incrementAndGet();
    }
  }

  /// The address of the client; behind a proxy the one that the proxy saw, which is the last.
  private String from(ServerRequest request) {
    if (behindProxy) {
      List<String> forwarded = request.headers().values(HeaderNames.X_FORWARDED_FOR);
      if (!forwarded.isEmpty()) {
        String last = forwarded.getLast().strip();
        return last.length() <= 64 ? last : last.substring(0, 64);
      }
    }
    // The host of the peer is a name where TLS asked for one.
    return request.remotePeer().address() instanceof InetSocketAddress peer
            && peer.getAddress() != null
        ? peer.getAddress().getHostAddress()
        : request.remotePeer().host();
  }

  private long step() {
    List<Line> lines = new ArrayList<>();
    waiting.drainTo(lines, 1000);
    long gone = lost.getAndSet(0);
    if (lines.isEmpty() && gone == 0) {
      return Step.WHEN_WOKEN;
    }
    StringBuilder text = new StringBuilder();
    lines.forEach(line -> text.append(mapper.writeValueAsString(json(line))).append('\n'));
    if (gone > 0) {
      text.append(
              mapper.writeValueAsString(
                  Map.of(
                      "time", Instant.ofEpochMilli(clock.wallMillis()).toString(), "lost", gone)))
          .append('\n');
    }
    try {
      append(text.toString().getBytes(StandardCharsets.UTF_8));
    } catch (IOException failure) {
      lost.addAndGet(lines.size() + gone);
      LOG.log(System.Logger.Level.WARNING, "the audit log cannot be written: " + failure);
      return AGAIN_NANOS;
    }
    return waiting.isEmpty() ? Step.WHEN_WOKEN : Step.AT_ONCE;
  }

  private static Map<String, Object> json(Line line) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("time", Instant.ofEpochMilli(line.millis).toString());
    json.put("caller", line.caller);
    json.put("from", line.from);
    json.put("method", line.method);
    json.put("path", line.path);
    json.put("status", line.status);
    return json;
  }

  private void append(byte[] bytes) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.APPEND),
            TokenFile.ownerOnly("rw-------"))) {
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      if (channel.size() < fullAt) {
        return;
      }
    }
    for (int number = KEPT - 1; number >= 1; number--) {
      if (Files.exists(numbered(number))) {
        Files.move(numbered(number), numbered(number + 1), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    Files.move(file, numbered(1), StandardCopyOption.REPLACE_EXISTING);
  }

  private Path numbered(int number) {
    return file.resolveSibling(file.getFileName() + "." + number);
  }

  /// Writes what waits, and ends.
  @Override
  public void close() {
    writing.stop();
    while (!waiting.isEmpty() && step() == Step.AT_ONCE) {}
  }
}
