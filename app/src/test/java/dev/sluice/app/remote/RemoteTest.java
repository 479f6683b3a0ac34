package dev.sluice.app.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
final class RemoteTest {
  /// Answers with the beginning of an answer, and then says nothing more.
  private static void hang(ServerSocket server, String beginning) {
    try (Socket socket = server.accept()) {
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
      String line = in.readLine();
      while (line != null && !line.isEmpty()) {
        line = in.readLine();
      }
      socket.getOutputStream().write(beginning.getBytes(StandardCharsets.ISO_8859_1));
      while (in.read() >= 0) {}
    } catch (IOException _) {
      // The client is gone.
    }
  }

  private static final String BEGUN = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"begun\":";

  private static ServerSocket listen() throws IOException {
    return new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
  }

  private static String url(ServerSocket server) {
    return "http://127.0.0.1:" + server.getLocalPort();
  }

  private static InputStream stream(Remote remote) throws InterruptedException {
    return remote.stream("/x", "GET", BodyPublishers.noBody(), Map.of(), Duration.ofMillis(500));
  }

  @Test
  void aStreamThatDoesNotBeginIsGivenUp() throws IOException {
    try (ServerSocket server = listen();
        Remote remote = new Remote(URI.create(url(server)), Optional.empty(), Optional.empty())) {
      Thread.ofVirtual().start(() -> hang(server, ""));
      assertThatThrownBy(() -> stream(remote))
          .isInstanceOfSatisfying(
              RemoteFailure.class,
              failure -> {
                assertThat(failure.mayPass()).isTrue();
                assertThat(failure.isUnreachable()).isFalse();
              })
          .hasMessageEndingWith(" gave no answer within 500ms");
    }
  }

  @Test
  void aStreamThatFallsSilentIsGivenUp() throws Exception {
    try (ServerSocket server = listen();
        Remote remote = new Remote(URI.create(url(server)), Optional.empty(), Optional.empty())) {
      Thread.ofVirtual().start(() -> hang(server, BEGUN));
      try (InputStream in = stream(remote)) {
        assertThat(in.readNBytes(9)).asString(StandardCharsets.UTF_8).isEqualTo("{\"begun\":");
        assertThatThrownBy(in::read)
            .isInstanceOf(IOException.class)
            .hasMessage("nothing came for 500ms");
      }
    }
  }

  @Test
  void aServerThatHangsInAReasonIsGivenUp() throws IOException {
    try (ServerSocket server = listen();
        Remote remote = new Remote(URI.create(url(server)), Optional.empty(), Optional.empty())) {
      Thread.ofVirtual().start(() -> hang(server, BEGUN.replace("200 OK", "503 No")));
      assertThatThrownBy(() -> stream(remote))
          .isInstanceOf(RemoteFailure.class)
          .hasMessageEndingWith(" broke: nothing came for 500ms");
    }
  }

  /// Without a key no line is sent again, so that nothing but the time ends it.
  @ParameterizedTest
  @ValueSource(strings = {"{}\n", "{\"key\":\"a\"}\n"})
  void aBulkForAServerThatSaysNothingIsGivenUp(String lines) throws IOException {
    try (ServerSocket server = listen()) {
      Thread.ofVirtual()
          .start(() -> {
            while (!server.isClosed()) {
              hang(server, "");
            }
          });
      Shell shell = new Shell();
      shell.variables.put("SLUICE_SERVER", url(server));
      shell.in = lines.repeat(2000);
      Shell.Answer answer = shell.run("enqueue", "mail", "--ndjson", "--give-up", "1s");
      assertThat(answer.code()).isEqualTo(1);
      assertThat(answer.err()).contains("gave no answer within", "gave up: nothing was accepted");
      assertThat(answer.out()).startsWith("0 accepted");
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
      Thread.ofVirtual().start(() -> hang(server, BEGUN));
      assertThatThrownBy(() -> remote.post("/x", Json.object(), Duration.ofMillis(500)))
          .isInstanceOf(RemoteFailure.class)
          .hasMessageEndingWith(" gave no whole answer within 500ms");
    }
  }
}
