package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.sluice.engine.Environment;
import dev.sluice.job.SluiceException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TokensTest {
  private static final class HandClock implements Environment.Clock {
    private long millis = 1_800_000_000_000L;

    @Override
    public long wallMillis() {
      return millis;
    }

    @Override
    public long monotonicNanos() {
      return millis * 1_000_000;
    }

    void advance(Duration time) {
      millis += time.toMillis();
    }
  }

  @TempDir
  @SuppressWarnings("NullAway.Init") // JUnit sets it
  private Path directory;

  private final HandClock clock = new HandClock();

  private Tokens tokens() {
    return Tokens.in(directory.resolve("data"), clock);
  }

  private static String create(Tokens tokens, String name, Scope... scopes) {
    return tokens.create(
        name, Set.of(scopes), Optional.empty(), Optional.empty(), Optional.empty());
  }

  private Path file() {
    return directory.resolve("data").resolve("tokens.json");
  }

  @Test
  void aTokenIsKnownByItsHashAlone() throws IOException {
    Tokens tokens = tokens();
    String token = create(tokens, "ci", Scope.ENQUEUE);

    assertThat(token).matches("slc_[A-Za-z0-9_-]{43}");
    assertThat(Files.readString(file())).contains("\"ci\"").doesNotContain(token.substring(4));
    clock.advance(Duration.ofSeconds(1));
    assertThat(tokens.of(token))
        .contains(new Caller("ci", EnumSet.of(Scope.ENQUEUE), Optional.empty()));
    assertThat(tokens.of(token + "x")).isEmpty();
    assertThat(tokens.of("")).isEmpty();
  }

  @Test
  void onlyTheOwnerCanReadThem() throws IOException {
    create(tokens(), "ci", Scope.READ);

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file().getParent())))
        .isEqualTo("rwx------");
  }

  @Test
  void whatAnotherProcessChangesHoldsFromTheNextRequestOn() {
    Tokens server = tokens();
    assertThat(server.isOpen()).isTrue();

    String token = create(tokens(), "ci", Scope.READ);
    clock.advance(Duration.ofSeconds(1));
    assertThat(server.isOpen()).isFalse();
    assertThat(server.of(token)).isPresent();

    assertThat(tokens().revoke("ci")).isTrue();
    assertThat(tokens().revoke("ci")).isFalse();
    clock.advance(Duration.ofSeconds(1));
    assertThat(server.of(token)).isEmpty();
    // Revoking the last token must not let everybody in.
    assertThat(server.isOpen()).isFalse();
    assertThat(tokens().isOpen()).isTrue();
  }

  @Test
  void aBrokenFileLeavesInForceWhatWas() throws IOException {
    Tokens server = tokens();
    String token = create(server, "ci", Scope.READ);
    clock.advance(Duration.ofSeconds(1));
    assertThat(server.of(token)).isPresent();

    for (String broken : new String[] {"{", "{\"tokens\":[{\"name\":\"x\"}]}", "[]"}) {
      Files.writeString(file(), broken);
      clock.advance(Duration.ofSeconds(1));
      assertThat(server.of(token)).isPresent();
      assertThat(server.isOpen()).isFalse();
      assertThatThrownBy(this::tokens)
          .isInstanceOf(SluiceException.class)
          .hasMessageContaining(file().toString());
    }
  }

  /// What hinders a reading may go without another change of the file: a mode, a slow disk.
  @Test
  void whatWasRevokedWhileTheFileCouldNotBeReadEndsOnceItCan() throws IOException {
    Tokens server = tokens();
    String token = create(server, "ci", Scope.READ);
    clock.advance(Duration.ofSeconds(1));
    assertThat(server.of(token)).isPresent();

    FileTime changed = FileTime.from(Instant.parse("2026-01-01T00:00:00Z"));
    String none = "{\"tokens\":[]}";
    Files.writeString(file(), "x".repeat(none.length()));
    Files.setLastModifiedTime(file(), changed);
    clock.advance(Duration.ofSeconds(1));
    assertThat(server.of(token)).isPresent();

    Files.writeString(file(), none);
    Files.setLastModifiedTime(file(), changed);
    clock.advance(Duration.ofSeconds(1));
    assertThat(server.of(token)).isEmpty();
    assertThat(server.isOpen()).isFalse();
  }

  /// Root runs `token revoke` on the files of the server's user.
  @Test
  void whoOwnsTheFileKeepsIt() throws IOException {
    Path data = Files.createDirectory(directory.resolve("data"));
    UserPrincipal other = otherUser(data);
    create(tokens(), "ci", Scope.READ);
    assertThat(Files.getOwner(file())).isEqualTo(other);
    assertThat(Files.getOwner(data.resolve("tokens.json.lock"))).isEqualTo(other);

    UserPrincipal self = Files.getOwner(directory);
    Files.setOwner(file(), self);
    create(tokens(), "more", Scope.READ);
    assertThat(Files.getOwner(file())).isEqualTo(self);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
  }

  /// Gives the folder to another user, which only root can.
  private static UserPrincipal otherUser(Path folder) throws IOException {
    try {
      Files.setOwner(
          folder,
          folder.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("12345"));
    } catch (FileSystemException notRoot) {
      abort("only root may give files away");
    }
    return Files.getOwner(folder);
  }

  @Test
  void aTokenEndsWhenItsTimeIsOver() {
    Tokens tokens = tokens();
    Instant end = Instant.ofEpochMilli(clock.wallMillis()).plus(Duration.ofDays(90));
    String token =
        tokens.create(
            "ci", Set.of(Scope.READ), Optional.empty(), Optional.of(end), Optional.empty());
    clock.advance(Duration.ofDays(90).minusMillis(1));
    assertThat(tokens.of(token)).isPresent();
    clock.advance(Duration.ofMillis(1));
    assertThat(tokens.of(token)).isEmpty();
    assertThat(tokens.list()).hasSize(1);
  }

  @Test
  void aRateLetsSoManyThroughAndSaysWhenTheNextOneMay() {
    Tokens tokens = tokens();
    String token =
        tokens.create(
            "ci", Set.of(Scope.READ), Optional.empty(), Optional.empty(), Optional.of("5/s"));
    clock.advance(Duration.ofSeconds(1));
    Caller caller = tokens.of(token).orElseThrow();
    for (int i = 0; i < 5; i++) {
      assertThat(tokens.delay(caller)).isEmpty();
    }
    assertThat(tokens.delay(caller)).contains(Duration.ofMillis(200));
    clock.advance(Duration.ofMillis(200));
    assertThat(tokens.delay(caller)).isEmpty();
    assertThat(tokens.delay(caller)).isPresent();
    // A change of another token does not refill this one.
    create(tokens, "other", Scope.READ);
    clock.advance(Duration.ofMillis(150));
    assertThat(tokens.delay(caller)).isPresent();
    assertThat(tokens.delay(new Caller("other", Set.of(Scope.READ), Optional.empty()))).isEmpty();
  }

  @Test
  void badValuesAreNamed() {
    Tokens tokens = tokens();
    create(tokens, "ci", Scope.READ);
    assertThatThrownBy(() -> create(tokens, "ci", Scope.READ)).hasMessageContaining("is taken");
    assertThatThrownBy(() -> create(tokens, "a b", Scope.READ)).hasMessageContaining("name: 'a b'");
    assertThatThrownBy(() -> create(tokens, "x")).hasMessageContaining("scopes");
    assertThatThrownBy(() ->
            tokens.create(
                "x", Set.of(Scope.READ), Optional.empty(), Optional.empty(), Optional.of("fast")))
        .hasMessageContaining("rate: 'fast'");
    assertThat(tokens.list()).hasSize(1);
  }

  @Test
  void noTwoTokensAreTheSame() {
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 1000; i++) {
      assertThat(seen.add(Secrets.token())).isTrue();
    }
  }
}
