package dev.sluice.app.remote;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class RemoteTest {
  /// Answers with the beginning of a body, and then says nothing more.
  private static void hang(ServerSocket server) {
    try (Socket socket = server.accept()) {
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
      String line = in.readLine();
      while (line != null && !line.isEmpty()) {
        line = in.readLine();
      }
      socket
          .getOutputStream()
          .write(
              "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"begun\":"
                  .getBytes(StandardCharsets.ISO_8859_1));
      while (in.read() >= 0) {}
    } catch (IOException _) {
      // The client is gone.
    }
  }

  @Test
  void aServerThatHangsInTheBodyIsNotWaitedForLongerThanOneThatHangsBefore() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        Remote remote =
            new Remote(
                URI.create("http://127.0.0.1:" + server.getLocalPort()),
                Optional.empty(),
                Optional.empty())) {
      Thread.ofVirtual().start(() -> hang(server));
      assertThatThrownBy(() -> remote.post("/x", Json.object(), Duration.ofMillis(500)))
          .isInstanceOf(RemoteFailure.class)
          .hasMessageEndingWith(" gave no whole answer within 500ms");
    }
  }
}
