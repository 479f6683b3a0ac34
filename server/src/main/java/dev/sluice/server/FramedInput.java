package dev.sluice.server;

import io.helidon.http.Status;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/// A body whose chunks must have lengths. Helidon 4.5 complains of one that is no number with the
/// exception of whatever parsed it.
///
/// Threading: confined to the request's thread.
final class FramedInput extends FilterInputStream {
  FramedInput(InputStream body) {
    super(body);
  }

  @Override
  public int read() throws IOException {
    try {
      return super.read();
    } catch (NumberFormatException _) {
      throw misframed();
    }
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    try {
      return super.read(bytes, offset, length);
    } catch (NumberFormatException _) {
      throw misframed();
    }
  }

  private static ProblemException misframed() {
    return Problem.of(Status.BAD_REQUEST_400, "malformed", "the body is not framed as HTTP says")
        .exception();
  }
}
