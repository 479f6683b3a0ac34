package dev.sluice.sqs;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// What stands between the engine and an SQS that works, and does what the real one does on its bad
/// days. Each fault has a rate of its own, from 0 to 1.
///
/// Threading: thread-safe.
final class Adversary implements AutoCloseable {
  /// A way to go wrong.
  enum Fault {
    /// Not done; the service asks to slow down.
    THROTTLED,
    /// Not done; 503.
    UNAVAILABLE,
    /// Done; the answer never arrives.
    ANSWER_LOST,
    /// Not done; the connection stays open and nothing comes.
    SILENT,
    /// Not done; the credentials have expired.
    EXPIRED,
    /// Not done; the credentials may not.
    DENIED,
    /// Some entries of a batch are not done, and said to be throttled.
    PARTIAL,
    /// Some entries that name a receipt are not done: it has expired, or its message is deleted.
    RECEIPT_EXPIRED,
    /// A message is there twice in one answer.
    DUPLICATE,
    /// Messages of one answer change places.
    REORDERED,
    /// A message of one answer comes with a later one instead.
    LATE,
    /// A message that was received before is shown once more, deleted or not.
    SHOWN_AGAIN,
    /// Done; the answer takes its time.
    SLOW
  }

  private static final long SLOW_MILLIS = 400;

  private static final String RECEIVES = "ApproximateReceiveCount";

  /// How many messages it remembers to show again.
  private static final int REMEMBERED = 50;

  private final HttpServer server;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpClient client = HttpClient.newBuilder().executor(threads).build();
  private final URI target;
  private final Random random;
  private final ObjectMapper json = new ObjectMapper();
  private final Map<Fault, Double> rates = new ConcurrentHashMap<>();
  private final Map<Fault, AtomicLong> left = new ConcurrentHashMap<>();
  private final Map<Fault, AtomicLong> made = new ConcurrentHashMap<>();
  private final Map<String, AtomicLong> calls = new ConcurrentHashMap<>();
  private final Map<String, Kept> toKeep = new ConcurrentHashMap<>();
  private final Map<String, AtomicLong> toLose = new ConcurrentHashMap<>();

  /// How many calls to an action on a queue are let through before the rest is refused.
  private final Map<String, AtomicLong> allowed = new ConcurrentHashMap<>();

  /// Names of queues that were deleted by way of here, which AWS does not let be made for a minute.
  private final Set<String> deleted = ConcurrentHashMap.newKeySet();

  /// Messages that were kept back, and that were received, of each queue.
  private final Map<String, Deque<JsonNode>> late = new ConcurrentHashMap<>();

  private final Map<String, Deque<JsonNode>> shown = new ConcurrentHashMap<>();

