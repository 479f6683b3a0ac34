package dev.sluice.sqs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Passes bytes on between the engine and a server, and cuts a connection where it is told to.
///
/// Threading: thread-safe; the lock guards the cut that is to come.
final class CutProxy implements AutoCloseable {
  /// Which bytes are counted.
  enum Side {
    REQUEST,
    ANSWER
  }

  private static final int CHUNK = 8192;

  private final URI target;
  private final ServerSocket listener;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable Side side;
  private long left;

  CutProxy(URI target) {
    this.target = target;
    try {
      listener = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
    threads.execute(this::listen);
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + listener.getLocalPort());
  }

  /// Cuts the connection on which, from now on, byte number `after` + 1 of that side would pass.
  void cut(Side which, long after) {
    lock.lock();
    try {
      side = which;
      left = after;
    } finally {
      lock.unlock();
    }
  }

  /// Takes back what [#cut] asked for.
  ///
  /// @return whether there was a cut before
  boolean wasCut() {
    lock.lock();
    try {
      boolean made = side == null;
      side = null;
      return made;
    } finally {
      lock.unlock();
    }
  }

  private void listen() {
    try {
      while (true) {
        Socket client = listener.accept();
        Socket server = new Socket(target.getHost(), target.getPort());
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        sockets.add(client);
        sockets.add(server);
        threads.execute(() -> pump(client, server, Side.REQUEST));
        threads.execute(() -> pump(server, client, Side.ANSWER));
      }
    } catch (IOException _) {
      // The proxy is closed.
    }
  }

  private void pump(Socket from, Socket to, Side which) {
    byte[] chunk = new byte[CHUNK];
    try {
      int length = from.getInputStream().read(chunk);
      while (length >= 0) {
        int pass = passing(which, length);
        to.getOutputStream().write(chunk, 0, pass);
        if (pass < length) {
          break;
        }
        length = from.getInputStream().read(chunk);
      }
    } catch (IOException _) {
      // One end is gone, and the other goes with it.
    } finally {
      close(from);
      close(to);
    }
  }

  private int passing(Side which, int length) {
    lock.lock();
    try {
      if (side != which) {
        return length;
      }
      int pass = (int) Math.min(left, length);
      left -= pass;
      side = pass < length ? null : side;
      return pass;
    } finally {
      lock.unlock();
    }
  }

  private void close(Socket socket) {
    sockets.remove(socket);
    try {
      socket.close();
    } catch (IOException _) {
      // It is of no use any more.
    }
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
    Set.copyOf(sockets).forEach(this::close);
    threads.close();
  }
}
