package dev.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
final class ProcessTest {
  @TempDir
  @SuppressWarnings("NullAway.Init") // JUnit sets it
  private Path directory;

  private AppProcess demo(String engine, String jobDuration, String... more) throws Exception {
    String[] args =
        Stream.concat(
                Stream.of("demo", "--port=0", "--engine", engine, "--job-duration", jobDuration),
                Stream.of(more))
            .toArray(String[]::new);
    return AppProcess.start(args);
  }

  private String file() {
    return "sqlite:" + directory.resolve("demo.db");
  }

  @Test
  void afterKill9EverythingRunsAndTheInterruptedOneAgain() throws Exception {
    try (AppProcess first = demo(file(), "1h")) {
      String url = first.url();
      for (int user = 1; user <= 4; user++) {
        assertThat(AppProcess.get(url + "/?user_id=" + user).statusCode()).isEqualTo(202);
      }
      first.await("processing user: 1, started");
      first.kill();
    }
    try (AppProcess second = demo(file(), "10ms")) {
      second.await("4 unfinished from before");
      second.await("processing user: 4, finished");
      second.terminate();
      List<String> lines = second.awaitEnd();
      for (int user = 1; user <= 4; user++) {
        String name = "processing user: " + user + ",";
        assertThat(lines.stream().filter(line -> line.contains(name + " started"))).hasSize(1);
        assertThat(lines.stream().filter(line -> line.contains(name + " finished"))).hasSize(1);
      }
      assertThat(lines).anyMatch(line -> line.endsWith("user: 1, started (attempt 2)"));
      assertThat(second.exitCode()).isZero();
    }
  }

  @Test
  void terminationLetsTheRunningJobFinishAndSaysWhatItDid() throws Exception {
    try (AppProcess process = demo(file(), "700ms")) {
      String url = process.url();
      AppProcess.get(url + "/?user_id=1");
      process.await("processing user: 1, started");
      AppProcess.get(url + "/?user_id=2");
      process.terminate();
      process.await("stopping");
      assertThat(AppProcess.get(url + "/?user_id=3").statusCode()).isEqualTo(503);
      process.await("processing user: 1, finished");
      process.await("finished 1, gave back 0, abandoned 0; 1 still wait");
      assertThat(process.exitCode()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0s", "100ms"})
  void jobThatOutlastsTheGraceIsGivenBack(String grace) throws Exception {
    try (AppProcess process = demo(file(), "1h", "--grace", grace)) {
      String url = process.url();
      AppProcess.get(url + "/?user_id=1");
      process.await("processing user: 1, started");
      process.terminate();
      String stopped = process.await("stopped:");
      assertThat(stopped).contains("finished 0").contains("1 still wait");
      assertThat(process.exitCode()).isZero();
    }
  }

  @Test
  void secondSignalEndsNow() throws Exception {
    try (AppProcess process = demo("memory:", "1h", "--grace", "1h")) {
      AppProcess.get(process.url() + "/?user_id=1");
      process.await("processing user: 1, started");
      process.terminate();
      process.await("stopping");
      process.terminate();
      assertThat(process.exitCode()).isEqualTo(130);
    }
  }

  @Test
  void secondProcessOnTheSameFileIsRefused() throws Exception {
    try (AppProcess first = demo(file(), "1h")) {
      first.url();
      try (AppProcess second = demo(file(), "1h")) {
        List<String> lines = second.awaitEnd();
        assertThat(second.exitCode()).isEqualTo(1);
        assertThat(lines).hasSize(1);
        assertThat(lines.getFirst()).contains("demo.db");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "50"})
  void benchPrintsOneObjectAndLeavesNothing(String batch) throws Exception {
    for (String engine : List.of("memory:", "sqlite:" + directory.resolve("bench.db"))) {
      try (AppProcess bench =
          AppProcess.start(
              "bench",
              "--engine",
              engine,
              "--jobs",
              "500",
              "--producers",
              "10",
              "--batch",
              batch,
              "--json")) {
        List<String> lines = bench.awaitEnd();
        assertThat(bench.exitCode()).as("%s", lines).isZero();
        assertThat(lines).hasSize(1);
        JsonNode result = JsonMapper.builder().build().readTree(lines.getFirst());
        assertThat(result.get("engine").asString() + ":").isEqualTo(engine.replaceAll(":.*", ":"));
        assertThat(result.get("jobs").asInt()).isEqualTo(500);
        for (String field :
            List.of("enqueuePerSecond", "runPerSecond", "bothPerSecond", "heapBytesPerJob")) {
          assertThat(result.get(field).isNumber()).as(field).isTrue();
        }
        for (String field : List.of("admissionMillis", "startMillis")) {
          assertThat(result.get(field).get("p50").asDouble()).as(field).isPositive();
          assertThat(result.get(field).get("p99").asDouble()).as(field).isPositive();
        }
        assertThat(result.has("diskBytesPerJob")).isTrue();
        assertThat(result.get("raw").get("perSecond").asLong()).isPositive();
      }
    }
    try (Stream<Path> left = Files.list(directory)) {
      assertThat(left).isEmpty();
    }
  }
}
