package dev.sluice.runtime;

import dev.sluice.engine.Claimed;
import dev.sluice.engine.Controllable;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Reclaiming;
import dev.sluice.engine.Remembering;
import dev.sluice.engine.Retaining;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/// Counts what each claim of an engine brings, and makes claims fail.
///
/// Threading: thread-safe.
final class WatchedClaims {
  /// How many jobs each claim brought that brought any.
  final List<Integer> sizes = new CopyOnWriteArrayList<>();

  final AtomicInteger failed = new AtomicInteger();
  volatile boolean failing;

  Engine around(Engine engine) {
    Class<?>[] roles = {
      Engine.class,
      Reclaiming.class,
      Retaining.class,
      Inspectable.class,
      Controllable.class,
      Remembering.class
    };
    return (Engine)
        Proxy.newProxyInstance(
            WatchedClaims.class.getClassLoader(),
            roles,
            (_, method, arguments) -> call(engine, method, arguments));
  }

  private Object call(Engine engine, Method method, Object[] arguments) throws Throwable {
    boolean claims = method.getName().equals("claim");
    if (claims && failing) {
      failed.incrementAndGet();
      throw new EngineUnavailableException("claims fail");
    }
    try {
      Object answer = method.invoke(engine, arguments);
      if (claims && !((Claimed) answer).claims().isEmpty()) {
        sizes.add(((Claimed) answer).claims().size());
      }
      return answer;
    } catch (InvocationTargetException thrown) {
      throw thrown.getCause();
    }
  }
}
