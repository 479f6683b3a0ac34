package dev.sluice.app.remote;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.app.remote.Table.Cell;
import dev.sluice.app.remote.Table.Column;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What people are shown.
final class TextTest {
  @Test
  void textsFromElsewhereCannotSteerTheTerminal() {
    assertThat(Harmless.line("a\u001b[2Jb\rc\nd\te\u0085f\u202eg\u2066h\u200bi\ud800j"))
        .isEqualTo("a\\u001b[2Jb\\u000dc\\u000ad\\u0009e\\u0085f\\u202eg\\u2066h\\u200bi\\ud800j");
    assertThat(Harmless.lines("a\n\tb")).isEqualTo("a\n\tb");
    assertThat(Harmless.line("grüß 漢字 🙂")).isEqualTo("grüß 漢字 🙂");
  }

  @Test
  void tablesAlignWideCharactersAndCutTheLastColumn() {
    Table table = new Table(Column.left("A"), Column.right("N"), Column.left("TEXT"));
    table.row(Cell.of("漢字"), Cell.of(1234), Cell.of("long text that goes on"));
    table.row(Cell.of("e\u0301"), Cell.of(5), Cell.of("x"));

    assertThat(table.lines(new Ink(false), 20))
        .containsExactly("A         N  TEXT", "漢字  1,234  long t…", "e\u0301         5  x");
    assertThat(table.lines(new Ink(false), 0).get(1)).endsWith("goes on");
  }

  @ParameterizedTest
  @CsvSource({
    "2026-11-24T01:00:00Z, now",
    "2026-11-24T00:59:18Z, 42s ago",
    "2026-11-24T00:55:00Z, 5m ago",
    "2026-11-23T22:50:00Z, 2h 10m ago",
    "2026-11-20T22:00:00Z, 3d 3h ago",
    "2026-11-24T01:00:30Z, in 30s",
    "nonsense, nonsense",
  })
  void agesAreRough(String instant, String age) {
    Times times = new Times(ZoneOffset.ofHours(1), Instant.parse("2026-11-24T01:00:00Z"));
    assertThat(times.age(instant)).isEqualTo(age);
  }

  @Test
  void timesAreThoseOfThePlace() {
    Times times = new Times(ZoneOffset.ofHours(1), Instant.parse("2026-11-24T01:00:00Z"));
    assertThat(times.withAge("2026-11-24T00:55:00Z")).isEqualTo("2026-11-24 01:55:00 (5m ago)");
    assertThat(Times.exact(Duration.ofMillis(1500))).isEqualTo("1500ms");
  }

  @ParameterizedTest
  @CsvSource({"0, 0 B", "1023, 1023 B", "1536, 1.5 KiB", "52428800, 50 MiB"})
  void bytesAreRough(long bytes, String text) {
    assertThat(Numbers.bytes(bytes)).isEqualTo(text);
  }
}
