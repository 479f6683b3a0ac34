package dev.sluice.rabbitmq;

import dev.sluice.job.Priority;
import java.util.List;

/// The names of queues on the broker.
///
/// Threading: immutable.
///
/// @param prefix what all names begin with
record Names(String prefix) {

  /// The line of one priority of a Sluice queue.
  String line(String queue, Priority priority) {
    return prefix + queue + "." + level(priority);
  }

  /// The dead-letter queue of a Sluice queue.
  String dead(String queue) {
    return prefix + queue + ".dead";
  }

  List<String> lines(String queue) {
    return List.of(
        line(queue, Priority.HIGH), line(queue, Priority.NORMAL), line(queue, Priority.LOW));
  }

  static String level(Priority priority) {
    return switch (priority) {
      case LOW -> "low";
      case NORMAL -> "normal";
      case HIGH -> "high";
    };
  }
}
