package dev.sluice.app;

import dev.sluice.engine.Engine;
import dev.sluice.engine.Limits;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Set;

/// The life of a process that ends right after a certain call to its engines: the call is done, and
/// nobody hears of it. Its engines take few jobs in one call.
///
/// Threading: confined to the test.
final class Life {
  /// Most jobs in one call.
  static final int BATCH = 3;

  /// The calls that count. Before any other call the world is as it was after the one before.
  private static final Set<String> COUNTED =
      Set.of("expired", "settle", "export", "restore", "exported");

  private int left;

  /// @param calls how many calls it lives for
  Life(int calls) {
    left = calls;
  }

  /// The end of the process.
  static final class Killed extends Error {
    private static final long serialVersionUID = 1L;
  }

  /// The engine as this process sees it, in all of its roles.
  Engine of(Engine engine) {
    return (Engine)
        Proxy.newProxyInstance(
            Life.class.getClassLoader(),
            engine.getClass().getInterfaces(),
            (_, method, arguments) -> call(engine, method, arguments));
  }

  private Object call(Engine engine, Method method, Object[] arguments) throws Throwable {
    try {
      Object answer = method.invoke(engine, arguments);
      if (COUNTED.contains(method.getName()) && --left == 0) {
        throw new Killed();
      }
      return answer instanceof Limits limits ? few(limits) : answer;
    } catch (InvocationTargetException thrown) {
      throw thrown.getCause();
    }
  }

  private static Limits few(Limits limits) {
    return new Limits(
        limits.engine(),
        limits.durable(),
        limits.brokered(),
        limits.exactBound(),
        limits.singleHolder(),
        limits.exactCounts(),
        limits.priorities(),
        limits.keys(),
        BATCH,
        limits.payloadBytes(),
        limits.delay(),
        limits.lease());
  }
}
