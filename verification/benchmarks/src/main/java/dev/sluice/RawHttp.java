package dev.sluice;

import io.helidon.http.Status;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.concurrent.ArrayBlockingQueue;

/// The limit of the demo: the same server and the same answers, with an array in place of Sluice.
public final class RawHttp {
  private final ArrayBlockingQueue<String> queue;

  private RawHttp(int capacity) {
    queue = new ArrayBlockingQueue<>(capacity);
  }

  /// Serves `GET /?user_id=1` on a port of loopback, and holds so many.
  ///
  /// @param args port and capacity
  public static void main(String[] args) {
    RawHttp raw = new RawHttp(Integer.parseInt(args[1]));
    WebServer server =
        WebServer.builder()
            .host("127.0.0.1")
            .port(Integer.parseInt(args[0]))
            .routing(raw::route)
            .build()
            .start();
    System.out.println("listens on " + server.port());
  }

  private void route(HttpRules rules) {
    rules.get("/", this::enqueue);
  }

  private void enqueue(ServerRequest request, ServerResponse response) {
    String userId = request.query().first("user_id").orElse("");
    if (userId.isEmpty()) {
      response.status(Status.BAD_REQUEST_400).send("missing 'user_id' in query params");
    } else if (queue.offer(userId)) {
      response.status(Status.ACCEPTED_202).send("queuing user process: " + userId);
    } else {
      response
          .status(Status.SERVICE_UNAVAILABLE_503)
          .send("our internal queue is full, try it later");
    }
  }
}
