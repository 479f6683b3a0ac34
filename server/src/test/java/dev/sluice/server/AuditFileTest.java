package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Environment;
import dev.sluice.engine.Environment.Step;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
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

  /// The file on a disk that can get full.
  private final class Disk implements AuditFile.Opening {
    private long room = Long.MAX_VALUE;
    private boolean truncates = true;

    @Override
    public SeekableByteChannel open(Path file) throws IOException {
      return new FullChannel(
          Files.newByteChannel(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE));
    }

    private final class FullChannel implements SeekableByteChannel {
      private final SeekableByteChannel file;

      FullChannel(SeekableByteChannel file) {
        this.file = file;
      }

      @Override
      public int write(ByteBuffer bytes) throws IOException {
        if (room == 0) {
          throw new IOException("No space left on device");
        }
        int all = bytes.limit();
        bytes.limit((int) Math.min(all, bytes.position() + room));
        int written = file.write(bytes);
        bytes.limit(all);
        room -= written;
        return written;
      }

      @Override
      public SeekableByteChannel truncate(long size) throws IOException {
        if (!truncates) {
          throw new IOException("Input/output error");
        }
        return file.truncate(size);
      }

      @Override
      public int read(ByteBuffer bytes) throws IOException {
        return file.read(bytes);
      }

      @Override
      public long position() throws IOException {
        return file.position();
      }

      @Override
      public SeekableByteChannel position(long position) throws IOException {
        return file.position(position);
      }

      @Override
      public long size() throws IOException {
        return file.size();
      }

      @Override
      public boolean isOpen() {
        return file.isOpen();
      }

      @Override
      public void close() throws IOException {
        file.close();
      }
    }
  }

  private final Disk disk = new Disk();
  private final AtomicReference<Step> writing = new AtomicReference<>();

  private AuditFile byHand(long fullAt) {
    return new AuditFile(
        directory.resolve("audit.log"),
        fullAt,
        false,
        CertificatesTest.byHand("sluice-audit", writing),
        disk);
  }

  private List<String> lines() throws IOException {
    return Files.readAllLines(directory.resolve("audit.log"));
  }

  @Test
  void whatAFullDiskDoesNotTakeIsWrittenLater() throws IOException {
    try (AuditFile audit = byHand(1 << 20)) {
      audit.record("first", "192.0.2.1", "POST", "/", 200);
      writing.get().step();
      disk.room = 20;
      audit.record("second", "192.0.2.1", "POST", "/", 200);
      writing.get().step();
      assertThat(lines()).singleElement().asString().contains("first");
      audit.record("third", "192.0.2.1", "POST", "/", 200);
      writing.get().step();
      disk.room = Long.MAX_VALUE;
    }
    assertThat(lines()).hasSize(3).allMatch(line -> line.startsWith("{") && line.endsWith("}"));
    assertThat(lines().get(1)).contains("second");
    assertThat(lines().get(2)).contains("third");
  }

  @Test
  void aHalfThatStaysSpoilsNoOtherLine() throws IOException {
    try (AuditFile audit = byHand(1 << 20)) {
      disk.room = 20;
      disk.truncates = false;
      audit.record("first", "192.0.2.1", "POST", "/", 200);
      writing.get().step();
      disk.room = Long.MAX_VALUE;
    }
    assertThat(lines()).hasSize(2);
    assertThat(lines().getFirst()).hasSize(20);
    assertThat(lines().getLast()).startsWith("{").contains("first");
  }

  @Test
  void whatComesOnTopOfWhatWaitsIsCounted() throws IOException {
    try (AuditFile audit = byHand(100 << 20)) {
      disk.room = 0;
      for (int i = 0; i < 10_005; i++) {
        audit.record("caller-" + i, "192.0.2.1", "POST", "/", 200);
      }
      writing.get().step();
      disk.room = Long.MAX_VALUE;
    }
    assertThat(lines()).hasSize(10_001);
    assertThat(lines()).filteredOn(line -> line.contains("\"lost\":5")).hasSize(1);
    assertThat(lines().getLast()).contains("caller-9999");
  }

  /// As where the file itself is mounted.
  @Test
  void aFileThatCannotBeRenamedGrowsOnAndLosesNothing() throws IOException {
    Path first = directory.resolve("audit.log.1");
    Files.createDirectories(first.resolve("in-the-way"));
    for (int number = 2; number <= 5; number++) {
      Files.createDirectories(directory.resolve("audit.log." + number).resolve("in-the-way"));
    }
    try (AuditFile audit = byHand(10)) {
      for (int i = 0; i < 3; i++) {
        audit.record("caller-" + i, "192.0.2.1", "POST", "/", 200);
        writing.get().step();
      }
      assertThat(lines()).hasSize(3).noneMatch(line -> line.contains("lost"));
    }
  }
}
