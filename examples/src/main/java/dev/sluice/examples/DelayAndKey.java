package dev.sluice.examples;

import dev.sluice.EnqueueOptions;
import dev.sluice.JobType;
import dev.sluice.Sluice;
import dev.sluice.job.Admission;
import java.time.Duration;

/// Not now but later, and only once: a reminder in a day, whose key makes a second call for the
/// same order answer with the first job.
final class DelayAndKey {
  private DelayAndKey() {}

  static Admission remind(Sluice sluice, JobType<String> reminder, String order) {
    EnqueueOptions tomorrowOnce =
        EnqueueOptions.defaults().withDelay(Duration.ofDays(1)).withKey("reminder-" + order);
    return sluice.enqueue(reminder, order, tomorrowOnce);
  }
}
