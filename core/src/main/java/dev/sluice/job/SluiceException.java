package dev.sluice.job;

/// The root of what Sluice throws when the world is broken. Expected answers are values instead.
public class SluiceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public SluiceException(String message) {
    super(message);
  }

  public SluiceException(String message, Throwable cause) {
    super(message, cause);
  }
}
