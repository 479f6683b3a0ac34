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
import java.nio.channels.SeekableByteChannel;
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
/// What cannot be written, on a full disk, is kept and written later; behind it a bounded number of
/// lines waits. What comes on top of that is counted and not kept.
///
/// Threading: thread-safe; the file is written by a loop of its own, so that no request waits for
/// the disk. `batch` and `complaint` are the loop's, and of `close` after its end.
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
  private final Opening opening;
  private Batch batch = Batch.NOTHING;
  private String complaint = "";
  private final Loop writing;

  /// How the file is opened, to read and to write.
  @FunctionalInterface
  interface Opening {
    SeekableByteChannel open(Path file) throws IOException;
  }

  /// Lines that are being written.
  private record Batch(String text, long lines) {
    static final Batch NOTHING = new Batch("", 0);
  }

  /// Begins to write.
  ///
  /// @param fullAt bytes after which a new file is begun
  /// @throws SluiceException when the file cannot be written
  AuditFile(Path file, long fullAt, boolean behindProxy, Environment environment) {
    this(file, fullAt, behindProxy, environment, AuditFile::open);
  }

  AuditFile(Path file, long fullAt, boolean behindProxy, Environment environment, Opening opening) {
    this.file = file;
    this.opening = opening;
    this.fullAt = fullAt;
    this.behindProxy = behindProxy;
    this.clock = environment.clock();
    try {
      append(Batch.NOTHING.text);
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
    if (batch.lines == 0) {
      batch = next();
    }
    if (batch.lines == 0) {
      return Step.WHEN_WOKEN;
    }
    long size;
    try {
      size = append(batch.text);
    } catch (IOException failure) {
      complain("the audit log cannot be written, its lines wait: " + failure);
      return AGAIN_NANOS;
    }
    batch = Batch.NOTHING;
    try {
      if (size >= fullAt) {
        rotate();
      }
      complaint = "";
    } catch (IOException failure) {
      complain("the audit log grows on, for it cannot be renamed: " + failure);
    }
    return waiting.isEmpty() ? Step.WHEN_WOKEN : Step.AT_ONCE;
  }

  private void complain(String about) {
    if (!about.equals(complaint)) {
      LOG.log(System.Logger.Level.WARNING, about);
    }
    complaint = about;
  }

  /// What is to be written next, with a line about those that were not kept.
  private Batch next() {
    List<Line> lines = new ArrayList<>();
    waiting.drainTo(lines, 1000);
    long gone = lost.getAndSet(0);
    StringBuilder text = new StringBuilder();
    lines.forEach(line -> text.append(mapper.writeValueAsString(json(line))).append('\n'));
    if (gone > 0) {
      text.append(
              mapper.writeValueAsString(
                  Map.of(
                      "time", Instant.ofEpochMilli(clock.wallMillis()).toString(), "lost", gone)))
          .append('\n');
    }
    return new Batch(text.toString(), lines.size() + (gone > 0 ? 1 : 0));
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

  private static SeekableByteChannel open(Path file) throws IOException {
    return FileChannel.open(
        file,
        Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
        TokenFile.ownerOnly("rw-------"));
  }

  /// Writes all of it or, as far as the disk allows, nothing.
  ///
  /// @return the size of the file
  private long append(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    try (SeekableByteChannel channel = opening.open(file)) {
      long before = channel.size();
      try {
        if (bytes.length > 0 && isTorn(channel)) {
          write(channel, new byte[] {'\n'});
        }
        channel.position(channel.size());
        write(channel, bytes);
      } catch (IOException failure) {
        truncate(channel, before, failure);
        throw failure;
      }
      return channel.size();
    }
  }

  /// Whether the file ends within a line: the process or the machine ended while it was written.
  private static boolean isTorn(SeekableByteChannel channel) throws IOException {
    long size = channel.size();
    if (size == 0) {
      return false;
    }
    ByteBuffer last = ByteBuffer.allocate(1);
    channel.position(size - 1);
    return channel.read(last) == 1 && last.get(0) != '\n';
  }

  private static void write(SeekableByteChannel channel, byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  /// A half that cannot be taken back is no worse than one that a crash leaves.
  private static void truncate(SeekableByteChannel channel, long size, IOException failure) {
    try {
      channel.truncate(size);
    } catch (IOException alsoNot) {
      failure.addSuppressed(alsoNot);
    }
  }

  /// Moves only as many as have to make room: a rotation that failed half-way, and is tried again,
  /// pushes nothing out.
  private void rotate() throws IOException {
    int free = 1;
    while (free < KEPT && Files.exists(numbered(free))) {
      free++;
    }
    for (int number = free - 1; number >= 1; number--) {
      Files.move(numbered(number), numbered(number + 1), StandardCopyOption.REPLACE_EXISTING);
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
    long next = Step.AT_ONCE;
    while (next == Step.AT_ONCE) {
      next = step();
    }
    long left = batch.lines + waiting.size() + lost.get();
    if (left > 0) {
      LOG.log(
          System.Logger.Level.WARNING,
          "the audit log ends without " + left + " lines that could not be written");
    }
  }
}
