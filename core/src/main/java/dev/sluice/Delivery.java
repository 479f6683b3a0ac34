package dev.sluice;

import java.util.Objects;

/// How the jobs of a queue get to whoever does their work.
///
/// Threading: immutable.
public sealed interface Delivery {

  /// Each job goes to the handler of its type, in this process. The default.
  record ByType() implements Delivery {
    static final ByType INSTANCE = new ByType();
  }

  /// Every job goes to one handler in this process, whatever its type.
  ///
  /// @param handler is given the payload as it was enqueued
  record To(Handler<byte[]> handler) implements Delivery {
    public To {
      Objects.requireNonNull(handler, "handler: must not be null");
    }
  }

  /// Jobs wait until a worker elsewhere takes them with [Workers#lease].
  record Pull() implements Delivery {
    static final Pull INSTANCE = new Pull();
  }

  static Delivery byType() {
    return ByType.INSTANCE;
  }

  static Delivery to(Handler<byte[]> handler) {
    return new To(handler);
  }

  static Delivery pull() {
    return Pull.INSTANCE;
  }
}
