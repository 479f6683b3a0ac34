package dev.sluice.webhook;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// An HTTP server on the loopback address that answers byte for byte what a test wants, also what
/// no sane server would.
///
/// Threading: thread-safe; a virtual thread accepts, one more serves each connection.
final class LocalTarget implements AutoCloseable {
  /// A request as it came.
  @SuppressWarnings("ArrayRecordComponent") // Requests are not compared.
  record Request(String line, List<String> head, byte[] body) {
    Optional<String> header(String name) {
      List<String> found = headers().getOrDefault(name, List.of());
      return found.stream().findFirst();
    }

    Map<String, List<String>> headers() {
      Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
      for (String field : head) {
        int colon = field.indexOf(':');
        headers
            .computeIfAbsent(field.substring(0, colon), _ -> new ArrayList<>())
            .add(field.substring(colon + 1).strip());
      }
      return headers;
    }
  }

  /// Writes the answer. The connection is kept when it returns and closed when it throws.
  @FunctionalInterface
  interface Script {
    void answer(Request request, OutputStream out) throws Exception;
  }

  /// What is done with a connection before its first request.
  @FunctionalInterface
  interface Greeting {
    void greet(Socket socket) throws IOException;
  }

  private final ServerSocket server;
  private final Script script;
  private final Greeting greeting;
  private final Thread acceptor;
  private final AtomicInteger connections = new AtomicInteger();
  private final Queue<Socket> open = new ConcurrentLinkedQueue<>();
  private final BlockingQueue<Request> requests = new LinkedBlockingQueue<>();

  LocalTarget(Script script) throws IOException {
    this(new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1")), script);
  }

  LocalTarget(ServerSocket server, Script script) {
    this(server, script, _ -> {});
  }

  LocalTarget(ServerSocket server, Script script, Greeting greeting) {
    this.server = server;
    this.script = script;
    this.greeting = greeting;
    acceptor = Thread.ofVirtual().start(this::accept);
  }

  /// A server that answers each request with the same text; `\n` stands for the line ends of HTTP.
  static LocalTarget answering(String response) throws IOException {
    return new LocalTarget((_, out) -> write(out, response));
  }

  static void write(OutputStream out, String text) throws IOException {
    out.write(text.replace("\n", "\r\n").getBytes(ISO_8859_1));
    out.flush();
  }

  private void accept() {
    try {
      while (!server.isClosed()) {
        Socket socket = server.accept();
        connections.incrementAndGet();
        open.add(socket);
        Thread.ofVirtual().start(() -> serve(socket));
      }
    } catch (IOException _) {
      // Closed.
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      greeting.greet(socket);
      InputStream in = socket.getInputStream();
      Request request = read(in);
      while (request != null) {
        requests.add(request);
        script.answer(request, socket.getOutputStream());
        request = read(in);
      }
    } catch (Exception _) {
      // The script wants the connection closed, or the other side closed it.
    }
  }

  private static @Nullable Request read(InputStream in) throws IOException {
    String line = line(in);
    if (line.isEmpty()) {
      return null;
    }
    List<String> head = new ArrayList<>();
    for (String field = line(in); !field.isEmpty(); field = line(in)) {
      head.add(field);
    }
    Request bare = new Request(line, head, new byte[0]);
    int length = bare.header("content-length").map(Integer::parseInt).orElse(0);
    return new Request(line, head, in.readNBytes(length));
  }

  // Only CR LF ends a line: what a bare one of them would smuggle in stays visible.
  private static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    int last = -1;
    for (int next = in.read(); next >= 0; next = in.read()) {
      line.write(next);
      if (last == '\r' && next == '\n') {
        return line.toString(ISO_8859_1).substring(0, line.size() - 2);
      }
      last = next;
    }
    return "";
  }

  int port() {
    return server.getLocalPort();
  }

  String url() {
    return "http://127.0.0.1:" + port() + "/hook";
  }

  Reach reach() {
    return Reach.internet().withHttp().withPorts(port()).withNetworks("127.0.0.1");
  }

  Webhook webhook() {
    return Webhook.to(url(), reach());
  }

  int connections() {
    return connections.get();
  }

  Request take() throws InterruptedException {
    Request request = requests.poll(30, TimeUnit.SECONDS);
    if (request == null) {
      throw new AssertionError("no request came");
    }
    return request;
  }

  @Override
  public void close() throws IOException {
    server.close();
    try {
      // The port is free only when nobody waits in it any more.
      acceptor.join();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    for (Socket socket : open) {
      socket.close();
    }
  }
}