  Adversary(URI target, long seed) {
    this.target = target;
    this.random = new Random(seed);
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
    server.setExecutor(threads);
    server.createContext("/", this::serve);
    server.start();
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  Adversary with(Fault fault, double rate) {
    return with(fault, rate, Long.MAX_VALUE);
  }

  /// So many times at most, after which all goes well: whoever tries again is through in the end,
  /// however the dice fall.
  Adversary with(Fault fault, double rate, long most) {
    left.put(fault, new AtomicLong(most));
    rates.put(fault, rate);
    return this;
  }

  /// The next answers to this action are lost, and no others.
  void losesAnswers(String action, int count) {
    toLose.put(action, new AtomicLong(count));
  }

  /// After so many further calls to this action on this queue the credentials may not.
  void deniesAfter(int count, String action, String queue) {
    allowed.put(action + " " + queue, new AtomicLong(count));
  }

  private boolean isDenied(String action, byte[] body) {
    if (allowed.isEmpty()) {
      return false;
    }
    String url = json.readTree(body).path("QueueUrl").asString("");
    String queue = url.substring(url.lastIndexOf('/') + 1);
    AtomicLong left = allowed.get(action + " " + queue);
    return left != null && left.getAndDecrement() <= 0;
  }

  /// An answer that is kept back.
  ///
  /// @param reached when it is there
  /// @param released to be counted down for it to go on
  record Kept(CountDownLatch reached, CountDownLatch released) {}

  /// The next call to this action is done, and its answer waits to be released.
  Kept keepsAnswer(String action) {
    Kept kept = new Kept(new CountDownLatch(1), new CountDownLatch(1));
    toKeep.put(action, kept);
    return kept;
  }

  private void keepBack(String action) throws IOException {
    Kept kept = toKeep.remove(action);
    if (kept != null) {
      kept.reached.countDown();
      try {
        kept.released.await();
      } catch (InterruptedException interrupted) {
        throw new IOException(interrupted);
      }
    }
  }

  private boolean isToBeLost(String action) {
    AtomicLong left = toLose.get(action);
    return left != null && left.getAndDecrement() > 0;
  }

  /// All goes well from now on, and deleted queues may be made again.
  void calm() {
    rates.clear();
    deleted.clear();
    allowed.clear();
  }

  long made(Fault fault) {
    return made.getOrDefault(fault, new AtomicLong()).get();
  }

  long calls(String action) {
    return calls.getOrDefault(action, new AtomicLong()).get();
  }

  private boolean strikes(Fault fault) {
    boolean now =
        random.nextDouble() < rates.getOrDefault(fault, 0.0)
            && left.getOrDefault(fault, new AtomicLong()).getAndDecrement() > 0;
    if (now) {
      made.computeIfAbsent(fault, _ -> new AtomicLong()).incrementAndGet();
    }
    return now;
  }

  private void serve(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      String action = exchange.getRequestHeaders().getFirst("X-Amz-Target");
      action = action == null ? "" : action.substring(action.indexOf('.') + 1);
      calls.computeIfAbsent(action, _ -> new AtomicLong()).incrementAndGet();
      if (strikes(Fault.SILENT)) {
        closed.await();
      } else if (strikes(Fault.THROTTLED)) {
        fail(exchange, 400, "com.amazonaws.sqs#RequestThrottled");
      } else if (strikes(Fault.EXPIRED)) {
        fail(exchange, 403, "ExpiredToken");
      } else if (strikes(Fault.DENIED)) {
        fail(exchange, 403, "AccessDenied");
      } else if (strikes(Fault.UNAVAILABLE)) {
        fail(exchange, 503, "ServiceUnavailable");
      } else {
        forward(exchange, action, body);
      }
    } catch (InterruptedException interrupted) {
      throw new IOException(interrupted);
    }
  }

  private void forward(HttpExchange exchange, String action, byte[] body) throws IOException {
    if (isDeletedRecently(action, body)) {
      fail(exchange, 400, "com.amazonaws.sqs#QueueDeletedRecently");
      return;
    }
    if (isDenied(action, body)) {
      fail(exchange, 403, "AccessDenied");
      return;
    }
    ArrayNode refused = json.createArrayNode();
    byte[] sent = action.endsWith("Batch") ? withoutSome(body, refused) : body;
    int status = 200;
    byte[] answer = "{\"Successful\":[]}".getBytes(StandardCharsets.UTF_8);
    if (sent.length > 0) {
      HttpResponse<byte[]> response = passOn(exchange, sent);
      status = response.statusCode();
      answer = response.body();
    }
    keepBack(action);
    if (strikes(Fault.SLOW)) {
      await(SLOW_MILLIS);
    }
    if (strikes(Fault.ANSWER_LOST) || isToBeLost(action)) {
      // Closing the exchange without an answer cuts the connection.
      return;
    }
    if (status == 200 && !refused.isEmpty()) {
      ObjectNode node = (ObjectNode) json.readTree(answer);
      node.set("Failed", refused);
      answer = json.writeValueAsBytes(node);
    }
    if (status == 200 && action.equals("ReceiveMessage")) {
      answer = shaken(json.readTree(body).get("QueueUrl").asString(), answer);
    }
    exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.0");
    exchange.sendResponseHeaders(status, answer.length == 0 ? -1 : answer.length);
    exchange.getResponseBody().write(answer);
  }

