package dev.sluice.server;

import dev.sluice.engine.Engine;
import dev.sluice.memory.MemoryEngine;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/// A memory engine that has done what it was asked for, and does not say so before a test lets it.
///
/// Threading: thread-safe.
final class HeldEngine {
  private final CountDownLatch held = new CountDownLatch(1);
  private final CountDownLatch free = new CountDownLatch(1);
  private final Engine engine;

  /// @param which which answers are held back, by the name of the method and what it returns
  HeldEngine(BiPredicate<String, @Nullable Object> which) {
    Engine memory = MemoryEngine.open();
    engine =
        (Engine)
            Proxy.newProxyInstance(
                HeldEngine.class.getClassLoader(),
                memory.getClass().getInterfaces(),
                (_, method, arguments) -> {
                  Object answer;
                  try {
                    answer = method.invoke(memory, arguments);
                  } catch (InvocationTargetException failed) {
                    throw Objects.requireNonNull(failed.getCause());
                  }
                  if (which.test(method.getName(), answer)) {
                    held.countDown();
                    free.await();
                  }
                  return answer;
                });
  }

  Engine engine() {
    return engine;
  }

  /// Waits until an answer is held back.
  void awaitHeld() throws InterruptedException {
    held.await();
  }

  void letGo() {
    free.countDown();
  }
}
