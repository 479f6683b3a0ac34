package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import org.junit.jupiter.api.Test;

final class CorkedSocketTest {
  @Test
  void whatBeganBeforeTheConnectionHoldsNothingUpInIt() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        CorkedSocket socket = new CorkedSocket()) {
      Link.Cork early = socket.cork();
      socket.connect(server.getLocalSocketAddress());
      try (Socket peer = server.accept()) {
        var out = socket.getOutputStream();
        early.close();
        out.write(1);

        peer.setSoTimeout(5_000);
        assertThat(peer.getInputStream().read()).isEqualTo(1);

        try (Link.Cork _ = socket.cork()) {
          out.write(2);
          out.write(3);
        }
        assertThat(peer.getInputStream().readNBytes(2)).containsExactly(2, 3);
      }
    }
  }
}
