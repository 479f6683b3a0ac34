package dev.sluice.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.job.Priority;
import java.time.Duration;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The way of messages through the levels, without a broker.
final class DelaysTest {
  private static final Delays DELAYS = new Delays("sluice.");

  @Test
  void delaysAreRoundedUpToUnits() {
    assertThat(Delays.units(1)).isEqualTo(1);
    assertThat(Delays.units(125)).isEqualTo(1);
    assertThat(Delays.units(126)).isEqualTo(2);
    assertThat(Delays.units(0)).isEqualTo(1);
    assertThat(Delays.units(Long.MAX_VALUE)).isEqualTo((1L << 32) - 1);
  }

  @Test
  void theLongestDelayFits() {
    long longest = Duration.ofDays(3_650).toMillis();

    assertThat(Delays.units(longest) * Delays.UNIT_MILLIS).isEqualTo(longest);
    assertThat(Delays.highestLevel(Delays.units(longest))).isLessThan(Delays.LEVELS);
    // The most that RabbitMQ 4 takes as the time of a queue: ten years.
    assertThat(Delays.ttlMillis(Delays.LEVELS - 1)).isLessThan(315_360_000_000L);
  }

  @Test
  void eachMessageWaitsExactlyItsUnitsAndArrivesAtItsLineOnly() {
    Random random = new Random(7);
    for (int i = 0; i < 5_000; i++) {
      long units = (random.nextLong() & 0xFFFF_FFFFL) >>> random.nextInt(32);
      units = Math.max(1, units);
      String key = Delays.routingKey(units, "a.b-c", Priority.HIGH);
      assertThat(waits(units, key)).isEqualTo(units * Delays.UNIT_MILLIS);
      assertThat(key).matches(topic(Delays.linePattern("a.b-c", Priority.HIGH)));
      assertThat(topic(Delays.linePattern("b-c", Priority.HIGH)).matcher(key).matches()).isFalse();
      assertThat(topic(Delays.linePattern("a.b-c", Priority.LOW)).matcher(key).matches()).isFalse();
      assertThat(key.length()).isLessThan(255);
    }
  }

  private static long waits(long units, String key) {
    long waited = 0;
    for (int level = Delays.highestLevel(units); level >= 0; level--) {
      boolean stays = topic(Delays.pattern(level, 1)).matcher(key).matches();
      boolean passes = topic(Delays.pattern(level, 0)).matcher(key).matches();
      assertThat(stays).isNotEqualTo(passes);
      waited += stays ? Delays.ttlMillis(level) : 0;
    }
    return waited;
  }

  /// A topic pattern as the broker reads it: `*` is one word, `#` any number of them.
  private static Pattern topic(String pattern) {
    return Pattern.compile(
        pattern.replace(".", "\\.").replace("*", "[^.]*").replace("\\.#", "(\\..*)?"));
  }

  @Test
  void theLongestNamesFit() {
    String queue = "q".repeat(128);
    String prefix = "p".repeat(64);

    assertThat(Delays.routingKey(1, queue, Priority.NORMAL).length()).isLessThan(255);
    assertThat(Delays.linePattern(queue, Priority.NORMAL).length()).isLessThan(255);
    assertThat(new Names(prefix).line(queue, Priority.NORMAL).length()).isLessThan(255);
  }

  @Test
  void theLastLevelLeadsToTheLines() {
    assertThat(DELAYS.after(0)).isEqualTo("sluice.delay.due");
    assertThat(DELAYS.after(31)).isEqualTo("sluice.delay.30");
  }
}
