package dev.sluice.app;

import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/// Ctrl-C and SIGTERM as a request: the first one lets the main thread stop in order and choose the
/// exit code, the second one ends the process now.
///
/// Not a shutdown hook: the JVM would exit with 143 whatever the hook does, a second signal would
/// wait for the first, and the JDK's own hook takes the log away meanwhile. `sun.misc.Signal` is
/// what the JDK has for this, exported for want of a successor. By reflection, because javac warns
/// of every mention of it and no annotation can answer for that.
///
/// Threading: thread-safe.
final class StopSignal {
  private static final System.Logger LOG = System.getLogger("dev.sluice.app.stop");
  private static final int ENDED_BY_INTERRUPT = 130;

  private final CountDownLatch asked = new CountDownLatch(1);
  private final AtomicBoolean again = new AtomicBoolean();
  private final Runnable lastWords;

  private StopSignal(Runnable lastWords) {
    this.lastWords = lastWords;
  }

  /// Takes over both signals of this process.
  static StopSignal install() {
    return install(() -> {});
  }

  /// Takes over both signals of this process.
  ///
  /// @param lastWords runs before the second signal ends the process; must be short
  static StopSignal install(Runnable lastWords) {
    StopSignal stop = new StopSignal(lastWords);
    try {
      stop.take("INT");
      stop.take("TERM");
    } catch (ReflectiveOperationException missing) {
      throw new IllegalStateException("this JDK has no sun.misc.Signal", missing);
    }
    return stop;
  }

  private void take(String name) throws ReflectiveOperationException {
    Class<?> signal = Class.forName("sun.misc.Signal");
    Class<?> handler = Class.forName("sun.misc.SignalHandler");
    Object raise =
        Proxy.newProxyInstance(
            handler.getClassLoader(),
            new Class<?>[] {handler},
            (_, _, _) -> {
              raise();
              return null;
            });
    signal
        .getMethod("handle", signal, handler)
        .invoke(null, signal.getConstructor(String.class).newInstance(name), raise);
  }

  /// Last words of who works on jobs itself.
  static void sayThatJobsCrashed() {
    LOG.log(
        System.Logger.Level.WARNING, "ended at once: what ran counts as crashed, and runs again");
  }

  private void raise() {
    if (again.getAndSet(true)) {
      lastWords.run();
      Runtime.getRuntime().halt(ENDED_BY_INTERRUPT);
    }
    asked.countDown();
  }

  /// Returns when the first signal came.
  void await() throws InterruptedException {
    asked.await();
  }
}
