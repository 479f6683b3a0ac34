package dev.sluice.app.remote;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// The lines of a stream, of which none is held beyond a bound.
///
/// Threading: confined to one thread.
final class Lines {
  private static final int LONGEST = 64 << 20;

  private final InputStream in;
  private long number;
  private long bytes;

  Lines(InputStream in) {
    this.in = new BufferedInputStream(in, 1 << 16);
  }

  /// The next line without its end; null at the end of the stream.
  ///
  /// @throws IOException also when a line is too long
  @Nullable String next() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(256);
    int at = in.read();
    if (at < 0) {
      return null;
    }
    number++;
    while (at >= 0 && at != '\n') {
      line.write(at);
      if (line.size() > LONGEST) {
        throw new IOException("line " + number + " is longer than any job");
      }
      at = in.read();
    }
    bytes += line.size() + 1L;
    return line.toString(StandardCharsets.UTF_8);
  }

  /// Whether the next line is there without waiting for it, as far as one can tell.
  boolean ready() throws IOException {
    return in.available() > 0;
  }

  /// The number of the line that was read last, from 1.
  long number() {
    return number;
  }

  /// Bytes read so far.
  long bytes() {
    return bytes;
  }
}
