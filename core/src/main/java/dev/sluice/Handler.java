package dev.sluice;

/// User code for a job type. Runs on a virtual thread of its own; may block.
///
/// A job is started at least once, so a handler must bear being run again: its work may have been
/// done already by an attempt whose end was never recorded. [JobContext#id] stays the same over all
/// attempts and serves as the key for that.
@FunctionalInterface
public interface Handler<T> {
  /// Does the work.
  ///
  /// The thread is interrupted when the attempt passes its deadline, is cancelled, or this process
  /// stops; a handler that heeds it ends promptly by throwing.
  ///
  /// @return what shall become of the job
  /// @throws Exception any: the attempt failed, and the queue's retry policy decides
  Outcome handle(T payload, JobContext job) throws Exception;
}
