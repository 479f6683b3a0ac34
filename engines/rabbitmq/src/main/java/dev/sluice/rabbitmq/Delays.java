package dev.sluice.rabbitmq;

import dev.sluice.job.Priority;
import java.util.Locale;

/// Delays of any length out of queues with one fixed time each: queue `n` holds a message for 2^n
/// units, and a delay is the way through the queues of its binary digits, highest first. In a queue
/// all wait equally long, so no message ever waits behind one that is due later.
///
/// The digits stand in the routing key, one word each, followed by queue and priority, and stay
/// there on the whole way; the topic exchange of level `n` looks at one of them. A message enters
/// at its highest digit that is 1, so a short delay does not pass levels that it does not need.
///
/// Delays are rounded up to whole units, and each queue on the way adds its own delivery: a message
/// comes late, never early.
///
/// Threading: immutable.
///
/// @param prefix what all names begin with
record Delays(String prefix) {
  /// The time of level 0, in milliseconds; each level doubles it.
  static final int UNIT_MILLIS = 125;

  /// Levels, from 0; together they reach 17 years.
  static final int LEVELS = 32;

  private static final long MAX_UNITS = (1L << LEVELS) - 1;

  /// How many units a delay takes, at least one.
  static long units(long delayMillis) {
    // Divided before anything is added: a delay that no message can have must not overflow either.
    long whole = delayMillis / UNIT_MILLIS + (delayMillis % UNIT_MILLIS > 0 ? 1 : 0);
    return Math.clamp(whole, 1, MAX_UNITS);
  }

  /// The level at which a delay of so many units begins.
  static int highestLevel(long units) {
    return Long.SIZE - 1 - Long.numberOfLeadingZeros(units);
  }

  /// How long the queue of a level holds a message, in milliseconds.
  static long ttlMillis(int level) {
    return (long) UNIT_MILLIS << level;
  }

  /// The name of the exchange and of the queue of a level.
  String level(int level) {
    return prefix + String.format(Locale.ROOT, "delay.%02d", level);
  }

  /// The exchange that gives messages whose time has come to the lines.
  String due() {
    return prefix + "delay.due";
  }

  /// The exchange and queue for messages whose line is gone when their time has come.
  String lost() {
    return prefix + "delay.lost";
  }

  /// Where a message goes after a level whose digit is 0, or whose time is over.
  String after(int level) {
    return level == 0 ? due() : level(level - 1);
  }

  /// The routing key of a message that is due in so many units.
  static String routingKey(long units, String queue, Priority priority) {
    StringBuilder key = new StringBuilder(2 * LEVELS + queue.length() + 8);
    for (int level = LEVELS - 1; level >= 0; level--) {
      key.append((units >>> level & 1) == 1 ? "1." : "0.");
    }
    return key.append(queue).append('.').append(Names.level(priority)).toString();
  }

  /// The queue that a routing key of [#routingKey] leads to.
  ///
  /// @throws IllegalArgumentException when it is no such key
  static String queueOf(String routingKey) {
    int end = routingKey.lastIndexOf('.');
    if (end <= 2 * LEVELS) {
      throw new IllegalArgumentException("routing key: '" + routingKey + "' must be a delay's");
    }
    return routingKey.substring(2 * LEVELS, end);
  }

  /// Matches routing keys whose digit of that level is `digit`.
  static String pattern(int level, int digit) {
    return "*.".repeat(LEVELS - 1 - level) + digit + ".#";
  }

  /// Matches routing keys of one line, whatever the delay was.
  static String linePattern(String queue, Priority priority) {
    return "*.".repeat(LEVELS) + queue + "." + Names.level(priority);
  }
}
