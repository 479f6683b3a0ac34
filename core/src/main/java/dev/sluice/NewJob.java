package dev.sluice;

/// A job to be handed over: one element of a bulk enqueue.
///
/// Threading: immutable, if the payload is.
public record NewJob<T>(JobType<T> type, T payload, EnqueueOptions options) {
  public static <T> NewJob<T> of(JobType<T> type, T payload) {
    return new NewJob<>(type, payload, EnqueueOptions.defaults());
  }
}
