package dev.sluice.rabbitmq;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A way to the broker that is cut, or falls silent, after so many bytes in one direction, all
/// connections counted together.
///
/// Threading: thread-safe; two threads for each connection. `lock` guards the fault and the gate.
final class Wire implements AutoCloseable {
  private final ServerSocket entrance;
  private final int target;
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable Fault fault;
  private long left;

  /// Shut while nothing gets through.
  private CountDownLatch gate = new CountDownLatch(0);

  Wire(int target) throws IOException {
    this.target = target;
    entrance = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().name("wire").start(this::accept);
  }

  String url() {
    return "amqp://127.0.0.1:" + entrance.getLocalPort();
  }

  enum Direction {
    TO_BROKER,
    FROM_BROKER
  }

  enum Kind {
    /// Ends the connection that carries the last byte, and no other.
    CUT,
    /// Lets nothing through any more, on any connection and in any direction.
    SILENCE
  }

  /// What happens after the last byte that gets through.
  private record Fault(Kind kind, Direction direction) {}

  /// @param bytes that still get through, at least 1
  void failAfter(Kind kind, Direction direction, long bytes) {
    lock.lock();
    try {
      fault = new Fault(kind, direction);
      left = bytes;
    } finally {
      lock.unlock();
    }
  }

  /// Lets everything through, what was held up first.
  ///
  /// @return whether what was asked for had happened
  boolean mend() {
    lock.lock();
    try {
      boolean happened = fault == null;
      fault = null;
      gate.countDown();
      return happened;
    } finally {
      lock.unlock();
    }
  }

  private void accept() {
    while (!entrance.isClosed()) {
      try {
        Socket here = entrance.accept();
        here.setTcpNoDelay(true);
        Socket there = new Socket(InetAddress.getLoopbackAddress(), target);
        there.setTcpNoDelay(true);
        Thread.ofVirtual().name("wire to").start(() -> pump(Direction.TO_BROKER, here, there));
        Thread.ofVirtual().name("wire from").start(() -> pump(Direction.FROM_BROKER, there, here));
      } catch (IOException _) {
        // Closed; and a broker that is away is not tried here.
      }
    }
  }

  private void pump(Direction direction, Socket from, Socket to) {
    byte[] buffer = new byte[8_192];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int count = in.read(buffer); count > 0; count = in.read(buffer)) {
        gate().await();
        Passing passing = pass(direction, count);
        out.write(buffer, 0, passing.bytes);
        if (passing.isCut) {
          return;
        }
        gate().await();
        out.write(buffer, passing.bytes, count - passing.bytes);
      }
    } catch (IOException _) {
      // One end is gone, and the other goes with it.
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  private CountDownLatch gate() {
    lock.lock();
    try {
      return gate;
    } finally {
      lock.unlock();
    }
  }

  /// What gets through of some bytes.
  private record Passing(int bytes, boolean isCut) {}

  private Passing pass(Direction direction, int count) {
    lock.lock();
    try {
      Fault armed = fault;
      if (armed == null || armed.direction != direction) {
        return new Passing(count, false);
      }
      if (left > count) {
        left -= count;
        return new Passing(count, false);
      }
      fault = null;
      if (armed.kind == Kind.SILENCE) {
        gate = new CountDownLatch(1);
      }
      return new Passing((int) left, armed.kind == Kind.CUT);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() throws IOException {
    mend();
    entrance.close();
  }
}
