package dev.sluice.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The rules of the house, read from the sources.
final class ArchitectureTest {
  private static final Path ROOT = Path.of("..", "..").toAbsolutePath().normalize();
  private static final Pattern IMPORT =
      Pattern.compile("^import (?:static )?(dev\\.sluice[a-z.]*)\\.[A-Z]", Pattern.MULTILINE);
  private static final Pattern WORLD =
      Pattern.compile(
          "System\\.nanoTime|currentTimeMillis|Instant\\.now|LocalDate(?:Time)?\\.now|Clock\\.system"
              + "|Thread\\.of(?:Virtual|Platform)|new Thread\\(|Thread\\.startVirtualThread"
              + "|ThreadLocalRandom|Math\\.random|new (?:Secure)?Random\\(|Executors\\.");
  private static final Pattern VAGUE = Pattern.compile("Utils?|Helper|Manager|Abstract\\w*");

  private record Source(Path path, String text) {
    String file() {
      return path.getFileName().toString();
    }

    String code() {
      return text.replaceAll("(?m)^\\s*//.*$", "").replaceAll("(?s)\"\"\".*?\"\"\"", "\"\"");
    }

    String packageName() {
      Matcher matcher = Pattern.compile("(?m)^package ([a-z.]+);").matcher(text);
      return matcher.find() ? matcher.group(1) : "";
    }

    Set<String> imports() {
      Set<String> imports = new TreeSet<>();
      IMPORT.matcher(text).results().forEach(result -> imports.add(result.group(1)));
      return imports;
    }
  }

  private static List<Source> sources(String middle) {
    try (Stream<Path> files = Files.walk(ROOT)) {
      return files
          .filter(path -> path.toString().endsWith(".java"))
          .filter(path -> !path.toString().contains("/target/"))
          .filter(path -> path.toString().contains(middle))
          .map(ArchitectureTest::read)
          .toList();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private static Source read(Path path) {
    try {
      return new Source(ROOT.relativize(path), Files.readString(path));
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private static List<String> offenders(List<Source> sources, Pattern pattern) {
    return sources.stream()
        .filter(source -> pattern.matcher(source.code()).find())
        .map(source -> source.path().toString())
        .toList();
  }

  @Test
  void thereAreSourcesToRead() {
    assertThat(sources("/core/src/main/")).hasSizeGreaterThan(50);
  }

  @Test
  void noPackagesImportEachOtherInACircle() {
    Map<String, Set<String>> arrows = new TreeMap<>();
    for (Source source : sources("/src/main/")) {
      arrows.computeIfAbsent(source.packageName(), _ -> new TreeSet<>()).addAll(source.imports());
    }
    arrows.forEach((from, to) -> to.remove(from));
    for (String from : arrows.keySet()) {
      assertThat(reached(arrows, from)).as("reached from " + from).doesNotContain(from);
    }
  }

  private static Set<String> reached(Map<String, Set<String>> arrows, String from) {
    Set<String> seen = new HashSet<>();
    Deque<String> open = new ArrayDeque<>(arrows.getOrDefault(from, Set.of()));
    while (!open.isEmpty()) {
      String next = open.pop();
      if (seen.add(next)) {
        open.addAll(arrows.getOrDefault(next, Set.of()));
      }
    }
    return seen;
  }

  @Test
  void theWordsKnowNoOtherPackageAndEnginesOnlyTheWords() {
    for (Source source : sources("/core/src/main/java/dev/sluice/job/")) {
      assertThat(source.imports()).as(source.file()).isSubsetOf("dev.sluice.job");
    }
    for (Source source : sources("/core/src/main/java/dev/sluice/engine/")) {
      assertThat(source.imports())
          .as(source.file())
          .isSubsetOf("dev.sluice.job", "dev.sluice.engine");
    }
    for (Source source : sources("/engines/")) {
      if (source.path().toString().contains("/src/main/")) {
        assertThat(source.imports()).as(source.file()).doesNotContain("dev.sluice");
      }
    }
  }

  @Test
  void clockRandomnessAndThreadsComeFromTheEnvironmentOnly() {
    List<Source> product =
        sources("/src/main/").stream()
            .filter(source -> !source.file().equals("SystemEnvironment.java"))
            // What nobody may guess must not come from a generator that a test seeds.
            .filter(source -> !source.file().equals("Secrets.java"))
            .filter(source -> !source.path().startsWith("app"))
            .filter(source -> !source.path().startsWith("examples"))
            .filter(source -> !source.path().startsWith("verification"))
            .toList();
    assertThat(offenders(product, WORLD)).isEmpty();
  }

  @Test
  void nobodySleepsAndNobodyReadsSerializedObjects() {
    Pattern banned = Pattern.compile("Thread\\.sleep\\(|new ObjectInputStream\\(");
    assertThat(offenders(sources("/src/"), banned)).isEmpty();
  }

  @Test
  void filesStaySmallAndNamesSaySomething() {
    List<String> offenders = new ArrayList<>();
    for (Source source : sources("/src/main/")) {
      if (source.text().lines().count() > 500) {
        offenders.add(source.path() + " has more than 500 lines");
      }
      Matcher words = VAGUE.matcher(source.file().replace(".java", ""));
      while (words.find()) {
        offenders.add(source.path() + " is named " + words.group());
      }
    }
    assertThat(offenders).isEmpty();
  }

  @Test
  void eachModuleDirectoryIsOneNamedModule() {
    for (Source source : sources("/src/main/java/module-info.java")) {
      String directory = source.path().getName(source.path().getNameCount() - 5).toString();
      String expected = directory.equals("core") ? "dev.sluice" : "dev.sluice." + directory;
      assertThat(source.text()).contains("module " + expected + " {");
    }
  }
}
