package dev.sluice.engine;

import dev.sluice.job.SluiceException;
import java.util.Objects;

/// The engine could not do what was asked, or cannot tell whether it was done: a full disk, a
/// failed write, a lost connection, a closed engine. The message is a sentence for those who run
/// it, and may name files and hosts; the [Kind] may be told to anybody.
public class EngineUnavailableException extends SluiceException {
  private static final long serialVersionUID = 1L;

  /// What is the matter, as far as it concerns whoever asked.
  public enum Kind {
    /// What keeps the jobs cannot be reached.
    UNREACHABLE("what keeps the jobs cannot be reached right now"),
    /// It takes nothing more for now.
    OVERLOADED("what keeps the jobs takes no more right now: it is short of disk, memory or time"),
    /// Trying again is useless until somebody changes something.
    REFUSING("what keeps the jobs refuses it: rights or settings there must be mended"),
    /// The job may be there or not.
    UNSURE("nobody knows whether it was done: the answer of what keeps the jobs was lost"),
    /// Anything else.
    FAILED("jobs cannot be stored or read right now");

    private final String sentence;

    Kind(String sentence) {
      this.sentence = sentence;
    }

    /// The same in words that give nothing away.
    public String sentence() {
      return sentence;
    }
  }

  private final Kind kind;

  /// One of [Kind#FAILED].
  public EngineUnavailableException(String message) {
    this(Kind.FAILED, message);
  }

  /// One of that kind.
  public EngineUnavailableException(Kind kind, String message) {
    super(message);
    this.kind = Objects.requireNonNull(kind, "kind: must not be null");
  }

  /// One of the kind of its cause, if that has one.
  public EngineUnavailableException(String message, Throwable cause) {
    this(
        cause instanceof EngineUnavailableException known ? known.kind : Kind.FAILED,
        message,
        cause);
  }

  /// One of that kind.
  public EngineUnavailableException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = Objects.requireNonNull(kind, "kind: must not be null");
  }

  /// What is the matter.
  public Kind kind() {
    return kind;
  }
}
