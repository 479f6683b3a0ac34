package dev.sluice;

import dev.sluice.job.SluiceException;

/// A payload could not be encoded or decoded. At enqueue the caller sees it; in a worker it fails
/// the attempt of that job and nothing else.
public class CodecException extends SluiceException {
  private static final long serialVersionUID = 1L;

  public CodecException(String message) {
    super(message);
  }

  public CodecException(String message, Throwable cause) {
    super(message, cause);
  }
}
