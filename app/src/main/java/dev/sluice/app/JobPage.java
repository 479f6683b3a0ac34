package dev.sluice.app;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.sluice.JobStatus;
import dev.sluice.RunningJob;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a job's own page says of it, as JSON.
///
/// Threading: immutable.
///
/// @param attempt attempts started so far
/// @param dueAt when a scheduled job may run
/// @param startedAt when its newest attempt began
/// @param position place in line, 1 is next; absent when it does not wait in line
/// @param eta when it is likely to start; absent when it does not wait, or nothing was measured yet
/// @param etaSeconds the same, from now
/// @param progress of a running attempt, 0 to 1
@JsonInclude(JsonInclude.Include.NON_NULL)
record JobPage(
    String id,
    String queue,
    String type,
    String userId,
    JobState state,
    int attempt,
    Instant createdAt,
    @Nullable Instant dueAt,
    @Nullable Instant startedAt,
    @Nullable Instant finishedAt,
    @Nullable Long position,
    @Nullable Instant eta,
    @Nullable Long etaSeconds,
    @Nullable Double progress,
    @Nullable DeathReason deathReason,
    @Nullable String lastError) {

  static JobPage of(JobStatus status, Instant now) {
    JobView view = status.view();
    @Nullable Duration left = status.eta().orElse(null);
    return new JobPage(
        view.id().toString(),
        view.job().queue(),
        view.job().type(),
        new String(view.job().payload(), StandardCharsets.UTF_8),
        view.state(),
        view.attempt(),
        Instant.ofEpochMilli(view.job().createdAtMillis()),
        view.dueAt(),
        view.startedAt(),
        view.finishedAt(),
        view.ahead() < 0 ? null : view.ahead() + 1,
        left == null ? null : now.plusMillis(left.toMillis()),
        left == null ? null : (left.toMillis() + 999) / 1000,
        status.running().map(RunningJob::progress).orElse(null),
        view.deathReason(),
        view.lastFailure().map(AttemptRecord::error).flatMap(JobPage::firstLine).orElse(null));
  }

  /// The page needs no login, so the stack stays where it is.
  private static Optional<String> firstLine(String error) {
    return error.lines().findFirst();
  }
}
