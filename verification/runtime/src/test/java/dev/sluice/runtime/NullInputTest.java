package dev.sluice.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.sluice.Codec;
import dev.sluice.EnqueueOptions;
import dev.sluice.JobContext;
import dev.sluice.JobType;
import dev.sluice.Outcome;
import dev.sluice.Schedule;
import dev.sluice.Sluice;
import dev.sluice.SluiceBuilder;
import dev.sluice.cron.CronSchedule;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.job.JobOptions;
import dev.sluice.memory.MemoryEngine;
import dev.sluice.sqlite.SqliteEngine;
import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.lang.reflect.Proxy;
import java.lang.reflect.RecordComponent;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Every public method and constructor that a published module exports says which of its parameters
/// was null. They are found by reflection, so that a new one cannot be forgotten.
final class NullInputTest {
  /// One class of each module that the BOM names.
  private static final List<Class<?>> MODULES =
      List.of(Sluice.class, CronSchedule.class, MemoryEngine.class, SqliteEngine.class);

  /// What a parameter is called where its own name would not do.
  private static final Map<String, String> OTHER_NAMES = Map.of("JobType.name", "job type");

  private static final Map<Class<?>, Object> VALUES =
      Map.ofEntries(
          Map.entry(boolean.class, false),
          Map.entry(int.class, 1),
          Map.entry(long.class, 1L),
          Map.entry(double.class, 1.0),
          Map.entry(Object.class, "payload"),
          Map.entry(Integer.class, 1),
          Map.entry(String.class, "word"),
          Map.entry(byte[].class, new byte[0]),
          Map.entry(List.class, List.of()),
          Map.entry(Map.class, Map.of()),
          Map.entry(Optional.class, Optional.empty()),
          Map.entry(Duration.class, Duration.ofSeconds(1)),
          Map.entry(Instant.class, Instant.EPOCH),
          Map.entry(ZoneId.class, ZoneOffset.UTC),
          Map.entry(Path.class, Path.of("jobs.db")),
          Map.entry(Environment.class, Environment.system()));

  @TestFactory
  Stream<DynamicTest> everyNullIsCalledByItsName(@TempDir Path directory) throws Exception {
    List<DynamicTest> tests = new ArrayList<>();
    List<Object> receivers = receivers(directory);
    for (Class<?> type : exported()) {
      for (Constructor<?> constructor : type.getConstructors()) {
        for (int i = 0; i < constructor.getParameterCount(); i++) {
          test(constructor, null, i).ifPresent(tests::add);
        }
      }
      for (Method method : type.getDeclaredMethods()) {
        if (!takesInput(method)) {
          continue;
        }
        for (Object receiver : receiversOf(method, receivers)) {
          for (int i = 0; i < method.getParameterCount(); i++) {
            test(method, receiver, i).ifPresent(tests::add);
          }
        }
      }
    }
    assertThat(tests).hasSizeGreaterThan(200);
    return tests.stream().onClose(() -> close(receivers));
  }

  private static void close(List<Object> receivers) {
    for (Object receiver : receivers.reversed()) {
      if (receiver instanceof Sluice sluice) {
        sluice.close();
      } else if (receiver instanceof Engine engine) {
        engine.close();
      }
    }
  }

  private static Optional<DynamicTest> test(
      Executable called, @Nullable Object receiver, int which) {
    Parameter parameter = called.getParameters()[which];
    if (parameter.getType().isPrimitive() || isNullable(parameter.getAnnotatedType())) {
      return Optional.empty();
    }
    String shown =
        called.toGenericString().replaceAll("[a-z]+\\.", "")
            + (receiver == null ? "" : " of " + receiver.getClass().getSimpleName())
            + ", "
            + which;
    return Optional.of(
        DynamicTest.dynamicTest(
            shown,
            () -> {
              Throwable failure = catchThrowable(() -> call(called, receiver, which));
              assertThat(failure)
                  .isExactlyInstanceOf(NullPointerException.class)
                  .message()
                  .matches("([a-z]+\\.)?" + name(called, which) + ": must not be null");
            }));
  }

  private static boolean isNullable(AnnotatedElement element) {
    return element.isAnnotationPresent(Nullable.class);
  }

  /// What the sentence must call the parameter: record components and what a with-method sets by
  /// their names; names of other parameters are not in the class file.
  private static String name(Executable called, int which) {
    Class<?> type = called.getDeclaringClass();
    if (called instanceof Constructor<?> && type.isRecord()) {
      RecordComponent component = type.getRecordComponents()[which];
      String full = type.getSimpleName() + "." + component.getName();
      return OTHER_NAMES.getOrDefault(full, dashed(component.getName()));
    }
    String name = called.getName();
    return name.startsWith("with") ? dashed(name.substring("with".length())) : "[a-z][a-z -]*";
  }

  private static String dashed(String name) {
    return name.replaceAll("(?<=[a-z])(?=[A-Z])", "-").toLowerCase(Locale.ROOT);
  }

  private static void call(Executable called, @Nullable Object receiver, int which)
      throws Throwable {
    @Nullable Object[] arguments =
        Arrays.stream(called.getParameterTypes()).map(NullInputTest::value).toArray();
    arguments[which] = null;
    try {
      if (called instanceof Method method) {
        // The class of what a factory made is not public.
        method.setAccessible(true);
        method.invoke(receiver, arguments);
      } else {
        ((Constructor<?>) called).newInstance(arguments);
      }
    } catch (InvocationTargetException failure) {
      throw failure.getCause();
    }
  }

