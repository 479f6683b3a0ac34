package dev.sluice;

import dev.sluice.job.Names;
import java.util.Objects;

/// A kind of job: a stable name that the user chooses, the codec of its payload, and the queue it
/// usually waits in. The name is what is stored; classes may be renamed and moved at will.
///
/// Threading: immutable.
///
/// @param name 1 to 128 characters of `A-Z a-z 0-9 . _ -`
/// @param codec how the payload is stored
/// @param queue where jobs of this type wait unless the enqueue says otherwise
public record JobType<T>(String name, Codec<T> codec, String queue) {
  /// The queue of a type that names none.
  public static final String DEFAULT_QUEUE = "default";

  public JobType {
    Names.require("job type", name);
    Names.require("queue", queue);
    Objects.requireNonNull(codec, "codec: must not be null");
  }

  /// A type whose jobs wait in the queue `default`.
  public static <T> JobType<T> of(String name, Codec<T> codec) {
    return new JobType<>(name, codec, DEFAULT_QUEUE);
  }

  /// The same type, waiting in another queue.
  public JobType<T> on(String otherQueue) {
    return new JobType<>(name, codec, otherQueue);
  }
}
