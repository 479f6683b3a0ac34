package dev.sluice.sqs;

import java.time.Duration;

/// The times by which the engine goes. Tests shorten them.
///
/// Threading: immutable.
///
/// @param timeLimit the longest that a verb waits for the service
/// @param longestDelay the longest delay that is asked of SQS in one step; 15 minutes
/// @param longPoll how long a receive waits for a message; at most 20 seconds
/// @param idle after how long without a claim a queue's receiver stops
/// @param longestLease the longest that SQS keeps a received message from others; 12 hours
/// @param look how often the depth of a queue is asked
/// @param handOver how long jobs are kept from others while another engine takes them over
record Tuning(
    Duration timeLimit,
    Duration longestDelay,
    Duration longPoll,
    Duration idle,
    Duration longestLease,
    Duration look,
    Duration handOver) {

  static Tuning defaults() {
    return new Tuning(
        Duration.ofSeconds(10),
        Duration.ofMinutes(15),
        Duration.ofSeconds(20),
        Duration.ofSeconds(5),
        Duration.ofHours(12),
        Duration.ofSeconds(1),
        // Long enough for one step of a move, short enough to go on soon after a kill.
        Duration.ofMinutes(2));
  }

  Tuning withTimeLimit(Duration limit) {
    return new Tuning(limit, longestDelay, longPoll, idle, longestLease, look, handOver);
  }

  Tuning withLongestDelay(Duration delay) {
    return new Tuning(timeLimit, delay, longPoll, idle, longestLease, look, handOver);
  }

  Tuning withLongPoll(Duration wait) {
    return new Tuning(timeLimit, longestDelay, wait, idle, longestLease, look, handOver);
  }

  Tuning withIdle(Duration quiet) {
    return new Tuning(timeLimit, longestDelay, longPoll, quiet, longestLease, look, handOver);
  }

  Tuning withHandOver(Duration time) {
    return new Tuning(timeLimit, longestDelay, longPoll, idle, longestLease, look, time);
  }

  Tuning withLongestLease(Duration lease) {
    return new Tuning(timeLimit, longestDelay, longPoll, idle, lease, look, handOver);
  }
}
