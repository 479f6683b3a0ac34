package dev.sluice.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class LifecycleTest {
  private static final Path PAGE = Path.of("..", "docs", "LIFECYCLE.md");

  @Test
  void theTableInTheDocumentationIsTheCode() throws IOException {
    List<String> documented =
        Files.readAllLines(PAGE).stream()
            .filter(line -> line.startsWith("| `"))
            .map(LifecycleTest::firstFourCells)
            .toList();
    List<String> coded = Arrays.stream(Lifecycle.values()).map(LifecycleTest::row).toList();
    assertThat(documented).isEqualTo(coded);
  }

  @Test
  void theDiagramInTheDocumentationIsTheCode() throws IOException {
    List<String> drawn =
        Files.readAllLines(PAGE).stream()
            .map(String::strip)
            .filter(line -> line.contains(" --> ") && !line.contains("[*]"))
            .toList();
    List<String> coded =
        Arrays.stream(Lifecycle.values())
            .flatMap(step ->
                step.from().stream()
                    .sorted()
                    .map(from ->
                        from + " --> " + step.to() + ": " + step.name().toLowerCase(Locale.ROOT)))
            .toList();
    assertThat(drawn).containsExactlyInAnyOrderElementsOf(coded);
  }

  @ParameterizedTest
  @EnumSource(Lifecycle.class)
  void everyStepOutsideTheTableIsRefused(Lifecycle step) {
    for (JobState state : JobState.values()) {
      if (step.from().contains(state)) {
        assertThat(step.apply(state)).isEqualTo(step.to());
      } else {
        assertThatThrownBy(() -> step.apply(state))
            .isInstanceOf(IllegalStateException.class)
            .hasMessage("no step " + step + " leaves " + state);
      }
    }
  }

  @Test
  void onlyAnOperatorsRetryLeavesATerminalState() {
    assertThat(Lifecycle.values())
        .filteredOn(step -> step.from().stream().anyMatch(JobState::isTerminal))
        .containsExactly(Lifecycle.RETRY);
  }

  @Test
  void aStateIsWaitingRunningOrTerminal() {
    assertThat(EnumSet.allOf(JobState.class))
        .allSatisfy(state ->
            assertThat(state.isWaiting() ? 1 : 0)
                .isEqualTo(state.isTerminal() || state == JobState.RUNNING ? 0 : 1));
  }

  private static String firstFourCells(String line) {
    return Arrays.stream(line.split("\\|"))
        .skip(1)
        .limit(4)
        .map(cell -> cell.replace("`", "").strip())
        .collect(Collectors.joining(" | "));
  }

  private static String row(Lifecycle step) {
    String from =
        step.from().stream().sorted().map(JobState::name).collect(Collectors.joining(", "));
    String who = step.actor().name().toLowerCase(Locale.ROOT);
    return String.join(" | ", step.name(), from, step.to().name(), who);
  }
}
