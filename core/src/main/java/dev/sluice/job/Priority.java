package dev.sluice.job;

/// How urgent a job is among the jobs of its queue. Jobs of one priority start first in, first out.
public enum Priority {
  LOW,
  NORMAL,
  HIGH
}
