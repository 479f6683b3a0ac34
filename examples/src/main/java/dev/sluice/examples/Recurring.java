package dev.sluice.examples;

import dev.sluice.JobType;
import dev.sluice.Schedule;
import dev.sluice.Sluice;
import java.time.Duration;

/// The same job again and again, each firing once, also after a restart.
final class Recurring {
  private Recurring() {}

  static void cleanEvery(Sluice sluice, JobType<String> clean, Duration period) {
    sluice.schedule("clean-up", Schedule.every(period), clean, "/tmp/uploads");
  }
}
