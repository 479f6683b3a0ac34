package dev.sluice.sqs;

import java.util.Optional;

/// The names of the two SQS queues of one Sluice queue.
///
/// SQS knows letters, digits, `-` and `_`, so a dot is written `_-`. An underscore that would be
/// taken for a part of that (one before a dot, a dash or another underscore, and one at the end) is
/// written twice. So no two queues share a name, and names can be read back.
///
/// Threading: immutable.
///
/// @param queue the Sluice queue
/// @param main where its jobs wait
/// @param dead its dead-letter queue
record QueueNames(String queue, String main, String dead) {
  private static final String DEAD = "-dead";
  private static final String FIFO = ".fifo";
  private static final int LONGEST = 80;

  /// Names the SQS queues.
  ///
  /// @throws IllegalArgumentException when the names are too long, or those of another queue
  static QueueNames of(Address address, String queue) {
    if (queue.endsWith(DEAD)) {
      throw new IllegalArgumentException(
          "queue: '" + queue + "' must not end with -dead, which names dead-letter queues on SQS");
    }
    String base = address.prefix() + escaped(queue);
    String suffix = address.fifo() ? FIFO : "";
    String dead = base + DEAD + suffix;
    if (dead.length() > LONGEST) {
      throw new IllegalArgumentException(
          "queue: '"
              + queue
              + "' needs the SQS queue '"
              + dead
              + "', whose name of "
              + dead.length()
              + " characters must be at most "
              + LONGEST);
    }
    return new QueueNames(queue, base + suffix, dead);
  }

  /// The Sluice queue behind an SQS queue; empty for dead-letter queues and those of others.
  static Optional<String> queueOf(Address address, String sqsName) {
    String suffix = address.fifo() ? FIFO : "";
    if (!sqsName.startsWith(address.prefix())
        || !sqsName.endsWith(suffix)
        || address.fifo() != sqsName.endsWith(FIFO)
        || sqsName.length() <= address.prefix().length() + suffix.length()) {
      return Optional.empty();
    }
    String middle =
        sqsName.substring(address.prefix().length(), sqsName.length() - suffix.length());
    return isDead(middle) ? Optional.empty() : Optional.of(unescaped(middle));
  }

  /// Whether a name without prefix and suffix is that of a dead-letter queue: the dash before
  /// `dead` is a dash, and not the second half of a dot.
  private static boolean isDead(String middle) {
    if (!middle.endsWith(DEAD)) {
      return false;
    }
    int underscores = 0;
    int end = middle.length() - DEAD.length();
    while (underscores < end && middle.charAt(end - 1 - underscores) == '_') {
      underscores++;
    }
    return underscores % 2 == 0;
  }

  private static String escaped(String queue) {
    StringBuilder text = new StringBuilder(queue.length() + 8);
    for (int i = 0; i < queue.length(); i++) {
      char c = queue.charAt(i);
      if (c == '.') {
        text.append("_-");
        continue;
      }
      text.append(c);
      if (c == '_' && (i + 1 == queue.length() || "._-".indexOf(queue.charAt(i + 1)) >= 0)) {
        text.append('_');
      }
    }
    return text.toString();
  }

  private static String unescaped(String name) {
    StringBuilder text = new StringBuilder(name.length());
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      char next = i + 1 < name.length() ? name.charAt(i + 1) : 'x';
      if (c == '_' && next == '-') {
        text.append('.');
        i++;
      } else {
        text.append(c);
        if (c == '_' && next == '_') {
          i++;
        }
      }
    }
    return text.toString();
  }
}
