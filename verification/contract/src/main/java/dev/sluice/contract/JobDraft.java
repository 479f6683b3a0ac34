package dev.sluice.contract;

import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.Priority;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A job for a test, with only what matters to the test said.
///
/// Threading: confined to the test.
public final class JobDraft {
  private final long createdAtMillis;
  private JobId id;
  private String queue = Trial.QUEUE;
  private byte[] payload = {1, 2, 3};
  private Priority priority = Priority.NORMAL;
  private long runAtMillis;
  private @Nullable String key;
  private Map<String, String> headers = Map.of();

  JobDraft(JobId id, long createdAtMillis) {
    this.id = id;
    this.createdAtMillis = createdAtMillis;
  }

  public JobDraft id(JobId other) {
    id = other;
    return this;
  }

  public JobDraft queue(String name) {
    queue = name;
    return this;
  }

  public JobDraft payload(byte[] bytes) {
    payload = bytes.clone();
    return this;
  }

  public JobDraft bytes(int size) {
    payload = new byte[size];
    return this;
  }

  public JobDraft priority(Priority urgency) {
    priority = urgency;
    return this;
  }

  public JobDraft runAt(long millis) {
    runAtMillis = millis;
    return this;
  }

  public JobDraft key(@Nullable String text) {
    key = text;
    return this;
  }

  public JobDraft headers(Map<String, String> map) {
    headers = Map.copyOf(map);
    return this;
  }

  public Job build() {
    JobOptions options =
        runAtMillis == 0 && key == null && headers.isEmpty()
            ? JobOptions.NONE
            : new JobOptions(runAtMillis, key, headers, 0, 0, 0, null, null);
    return new Job(id, queue, "welcome-email", payload, priority, createdAtMillis, options);
  }
}
