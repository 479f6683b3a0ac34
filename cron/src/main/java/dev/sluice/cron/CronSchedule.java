package dev.sluice.cron;

import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import dev.sluice.Schedule;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.zone.ZoneOffsetTransition;
import java.util.Objects;
import java.util.Optional;

/// A schedule in the notation of Unix cron: minute, hour, day of month, month, day of week.
///
/// When clocks go forward, a firing whose local time is skipped fires at the moment of the jump:
/// nothing nightly is left out. When they go back, a fixed time fires once, at its first
/// occurrence, and a repeating pattern such as every 15 minutes fires through the whole hour.
/// (Vixie cron does the same.)
///
/// Threading: immutable.
public final class CronSchedule implements Schedule {
  private final String expression;
  private final ZoneId zone;
  private final ExecutionTime times;

  private CronSchedule(String expression, ZoneId zone, ExecutionTime times) {
    this.expression = expression;
    this.zone = zone;
    this.times = times;
  }

  /// Reads five fields, such as `0 3 * * MON-FRI`, as local times of `zone`.
  ///
  /// @throws IllegalArgumentException when the expression is none; the message says which and why
  public static CronSchedule parse(String expression, ZoneId zone) {
    Objects.requireNonNull(expression, "cron: must not be null");
    Objects.requireNonNull(zone, "zone: must not be null");
    try {
      CronParser parser =
          new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX));
      ExecutionTime times = ExecutionTime.forCron(parser.parse(expression).validate());
      return new CronSchedule(expression, zone, times);
    } catch (IllegalArgumentException unfit) {
      throw new IllegalArgumentException(
          "cron: '" + shortened(expression) + "' is no cron expression: " + unfit.getMessage(),
          unfit);
    }
  }

  private static String shortened(String text) {
    return text.length() <= 64 ? text : text.substring(0, 64) + "...";
  }

  @Override
  public Optional<Instant> next(Instant after) {
    Objects.requireNonNull(after, "after: must not be null");
    Optional<Instant> regular =
        times.nextExecution(after.atZone(zone)).map(ZonedDateTime::toInstant);
    return regular.map(firing -> skipped(after, firing).orElse(firing));
  }

  /// The first jump forward between two instants that skips a firing.
  private Optional<Instant> skipped(Instant after, Instant before) {
    ZoneOffsetTransition jump = zone.getRules().nextTransition(after);
    while (jump != null && jump.getInstant().isBefore(before)) {
      if (jump.isGap() && firesBetween(jump.getDateTimeBefore(), jump.getDateTimeAfter())) {
        return Optional.of(jump.getInstant());
      }
      jump = zone.getRules().nextTransition(jump.getInstant());
    }
    return Optional.empty();
  }

  /// Whether the expression names a local time in a span that the zone itself does not have; asked
  /// in UTC, which has every local time.
  private boolean firesBetween(LocalDateTime from, LocalDateTime to) {
    return times
        .nextExecution(from.minusSeconds(1).atZone(ZoneOffset.UTC))
        .filter(firing -> firing.toLocalDateTime().isBefore(to))
        .isPresent();
  }

  @Override
  public String toString() {
    return expression + " " + zone;
  }
}
