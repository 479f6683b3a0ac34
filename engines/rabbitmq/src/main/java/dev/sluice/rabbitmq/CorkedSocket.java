package dev.sluice.rabbitmq;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A socket that gathers what is written while it is corked. The client writes each message to the
/// socket by itself; gathered they cost one call of the system for each 64 KiB, here and at the
/// broker.
///
/// Threading: thread-safe. The lock of its stream is held while the socket is written to, as the
/// client's own is.
final class CorkedSocket extends Socket {
  private static final int GATHERED = 64 << 10;

  private volatile @Nullable Gathering stream;

  /// Begins to gather; ends, and writes what was, when it is closed. Nothing happens while there is
  /// no connection yet, and what has begun before there is one ends nothing of it.
  Link.Cork cork() {
    Gathering current = stream;
    if (current == null) {
      return () -> {};
    }
    current.cork();
    return current::uncork;
  }

  // Asked for once, by the client, before it writes anything.
  @Override
  public OutputStream getOutputStream() throws IOException {
    Gathering made = new Gathering(super.getOutputStream());
    stream = made;
    return made;
  }

  /// Threading: thread-safe; `lock` guards all fields.
  private static final class Gathering extends OutputStream {
    private final OutputStream socket;
    private final ReentrantLock lock = new ReentrantLock();
    private final byte[] gathered = new byte[GATHERED];
    private int length;
    private int corks;

    Gathering(OutputStream socket) {
      this.socket = socket;
    }

    void cork() {
      lock.lock();
      try {
        corks++;
      } finally {
        lock.unlock();
      }
    }

    void uncork() throws IOException {
      lock.lock();
      try {
        corks--;
        drain();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void write(int one) throws IOException {
      write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int count) throws IOException {
      lock.lock();
      try {
        if (length + count > GATHERED) {
          drain();
        }
        if (corks == 0 || count > GATHERED) {
          drain();
          socket.write(bytes, offset, count);
        } else {
          System.arraycopy(bytes, offset, gathered, length, count);
          length += count;
        }
      } finally {
        lock.unlock();
      }
    }

    private void drain() throws IOException {
      int count = length;
      length = 0;
      if (count > 0) {
        socket.write(gathered, 0, count);
      }
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
