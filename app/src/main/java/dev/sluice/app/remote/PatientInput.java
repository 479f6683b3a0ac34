package dev.sluice.app.remote;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// A stream whose other end must not be silent for too long: a peer that died without a word is not
/// told from one that has nothing to say in any other way.
///
/// Threading: confined to one thread, but for the close of a stream that was silent too long.
final class PatientInput extends FilterInputStream {
  private final Duration patience;

  /// @param in its reads must end when somebody else closes it
  PatientInput(InputStream in, Duration patience) {
    super(in);
    this.patience = patience;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    CompletableFuture<Boolean> silent = new CompletableFuture<>();
    CompletableFuture<Void> cut = silent.thenAccept(this::end);
    silent.completeOnTimeout(true, patience.toNanos(), TimeUnit.NANOSECONDS);
    int read;
    try {
      read = in.read(bytes, offset, length);
    } catch (IOException failure) {
      throw silent.complete(false) ? failure : tooLong();
    }
    if (!silent.complete(false)) {
      cut.join();
      throw tooLong();
    }
    return read;
  }

  private void end(boolean silent) {
    if (silent) {
      try {
        in.close();
      } catch (IOException _) {
        // Whoever reads is told that it was silent.
      }
    }
  }

  private IOException tooLong() {
    return new IOException("nothing came for " + Times.rough(patience));
  }
}
