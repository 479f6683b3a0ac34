package dev.sluice.webhook;

import java.io.IOException;

/// A delivery that could not be made, with a message that is fit for the job's history.
final class UndeliveredException extends IOException {
  private static final long serialVersionUID = 1L;

  UndeliveredException(String message) {
    super(message);
  }
}
