package dev.sluice.engine;

import dev.sluice.job.SluiceException;

/// The engine could not do what was asked, or cannot tell whether it was done: a full disk, a
/// failed write, a lost connection, a closed engine. The message is a sentence for people.
public class EngineUnavailableException extends SluiceException {
  private static final long serialVersionUID = 1L;

  public EngineUnavailableException(String message) {
    super(message);
  }

  public EngineUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