  /// A value that is fine.
  private static Object value(Class<?> type) {
    Object known = VALUES.get(type);
    if (known != null) {
      return known;
    }
    if (type.isEnum()) {
      return type.getEnumConstants()[0];
    }
    if (type.isSealed()) {
      return value(type.getPermittedSubclasses()[0]);
    }
    if (type.isRecord()) {
      return made(type);
    }
    // Never called: the null is noticed before.
    return Proxy.newProxyInstance(
        NullInputTest.class.getClassLoader(), new Class<?>[] {type}, (_, _, _) -> null);
  }

  private static Object made(Class<?> type) {
    try {
      Constructor<?> constructor = type.getConstructors()[0];
      return constructor.newInstance(
          Arrays.stream(constructor.getParameterTypes()).map(NullInputTest::value).toArray());
    } catch (ReflectiveOperationException failure) {
      throw new LinkageError("no value of " + type, failure);
    }
  }

  /// Whose methods are called, beside static ones and those of records and enums.
  private static List<Object> receivers(Path directory) {
    CompletableFuture<JobContext> context = new CompletableFuture<>();
    SluiceBuilder builder = Sluice.on(MemoryEngine.open());
    JobType<String> type = JobType.of("tell", Codec.string());
    Sluice sluice =
        builder
            .handle(
                type,
                (_, job) -> {
                  context.complete(job);
                  return Outcome.done();
                })
            .start();
    sluice.enqueue(type, "");
    return List.of(
        sluice,
        builder,
        context.join(),
        sluice.workers(),
        MemoryEngine.open(),
        SqliteEngine.open(directory.resolve("jobs.db")),
        CronSchedule.parse("0 3 * * *", ZoneOffset.UTC),
        Schedule.every(Duration.ofHours(1)),
        Codec.string(),
        Codec.bytes(),
        Environment.system().threads());
  }

  private static List<?> receiversOf(Method method, List<Object> receivers) {
    Class<?> type = method.getDeclaringClass();
    if (Modifier.isStatic(method.getModifiers())) {
      return Collections.singletonList(null);
    }
    if (type.isRecord() || type.isEnum()) {
      return List.of(value(type));
    }
    List<Object> fitting = receivers.stream().filter(type::isInstance).toList();
    // What only users implement has none; a class of ours must not slip through that way.
    assertThat(fitting.isEmpty() && !type.isInterface()).as("no receiver for %s", method).isFalse();
    return fitting;
  }

  private static boolean takesInput(Method method) {
    return Modifier.isPublic(method.getModifiers())
        && method.getParameterCount() > 0
        && !method.isSynthetic()
        && !method.getName().equals("equals")
        && !(method.getDeclaringClass().isEnum() && method.getName().equals("valueOf"));
  }

  private static List<Class<?>> exported() throws Exception {
    List<Class<?>> types = new ArrayList<>();
    for (Class<?> one : MODULES) {
      for (ModuleReference module : module(one)) {
        try (ModuleReader reader = module.open();
            Stream<String> resources = reader.list()) {
          for (String resource : resources.filter(name -> name.endsWith(".class")).toList()) {
            String name = resource.replace(".class", "").replace('/', '.');
            if (module.descriptor().exports().stream().anyMatch(export -> holds(export, name))) {
              types.add(Class.forName(name));
            }
          }
        }
      }
    }
    // An exception that throws another one would hide what it was to tell.
    return types.stream().filter(NullInputTest::isPublic).filter(type -> !isThrown(type)).toList();
  }

  private static Iterable<ModuleReference> module(Class<?> one)
      throws IOException, URISyntaxException {
    Path place = Path.of(one.getProtectionDomain().getCodeSource().getLocation().toURI());
    return ModuleFinder.of(place).findAll();
  }

  private static boolean holds(ModuleDescriptor.Exports export, String name) {
    return name.startsWith(export.source() + ".")
        && name.lastIndexOf('.') == export.source().length();
  }

  private static boolean isPublic(Class<?> type) {
    return Modifier.isPublic(type.getModifiers())
        && (type.getDeclaringClass() == null || isPublic(type.getDeclaringClass()));
  }

  private static boolean isThrown(Class<?> type) {
    return Throwable.class.isAssignableFrom(type);
  }

  private static void says(String sentence, ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(NullPointerException.class).hasMessage(sentence);
  }

  @Test
  void aNullAmongManyIsNoticed(@TempDir Path directory) {
    for (EngineKind kind : EngineKind.values()) {
      try (Engine engine = kind.open(directory, Environment.system())) {
        says("offers: must not hold null", () -> engine.offer(Collections.singletonList(null)));
        says("requests: must not hold null", () -> engine.claim(Collections.singletonList(null)));
        says("settles: must not hold null", () -> engine.settle(Collections.singletonList(null)));
        says(
            "leases: must not hold null",
            () -> engine.extend(Collections.singletonList(null), Duration.ofSeconds(1)));
      }
    }
    try (Sluice sluice = Sluice.on(MemoryEngine.open()).start()) {
      says("jobs: must not hold null", () -> sluice.enqueue(Collections.singletonList(null)));
    }
  }

  @Test
  void aHeaderHasANameAndAValue() {
    List<Consumer<Map<String, String>>> doors =
        List.of(
            headers -> EnqueueOptions.defaults().withHeaders(headers),
            headers -> new JobOptions(0, null, headers, 0, 0, 0, null, null));
    Map<String, String> nameless = new HashMap<>();
    nameless.put(null, "value");
    for (Consumer<Map<String, String>> door : doors) {
      says("headers: a name must not be null", () -> door.accept(nameless));
      says(
          "headers: a value must not be null",
          () -> door.accept(Collections.singletonMap("name", null)));
    }
  }
}
