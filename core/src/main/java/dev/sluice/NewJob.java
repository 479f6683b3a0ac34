package dev.sluice;

import java.util.Objects;

/// A job to be handed over: one element of a bulk enqueue.
///
/// Threading: immutable, if the payload is.
public record NewJob<T>(JobType<T> type, T payload, EnqueueOptions options) {
  public NewJob {
    Objects.requireNonNull(type, "type: must not be null");
    Objects.requireNonNull(payload, "payload: must not be null");
    Objects.requireNonNull(options, "options: must not be null");
  }

  public static <T> NewJob<T> of(JobType<T> type, T payload) {
    return new NewJob<>(type, payload, EnqueueOptions.defaults());
  }
}
