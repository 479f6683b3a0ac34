package dev.sluice.app.remote;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// What a [Worker] does.
///
/// Threading: immutable.
///
/// @param lease how long a job is held without a sign of life
/// @param grace how long a stop waits for commands that run
/// @param killAfter between TERM and KILL
/// @param setsid gives a command a session of its own, where there is one
record WorkPlan(
    String queue,
    String command,
    int concurrency,
    Duration lease,
    Duration grace,
    Duration killAfter,
    Optional<Path> setsid) {}
