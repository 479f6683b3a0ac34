package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.Delivery;
import dev.sluice.QueuePolicy;
import dev.sluice.Sluice;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What goes wrong in the server itself: who is told, and how often.
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
final class FailuresTest {
  private final List<LogRecord> logged = Collections.synchronizedList(new ArrayList<>());
  private final Logger log = Logger.getLogger("dev.sluice.server");
  private final Handler listening =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          logged.add(line);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @TempDir
  @SuppressWarnings("NullAway.Init") // JUnit sets it
  private Path directory;

  @BeforeEach
  void listen() {
    log.addHandler(listening);
    log.setUseParentHandlers(false);
  }

  @AfterEach
  void unlisten() {
    log.removeHandler(listening);
    log.setUseParentHandlers(true);
  }

  /// Callers that cannot be told apart.
  private record Broken(RuntimeException failure) implements Callers {
    @Override
    public boolean isOpen() {
      return false;
    }

    @Override
    public Optional<Caller> of(String token) {
      throw failure;
    }
  }

  private static RuntimeException failure(String name) {
    return switch (name) {
      case "state" -> new IllegalStateException("a defect");
      case "argument" -> new IllegalArgumentException("a defect");
      case "number" -> new NumberFormatException("a defect");
      default -> new EngineUnavailableException("a defect");
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"state", "argument", "number"})
  void aDefectIsAnsweredAsOneAndLoggedOnce(String name) {
    try (HttpProbe probe =
        HttpProbe.start(
            ServerConfig.defaults().withAudit(directory.resolve("audit.log")),
            new Broken(failure(name)),
            UnaryOperator.identity())) {
      HttpProbe.Answer answer =
          probe.post("/v1/queues/default:pause", "", "Authorization", "Bearer x");
      assertThat(answer.status()).isEqualTo(500);
      assertThat(answer.text()).doesNotContain("a defect");
      assertThat(logged)
          .singleElement()
          .satisfies(line -> assertThat(line.getThrown()).hasMessage("a defect"));
    }
  }

  @Test
  void anEngineThatIsAwayIsLoggedOnce() {
    try (HttpProbe probe =
        HttpProbe.start(
            ServerConfig.defaults().withAudit(directory.resolve("audit.log")),
            new Broken(failure("engine")),
            UnaryOperator.identity())) {
      HttpProbe.Answer answer =
          probe.post("/v1/queues/default:pause", "", "Authorization", "Bearer x");
      assertThat(answer.reason()).isEqualTo("engine-unavailable");
      assertThat(answer.text()).contains("\"cause\":\"failed\"");
      assertThat(answer.header("Retry-After")).hasValue("5");
      for (int i = 0; i < 5; i++) {
        probe.post("/v1/queues/default:pause", "", "Authorization", "Bearer x");
      }
      assertThat(logged).hasSize(1);
    }
  }

  @Test
  void whatWasDoneIsAuditedAsDoneAlsoWhenNobodyCanBeTold() throws Exception {
    Path audit = directory.resolve("audit.log");
    HeldEngine held = new HeldEngine((name, _) -> name.equals("pause"));
    try (Sluice sluice =
            Sluice.on(held.engine())
                .queue("mail", QueuePolicy.defaults(), Delivery.pull())
                .start();
        SluiceServer server =
            SluiceServer.start(
                ServerConfig.defaults().withQueues(QueueList.none()).withPort(0).withAudit(audit),
                sluice,
                Callers.everybody(),
                Environment.system())) {
      try (Socket client = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
        // Its end is a reset, which the server's next write finds.
        client.setSoLinger(true, 0);
        client
            .getOutputStream()
            .write(
                "POST /v1/queues/mail:pause HTTP/1.1\r\nHost: localhost\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
        held.awaitHeld();
      }
      held.letGo();
      String lines = Files.readString(audit);
      while (lines.isEmpty()) {
        Thread.onSpinWait();
        lines = Files.readString(audit);
      }
      assertThat(lines).contains("/v1/queues/mail:pause", "\"status\":200");
      assertThat(logged).isEmpty();
    }
  }
}
