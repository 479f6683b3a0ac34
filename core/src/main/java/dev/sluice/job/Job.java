package dev.sluice.job;

import java.util.Objects;

/// One unit of work, as the producer handed it over; nothing in it changes afterwards.
///
/// Threading: immutable, as long as nobody writes to `payload`: the array is not copied.
///
/// @param id identity, made by the producer's side
/// @param queue name of the queue it waits in
/// @param type stable name that finds its handler; never a class name
/// @param payload the encoded work
/// @param priority urgency within the queue
/// @param createdAtMillis when it was handed over, Unix milliseconds
/// @param options what else was asked for
// An array and no wrapper: a copy or a box for each of millions of jobs a second is not free.
@SuppressWarnings("ArrayRecordComponent")
public record Job(
    JobId id,
    String queue,
    String type,
    byte[] payload,
    Priority priority,
    long createdAtMillis,
    JobOptions options) {
  public Job {
    Objects.requireNonNull(id, "id: must not be null");
    Objects.requireNonNull(queue, "queue: must not be null");
    Objects.requireNonNull(type, "type: must not be null");
    Objects.requireNonNull(payload, "payload: must not be null");
    Objects.requireNonNull(priority, "priority: must not be null");
    Objects.requireNonNull(options, "options: must not be null");
  }

  /// Bytes that count against a queue's byte capacity: payload, key and headers.
  public int bytes() {
    return payload.length + options.bytes();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Job job && id.equals(job.id);
  }

  @Override
  public int hashCode() {
    return id.hashCode();
  }

  @Override
  public String toString() {
    return "Job[" + id + ", " + queue + ", " + type + ", " + payload.length + " bytes]";
  }
}
