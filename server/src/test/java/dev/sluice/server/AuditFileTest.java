package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Environment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AuditFileTest {
  @TempDir
  @SuppressWarnings("NullAway.Init") // JUnit sets it
  private Path directory;

  private AuditFile open(long fullAt) {
    return new AuditFile(directory.resolve("audit.log"), fullAt, false, Environment.system());
  }

  @Test
  void linesAreAppendedAndStayLines() throws IOException {
    for (int life = 0; life < 2; life++) {
      try (AuditFile audit = open(1 << 20)) {
        audit.record("a\nb", "192.0.2.1", "POST", "/x\u001b[2J\r\n" + "y".repeat(1000), 200);
      }
    }
    List<String> lines = Files.readAllLines(directory.resolve("audit.log"));
    assertThat(lines).hasSize(2);
    assertThat(lines.getFirst())
        .startsWith("{\"time\":\"")
        .contains("\"caller\":\"a\\nb\"", "\\u001B[2J\\r\\n")
        .hasSizeLessThan(800);
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(directory.resolve("audit.log"))))
        .isEqualTo("rw-------");
  }

  @Test
  void aFullOneMakesRoomAndFewAreKept() throws IOException {
    for (int life = 0; life < 12; life++) {
      try (AuditFile audit = open(10)) {
        audit.record("caller-" + life, "192.0.2.1", "POST", "/", 200);
      }
    }
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "audit.log.1", "audit.log.2", "audit.log.3", "audit.log.4", "audit.log.5");
    }
    assertThat(Files.readString(directory.resolve("audit.log.1"))).contains("caller-11");
    assertThat(Files.readString(directory.resolve("audit.log.5"))).contains("caller-7");
  }
}
