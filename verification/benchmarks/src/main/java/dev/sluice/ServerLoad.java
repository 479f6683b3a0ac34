package dev.sluice;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Load on a server over HTTP, from another process: `bulk PORT JOBS`, `single PORT PATH SECONDS`,
/// `overload PORT SECONDS`, or `work PORT` until it is ended. Prints one figure a line.
///
/// Threading: each connection has a virtual thread of its own.
public final class ServerLoad {
  private static final int CONNECTIONS = 64;
  private static final int BULKS = 4;
  private static final int LINES = 500;

  /// What the workers could do at most is 100 jobs in 50 ms each, 4,000 a second.
  private static final int WORKERS = 2;

  private static final int LEASED = 100;
  private static final long WORK_NANOS = 50_000_000;

  /// More than the workers can do, and not much more.
  private static final int ENOUGH = 6_000;

  private static final String JSON = "Content-Type: application/json\r\n";
  private static final Pattern TOKEN = Pattern.compile("\"token\":\"([^\"]+)\"");

  private ServerLoad() {}

  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[1]);
    switch (args[0]) {
      case "bulk" -> bulk(port, Integer.parseInt(args[2]));
      case "single" -> single(port, args[2], Integer.parseInt(args[3]));
      case "overload" -> overload(port, Integer.parseInt(args[2]));
      case "work" -> all(WORKERS, () -> work(port));
      default -> throw new IllegalArgumentException("unknown: " + args[0]);
    }
  }

  /// One connection, kept alive; requests and answers in turn.
  private static final class Client implements AutoCloseable {
    private final Socket socket;
    private final BufferedInputStream in;
    private final OutputStream out;
    private final int port;

    Client(int port) throws IOException {
      this.port = port;
      socket = new Socket(InetAddress.getLoopbackAddress(), port);
      socket.setTcpNoDelay(true);
      in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
      out = socket.getOutputStream();
    }

    record Answer(int status, String body) {}

    Answer post(String path, String headers, String body) throws IOException {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      send(path, headers + "Content-Length: " + bytes.length + "\r\n", bytes);
      int status = Integer.parseInt(line().substring(9, 12));
      int length = 0;
      for (String header = line(); !header.isEmpty(); header = line()) {
        if (header.regionMatches(true, 0, "content-length:", 0, 15)) {
          length = Integer.parseInt(header.substring(15).strip());
        }
      }
      return new Answer(status, new String(in.readNBytes(length), StandardCharsets.UTF_8));
    }

    void send(String path, String headers, byte[] body) throws IOException {
      ByteArrayOutputStream whole = new ByteArrayOutputStream(body.length + 256);
      String front =
          "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\n" + headers + "\r\n";
      whole.writeBytes(front.getBytes(StandardCharsets.US_ASCII));
      whole.writeBytes(body);
      out.write(whole.toByteArray());
    }

    String line() throws IOException {
      StringBuilder line = new StringBuilder();
      for (int c = in.read(); c != '\n'; c = in.read()) {
        if (c < 0) {
          throw new EOFException("the server ended the connection");
        }
        if (c != '\r') {
          line.append((char) c);
        }
      }
      return line.toString();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  /// Streams NDJSON on a few connections and counts the lines that say that a job was taken.
  private static void bulk(int port, int jobs) throws Exception {
    String line = "{\"payload\":\"" + "x".repeat(198) + "\"}\n";
    byte[] chunk = line.repeat(LINES).getBytes(StandardCharsets.US_ASCII);
    int chunks = jobs / LINES / BULKS;
    long begun = System.nanoTime();
    long taken =
        sum(
            BULKS,
            () -> {
              try (Client client = new Client(port)) {
                String headers =
                    "Content-Type: application/x-ndjson\r\nContent-Length: "
                        + (long) chunk.length * chunks
                        + "\r\nConnection: close\r\n";
                client.send("/v1/queues/bulk/jobs", headers, new byte[0]);
                Thread sender =
                    Thread.startVirtualThread(() -> {
                      try {
                        for (int i = 0; i < chunks; i++) {
                          client.out.write(chunk);
                        }
                      } catch (IOException gone) {
                        throw new java.io.UncheckedIOException(gone);
                      }
                    });
                byte[] buffer = new byte[1 << 16];
                long accepted = 0;
                int matched = 0;
                byte[] word = "{\"id\":\"".getBytes(StandardCharsets.US_ASCII);
                for (int got = client.in.read(buffer); got >= 0; got = client.in.read(buffer)) {
                  for (int i = 0; i < got; i++) {
                    matched =
                        buffer[i] == word[matched] ? matched + 1 : buffer[i] == word[0] ? 1 : 0;
                    if (matched == word.length) {
                      accepted++;
                      matched = 0;
                    }
                  }
                }
                sender.join();
                return accepted;
              }
            });
    print("bulk accepted", taken, "of", (long) chunks * LINES * BULKS);
    print("bulk per second", Math.round(taken * 1e9 / (System.nanoTime() - begun)));
  }

  /// One job a request, each connection waiting for its answer.
  private static void single(int port, String path, int seconds) throws Exception {
    long end = System.nanoTime() + seconds * 1_000_000_000L;
    long taken =
        sum(
            CONNECTIONS,
            () -> {
              long accepted = 0;
              try (Client client = new Client(port)) {
                while (System.nanoTime() < end) {
                  if (client.post(path, JSON, "{\"payload\":1}").status() != 202) {
                    throw new IllegalStateException("refused");
                  }
                  accepted++;
                }
              }
              return accepted;
            });
    print("single per second", taken / seconds);
  }

  /// Producers a bit faster than the workers, and then ten times as fast as these.
  private static void overload(int port, int seconds) throws Exception {
    produce(port, ENOUGH, 2);
    Produced enough = produce(port, ENOUGH, seconds);
    long peak = enough.accepted / seconds;
    Produced ten = produce(port, 10 * peak, seconds);
    print("peak accepted per second", peak, "of", enough.asked() / seconds);
    print("accepted per second at ten times", ten.accepted / seconds, "of", ten.asked() / seconds);
    print("ratio", Math.round(100.0 * ten.accepted / enough.accepted) / 100.0);
    print("refusal p50 ms", ten.millis(0.5), "p99 ms", ten.millis(0.99));
  }

  private record Produced(long accepted, List<Long> refusals) {
    long asked() {
      return accepted + refusals.size();
    }

    double millis(double share) {
      return refusals.isEmpty()
          ? 0
          : Math.round(refusals.get((int) (share * (refusals.size() - 1))) / 1e4) / 100.0;
    }
  }

  /// Asks so often a second, as long as the connections are quick enough for that.
  private static Produced produce(int port, long perSecond, int seconds) throws Exception {
    LongAdder accepted = new LongAdder();
    long end = System.nanoTime() + seconds * 1_000_000_000L;
    long pauseNanos = CONNECTIONS * 1_000_000_000L / perSecond;
    List<List<Long>> times =
        all(
            CONNECTIONS,
            () -> {
              List<Long> refusals = new ArrayList<>();
              try (Client client = new Client(port)) {
                long due = System.nanoTime() + ThreadLocalRandom.current().nextLong(pauseNanos);
                for (long now = due; now < end; now = System.nanoTime(), due += pauseNanos) {
                  LockSupport.parkNanos(due - now);
                  long begun = System.nanoTime();
                  int status =
                      client.post("/v1/queues/tight/jobs", JSON, "{\"payload\":1}").status();
                  if (status == 202) {
                    accepted.increment();
                  } else {
                    refusals.add(System.nanoTime() - begun);
                  }
                }
              }
              return refusals;
            });
    List<Long> refusals = times.stream().flatMap(List::stream).sorted().toList();
    return new Produced(accepted.sum(), refusals);
  }

  /// A worker elsewhere: takes what it can get, is busy with it for a while, and tells that it is
  /// done.
  private static Void work(int port) throws IOException {
    String lease = "{\"max\":" + LEASED + ",\"lease\":\"30s\",\"wait\":\"1s\"}";
    try (Client client = new Client(port)) {
      for (; ; ) {
        String leased = client.post("/v1/queues/tight/jobs:lease", JSON, lease).body();
        StringBuilder tokens = new StringBuilder();
        Matcher found = TOKEN.matcher(leased);
        while (found.find()) {
          tokens.append(tokens.isEmpty() ? "" : ",").append("{\"token\":\"");
          tokens.append(found.group(1)).append("\"}");
        }
        if (!tokens.isEmpty()) {
          LockSupport.parkNanos(WORK_NANOS);
          client.post("/v1/leases:complete", JSON, "{\"leases\":[" + tokens + "]}");
        }
      }
    }
  }

  private static long sum(int threads, Callable<Long> work) throws Exception {
    return all(threads, work).stream().mapToLong(Long::longValue).sum();
  }

  private static <T> List<T> all(int threads, Callable<T> work) throws Exception {
    try (ExecutorService running = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<T>> futures = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        futures.add(running.submit(work));
      }
      List<T> results = new ArrayList<>();
      for (Future<T> future : futures) {
        results.add(future.get());
      }
      return results;
    } catch (ExecutionException failed) {
      throw new IllegalStateException("a client failed", failed.getCause());
    }
  }

  private static void print(Object... words) {
    StringBuilder line = new StringBuilder();
    for (Object word : words) {
      line.append(line.isEmpty() ? "" : " ").append(word);
    }
    System.out.println(line);
  }
}
