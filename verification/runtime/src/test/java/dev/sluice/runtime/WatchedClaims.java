package dev.sluice.runtime;

import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Controllable;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Reclaiming;
import dev.sluice.engine.Remembering;
import dev.sluice.engine.Retaining;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settlement;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/// Counts what each claim of an engine brings, makes claims fail, and gets between a crash and
/// whoever took the job back.
///
/// Threading: thread-safe.
final class WatchedClaims {
  /// How many jobs each claim brought that brought any.
  final List<Integer> sizes = new CopyOnWriteArrayList<>();

  /// How many jobs the newest claim that was answered had asked for.
  volatile int asked;

  final AtomicInteger failed = new AtomicInteger();
  volatile boolean failing;

  /// Called when a job was taken back, before whoever did that is answered.
  volatile Runnable afterCrash = () -> {};

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

  private static boolean isCrash(List<?> settles) {
    return settles.stream().anyMatch(it -> ((Settle) it).settlement() instanceof Settlement.Crash);
  }

  private Object call(Engine engine, Method method, Object[] arguments) throws Throwable {
    boolean claims = method.getName().equals("claim");
    if (claims && failing) {
      failed.incrementAndGet();
      throw new EngineUnavailableException("claims fail");
    }
    try {
      Object answer = method.invoke(engine, arguments);
      if (claims) {
        asked =
            ((List<?>) arguments[0])
                .stream().mapToInt(request -> ((ClaimRequest) request).max()).sum();
        int brought = ((Claimed) answer).claims().size();
        if (brought > 0) {
          sizes.add(brought);
        }
      }
      if (method.getName().equals("settle") && isCrash((List<?>) arguments[0])) {
        afterCrash.run();
      }
      return answer;
    } catch (InvocationTargetException thrown) {
      throw thrown.getCause();
    }
  }
}
