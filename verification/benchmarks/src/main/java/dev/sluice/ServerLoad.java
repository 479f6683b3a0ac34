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
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Load on a server over HTTP, from another process: `bulk PORT JOBS`, `single PORT PATH SECONDS`
/// or `overload PORT SECONDS`. Prints one figure a line.
///
/// Threading: each connection has a virtual thread of its own.
public final class ServerLoad {
  private static final int CONNECTIONS = 64;
  private static final int BULKS = 4;
  private static final int LINES = 500;
  private static final String JSON = "Content-Type: application/json\r\n";
  private static final Pattern TOKEN = Pattern.compile("\"token\":\"([^\"]+)\"");

  private ServerLoad() {}

  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[1]);
    switch (args[0]) {
      case "bulk" -> bulk(port, Integer.parseInt(args[2]));
      case "single" -> single(port, args[2], Integer.parseInt(args[3]));
      case "overload" -> overload(port, Integer.parseInt(args[2]));
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

  /// Workers at their limit, producers at about that and then at ten times as many connections.
  private static void overload(int port, int seconds) throws Exception {
    try (ExecutorService working = Executors.newVirtualThreadPerTaskExecutor()) {
      long end = System.nanoTime() + (2L * seconds + 4) * 1_000_000_000L;
      for (int i = 0; i < 2; i++) {
        var _ = working.submit(() -> work(port, end));
      }
      produce(port, CONNECTIONS / 10, 2);
      Produced one = produce(port, CONNECTIONS / 10, seconds);
      Produced ten = produce(port, CONNECTIONS / 10 * 10, seconds);
      print("accepted per second at the limit", one.accepted / seconds, "refused", one.refused());
      print("accepted per second at ten times", ten.accepted / seconds, "refused", ten.refused());
      print("ratio", Math.round(100.0 * ten.accepted / one.accepted) / 100.0);
      print("refusal p50 ms", ten.millis(0.5), "p99 ms", ten.millis(0.99));
    }
  }

  private record Produced(long accepted, List<Long> refusals) {
    int refused() {
      return refusals.size();
    }

    double millis(double share) {
      return refusals.isEmpty()
          ? 0
          : Math.round(refusals.get((int) (share * (refusals.size() - 1))) / 1e4) / 100.0;
    }
  }

  private static Produced produce(int port, int connections, int seconds) throws Exception {
    LongAdder accepted = new LongAdder();
    long end = System.nanoTime() + seconds * 1_000_000_000L;
    List<List<Long>> times =
        all(
            connections,
            () -> {
              List<Long> refusals = new ArrayList<>();
              try (Client client = new Client(port)) {
                while (System.nanoTime() < end) {
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

  /// A worker elsewhere: takes up to a hundred, and tells that they are done.
  private static Void work(int port, long end) throws IOException {
    try (Client client = new Client(port)) {
      while (System.nanoTime() < end) {
        String leased =
            client
                .post(
                    "/v1/queues/tight/jobs:lease",
                    JSON,
                    "{\"max\":100,\"lease\":\"30s\",\"wait\":\"1s\"}")
                .body();
        StringBuilder tokens = new StringBuilder();
        Matcher found = TOKEN.matcher(leased);
        while (found.find()) {
          tokens.append(tokens.isEmpty() ? "" : ",").append("{\"token\":\"");
          tokens.append(found.group(1)).append("\"}");
        }
        if (!tokens.isEmpty()) {
          client.post("/v1/leases:complete", JSON, "{\"leases\":[" + tokens + "]}");
        }
      }
    }
    return null;
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