  private boolean isDeletedRecently(String action, byte[] body) {
    if (action.equals("DeleteQueue")) {
      String url = json.readTree(body).get("QueueUrl").asString();
      deleted.add(url.substring(url.lastIndexOf('/') + 1));
    }
    return action.equals("CreateQueue")
        && deleted.contains(json.readTree(body).get("QueueName").asString());
  }

  private byte[] withoutSome(byte[] body, ArrayNode refused) {
    ObjectNode node = (ObjectNode) json.readTree(body);
    ArrayNode kept = json.createArrayNode();
    for (JsonNode entry : node.get("Entries")) {
      boolean expired = entry.has("ReceiptHandle") && strikes(Fault.RECEIPT_EXPIRED);
      if (expired || strikes(Fault.PARTIAL)) {
        ObjectNode failure = json.createObjectNode();
        failure.put("Id", entry.get("Id").asString());
        failure.put("Code", expired ? "InvalidParameterValue" : "RequestThrottled");
        failure.put("Message", "slow down");
        failure.put("SenderFault", true);
        refused.add(failure);
      } else {
        kept.add(entry);
      }
    }
    if (refused.isEmpty()) {
      return body;
    }
    node.set("Entries", kept);
    return kept.isEmpty() ? new byte[0] : json.writeValueAsBytes(node);
  }

  private void await(long millis) throws IOException {
    try {
      var _ = closed.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException interrupted) {
      throw new IOException(interrupted);
    }
  }

  private byte[] shaken(String queue, byte[] answer) {
    ObjectNode node = (ObjectNode) json.readTree(answer);
    List<JsonNode> list = new ArrayList<>();
    if (node.get("Messages") instanceof ArrayNode messages) {
      messages.forEach(list::add);
    }
    Deque<JsonNode> kept = late.computeIfAbsent(queue, _ -> new ConcurrentLinkedDeque<>());
    Deque<JsonNode> seen = shown.computeIfAbsent(queue, _ -> new ConcurrentLinkedDeque<>());
    for (JsonNode back = kept.poll(); back != null; back = kept.poll()) {
      list.add(back);
    }
    if (list.isEmpty()) {
      return answer;
    }
    JsonNode old = strikes(Fault.SHOWN_AGAIN) ? seen.poll() : null;
    list.stream().limit(Math.max(0, REMEMBERED - seen.size())).forEach(seen::add);
    if (old != null) {
      list.add(onceMore(old));
    }
    if (strikes(Fault.REORDERED)) {
      Collections.shuffle(list, random);
    }
    if (strikes(Fault.DUPLICATE)) {
      list.add(list.getFirst());
    }
    if (strikes(Fault.LATE)) {
      kept.add(list.removeLast());
    }
    ArrayNode shaken = json.createArrayNode();
    list.forEach(shaken::add);
    node.set("Messages", shaken);
    return json.writeValueAsBytes(node);
  }

  private static JsonNode onceMore(JsonNode message) {
    ObjectNode again = (ObjectNode) message.deepCopy();
    if (again.get("Attributes") instanceof ObjectNode attributes) {
      int count = Integer.parseInt(attributes.get(RECEIVES).asString());
      attributes.put(RECEIVES, Integer.toString(count + 1));
    }
    return again;
  }

  private HttpResponse<byte[]> passOn(HttpExchange exchange, byte[] body) throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(target.resolve(exchange.getRequestURI()))
            .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    for (String name : List.of("Content-Type", "X-Amz-Target", "Authorization", "X-Amz-Date")) {
      String value = exchange.getRequestHeaders().getFirst(name);
      if (value != null) {
        request.header(name, value);
      }
    }
    try {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    } catch (InterruptedException interrupted) {
      throw new IOException(interrupted);
    }
  }

  private static void fail(HttpExchange exchange, int status, String type) throws IOException {
    byte[] body =
        ("{\"__type\":\"" + type + "\",\"message\":\"no\"}").getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.0");
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    threads.shutdownNow();
    client.shutdownNow();
  }
}
